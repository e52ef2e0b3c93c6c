// SPDX-License-Identifier: Apache-2.0
// Turns the bytes of one complete HTTP/1 head into a RequestHead or ResponseHead of views into those bytes,
// and says how the body is framed. syntax.h reads the lines; what is well-formed but invalid or ambiguous by
// RFC 9112 is refused here. Used by h1/server and h1/client through HeadReader. Does no I/O, keeps no state,
// and removes no field: see hop_by_hop.h.
//
// Refused beyond the RFC, because one reader's tolerance is another one's smuggled request: repeated
// Content-Length even if equal; any whitespace oddity in the framing fields; an absolute-form target whose
// authority differs from Host; host names with sub-delimiters or percent-encoding; Connection nominating
// Host, Content-Length or Transfer-Encoding; names that become a framing field when "_" is read as "-". Names
// of a request that become another name that the gateway knows are marked as dropped; all else with "_"
// passes.
#pragma once
#include <cstddef>
#include <span>

#include "gateway/base/result.h"
#include "gateway/http/h1/head_scanner.h"
#include "gateway/http/head.h"

namespace sluice::http::h1 {

// What a head says about its body and its connection.
struct Control {
  Framing framing;
  bool keep_alive = false;       // the sender will use the connection again; never with Framing::until_close
  bool upgrade = false;          // HTTP/1.1 with Connection: upgrade and an Upgrade field
  bool expect_continue = false;  // the client waits for 100 before it sends its (non-empty) body
  bool te_trailers = false;      // TE: trailers, and Connection names TE
};

// `head`: exactly one head with its final empty line, as measured by HeadScanner. Fills `out` (its old
// content is forgotten); the views lie in `head` and in the arena of out.fields, and both must outlive them.
//
// Afterwards: `path` is normalised (uri.h), "*" for OPTIONS *, "" for CONNECT; `authority` is that of the
// target if it has one, else Host, else "" (HTTP/1.0 only); Host is as received, so a request without one
// still has none. Errors: bad_request, uri_too_long, header_too_large, http_version, not_implemented
// (transfer coding, method), expectation. The connection cannot be used after any of them.
base::Result<Control> parse_request(std::span<const char> head, const HeadLimits& limits, RequestHead& out);

// The request that a response answers, as far as it decides how the response is read.
struct Asked {
  Method method = Method::get;
  bool upgrade = false;  // we sent Connection: upgrade, so 101 may come
};

// The same for a response. Interim responses (1xx) are returned like others, with Framing::none.
// Errors: upstream_protocol (not HTTP), response_invalid (limits, fields, framing).
base::Result<Control> parse_response(std::span<const char> head, const HeadLimits& limits, const Asked& asked,
                                     ResponseHead& out);

// The quick way for bytes that may be less or more than one head. Length of the head if `received` begins
// with a whole valid one within the limits; 0 for all else, be it invalid, incomplete or after empty lines:
// then HeadScanner and the functions above know what it is. What these return, those accept with the same
// outcome.
std::size_t try_request(std::span<const char> received, const HeadLimits& limits, RequestHead& out,
                        Control& control);
std::size_t try_response(std::span<const char> received, const HeadLimits& limits, const Asked& asked,
                         ResponseHead& out, Control& control);

}  // namespace sluice::http::h1

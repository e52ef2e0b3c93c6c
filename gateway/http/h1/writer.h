// SPDX-License-Identifier: Apache-2.0
// Writes heads as HTTP/1.1: runs of lines that are kept as received are copied at once, added and edited
// lines one by one. Used by h1/server for responses and h1/client for requests. Adds nothing by itself:
// framing fields, Connection, Via and Date come from the caller, in the Fields or as `extra`.
//
// No line can break out of its line: received lines were checked by the parser; in any other value a control
// byte leaves as a space (RFC 9110 section 5.5), and a line whose name is no token is left out.
#pragma once
#include <cstddef>
#include <string_view>

#include "gateway/http/head.h"

namespace sluice::http::h1 {

// The request target to write: "path[?query]". The head's own path unless a filter or route rewrote it. The
// path must come from normalise_path (or be "*", or host:port for CONNECT), the query from a received target
// or be escaped.
struct TargetParts {
  std::string_view path;
  std::string_view query;
  bool has_query = false;
};
inline TargetParts target_of(const RequestHead& head) noexcept {
  return {head.path, head.query, head.has_query};
}

// Room that write_request_head needs at most. `extra`: complete lines "Name: value CRLF", trusted.
std::size_t request_head_size(const RequestHead& head, const TargetParts& target,
                              std::string_view extra) noexcept;
// "METHOD path[?query] HTTP/1.1", fields, extra, empty line. Returns the end.
char* write_request_head(char* out, const RequestHead& head, const TargetParts& target,
                         std::string_view extra) noexcept;

std::size_t response_head_size(const ResponseHead& head, std::string_view extra) noexcept;
// "HTTP/1.1 status reason", fields, extra, empty line; the standard phrase where the head has no reason.
char* write_response_head(char* out, const ResponseHead& head, std::string_view extra) noexcept;

// The lines alone, without the final empty line: for trailers and tests.
std::size_t lines_size(const Fields& fields) noexcept;
char* write_lines(char* out, const Fields& fields) noexcept;
// One line "name: value CRLF", made safe as above. Returns the end; `out` itself if the name is no token.
char* write_line(char* out, std::string_view name, std::string_view value) noexcept;

}  // namespace sluice::http::h1

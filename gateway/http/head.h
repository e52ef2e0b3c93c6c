// SPDX-License-Identifier: Apache-2.0
// RequestHead and ResponseHead: what a message says before its body, the same for every protocol version.
// Codecs fill them in, routing and filters read and edit them, codecs write them out. All views lie in the
// connection's read buffer or in the exchange's arena.
#pragma once
#include <cstdint>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/http/fields.h"

namespace sluice::http {

// Methods with a meaning to the gateway (RFC 9110 section 9, RFC 5789); all others are `other` and keep their
// text.
enum class Method : std::uint8_t { other, get, head, post, put, delete_, patch, options, trace, connect };
inline constexpr std::size_t kMethods = 10;

Method method(std::string_view text) noexcept;  // case-sensitive
std::string_view name(Method method) noexcept;  // "GET"; "other" for other
bool idempotent(Method method) noexcept;        // RFC 9110 section 9.2.2
// Asks for something and changes nothing: RFC 9110 section 9.2.1.
constexpr bool safe(Method method) noexcept {
  return method == Method::get || method == Method::head || method == Method::options ||
         method == Method::trace;
}

enum class Version : std::uint8_t { http_1_0, http_1_1, http_2 };
std::string_view name(Version version) noexcept;  // "HTTP/1.1"

// How a body is delimited on the wire (RFC 9112 section 6.3).
struct Framing {
  enum class Kind : std::uint8_t { none, length, chunked, until_close } kind = Kind::none;
  std::uint64_t length = 0;  // of Kind::length, in bytes
};

base::Unexpected refuse_length(std::uint64_t max_body);
// A request whose announced body is larger than the listener takes is refused before it: body_too_large.
inline base::Result<void> check_length(const Framing& framing, std::uint64_t max_body) {
  if (framing.length > max_body) [[unlikely]]
    return refuse_length(max_body);
  return {};
}

// What a peer's head may come to. A line counts with its name, its value and four bytes more, in every
// version.
struct HeadLimits {
  std::size_t uri = 8 * 1024;    // request target, in bytes; more is 414
  std::size_t head = 16 * 1024;  // start line, fields and all line ends, in bytes; more is 431. Not over the
                                 // read buffer of a head, which is 16 KiB
  std::size_t fields = 100;      // field lines; more is 431
};

struct RequestHead {
  explicit RequestHead(base::Arena& arena) noexcept : fields(arena) {}

  Method method = Method::other;
  Version version = Version::http_1_1;
  bool has_query = false;  // "/a?" has an empty query, "/a" has none
  bool takes_trailers =
      false;  // the client says TE: trailers; that field itself concerns one connection only
  std::string_view method_text;
  // The request target as received, but without the credentials that filters have found in it: for the log.
  std::string_view target;
  // Normalised, still escaped, starts with "/"; "*" for OPTIONS *, "" for CONNECT. Matched and forwarded.
  std::string_view path;
  std::string_view query;      // without "?"
  std::string_view authority;  // host and port as the client wrote them
  std::string_view host;       // lower case, without port, without a trailing dot
  // The protocol that the client asks to switch to (upgrade.h), "" for a plain request. The Upgrade field
  // itself concerns one connection only and is not in `fields`.
  std::string_view upgrade;
  Fields fields;
};

struct ResponseHead {
  explicit ResponseHead(base::Arena& arena) noexcept : fields(arena) {}

  int status = 0;
  Version version = Version::http_1_1;
  std::string_view reason;   // as received; empty: the standard phrase is written
  std::string_view upgrade;  // of a 101: the protocol that is spoken from here on
  Fields fields;
};

// The standard reason phrase of RFC 9110 section 15, "" if unknown.
std::string_view status_phrase(int status) noexcept;
// Does a response with this status to this method carry no body, whatever its fields say (RFC 9112
// section 6.3)?
bool bodiless(Method request, int status) noexcept;

}  // namespace sluice::http

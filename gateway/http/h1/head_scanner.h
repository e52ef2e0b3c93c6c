// SPDX-License-Identifier: Apache-2.0
// HeadScanner: finds the end of a message head in bytes that arrive in any pieces, looking at each byte once
// however small the pieces are, and refuses early what can never become a head (TLS on a plain-text port, an
// endless request line, a bare line feed). Used by the server and the client side of HTTP/1 before
// parse_request and parse_response; it does not interpret fields.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "gateway/base/result.h"
#include "gateway/http/head.h"

namespace sluice::http::h1 {

// Which of the two kinds of message is read: decides the start line and the reason of an error.
enum class Message : std::uint8_t { request, response };

class HeadScanner {
 public:
  // A method longer than this is answered with 501, as RFC 9112 section 3 recommends.
  static constexpr std::size_t kMaxMethod = 32;
  // Empty lines tolerated before a request line (RFC 9112 section 2.2): what old clients send after a POST
  // body.
  static constexpr unsigned kMaxEmptyLines = 2;

  // `limits` must outlive the scanner.
  HeadScanner(Message kind, const HeadLimits& limits) noexcept : limits_(&limits), kind_(kind) {}

  // `received` is everything since the end of the last message; later calls pass the same bytes and more, at
  // any address. Value 0: read more. Otherwise the length of the head, leading empty lines included: pass
  // that many bytes to parse_request or parse_response, then reset(). Errors: bad_request, http_version,
  // not_implemented, uri_too_long, header_too_large of a request; upstream_protocol, response_invalid of a
  // response.
  base::Result<std::size_t> scan(std::span<const char> received);
  void reset() noexcept {
    looked_ = line_ = mark_ = 0;
    empty_lines_ = 0;
    place_ = Place::start;
  }
  // Has a byte of a head arrived (empty lines before it do not count)? Tells an idle connection that timed
  // out from a head that stopped in the middle (408).
  bool begun() const noexcept { return looked_ > line_ || place_ == Place::fields; }
  // Has it seen no byte since reset()?
  bool untouched() const noexcept { return looked_ == 0; }

 private:
  enum class Place : std::uint8_t { start, target, rest, fields };

  base::Result<bool> line(const char* bytes, std::size_t length);
  base::Result<void> start_line(const char* bytes, std::size_t length, bool complete);
  base::Result<void> request_line(const char* bytes, std::size_t length, bool complete);
  base::Result<void> status_line(const char* bytes, std::size_t length, bool complete);
  base::Unexpected refuse(const char* what) const;
  base::Unexpected too_large() const;

  const HeadLimits* limits_;
  std::size_t looked_ = 0;  // bytes searched for a line end
  std::size_t line_ = 0;    // start of the line that is being read
  std::size_t mark_ = 0;    // progress in the start line, relative to line_
  std::size_t target_ = 0;  // start of the request target, relative to line_
  Message kind_;
  Place place_ = Place::start;
  unsigned empty_lines_ = 0;
};

}  // namespace sluice::http::h1

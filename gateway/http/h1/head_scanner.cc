// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/head_scanner.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "gateway/base/ascii.h"
#include "gateway/http/fields.h"

namespace sluice::http::h1 {
namespace {

using base::Reason;

constexpr char kTlsHandshake = 0x16;

const char* find(const char* begin, const char* end, char c) noexcept {
  return static_cast<const char*>(std::memchr(begin, c, static_cast<std::size_t>(end - begin)));
}

// "HTTP/1.0" or "HTTP/1.1".
bool known_version(std::string_view v) noexcept {
  return v.size() == 8 && v.starts_with("HTTP/1.") && (v[7] == '0' || v[7] == '1');
}

base::Unexpected refuse_version(std::string_view v) {
  bool numbers = v.starts_with("HTTP/") && v.size() > 5 &&
                 std::all_of(v.begin() + 5, v.end(), [](char c) { return base::is_digit(c) || c == '.'; });
  if (numbers) return base::fail(Reason::http_version, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  if (v.find(' ') != v.npos)
    return base::fail(Reason::bad_request, "the request line has more than three parts");
  return base::fail(Reason::bad_request, "the request line does not end with an HTTP version");
}

base::Unexpected refuse_method(char first_wrong, bool at_start) {
  if (at_start && first_wrong == kTlsHandshake)
    return base::fail(Reason::bad_request, "a TLS handshake where plain-text HTTP is expected");
  if (at_start) return base::fail(Reason::bad_request, "the request does not start with a method");
  return base::fail(Reason::bad_request, "the method holds a character that no method may have");
}

}  // namespace

base::Unexpected HeadScanner::refuse(const char* what) const {
  return base::fail(kind_ == Message::request ? Reason::bad_request : Reason::upstream_protocol, what);
}

base::Unexpected HeadScanner::too_large() const {
  return base::fail(kind_ == Message::request ? Reason::header_too_large : Reason::response_invalid,
                    "the head is longer than " + std::to_string(limits_->head) + " bytes");
}

base::Result<std::size_t> HeadScanner::scan(std::span<const char> received) {
  const char* bytes = received.data();
  while (looked_ < received.size()) {
    const char* found = find(bytes + looked_, bytes + received.size(), '\n');
    if (!found) {
      looked_ = received.size();
      break;
    }
    auto end = static_cast<std::size_t>(found - bytes);  // of the line, at its line feed
    if (end == line_ || bytes[end - 1] != '\r') {
      // A client that speaks TLS is told so, wherever in its random bytes there is a line feed.
      if (kind_ == Message::request && place_ == Place::start && bytes[line_] == kTlsHandshake)
        return refuse_method(kTlsHandshake, true);
      return refuse("a line feed without a carriage return before it");
    }
    auto ended = line(bytes + line_, end - 1 - line_);
    if (!ended) return std::move(ended).unexpected();
    looked_ = line_ = end + 1;
    if (*ended) return looked_ > limits_->head ? base::Result<std::size_t>(too_large()) : looked_;
  }
  if (place_ != Place::fields) {
    auto plausible = start_line(bytes + line_, looked_ - line_, false);
    if (!plausible) return std::move(plausible).unexpected();
  }
  if (looked_ > limits_->head) return too_large();
  return std::size_t{0};
}

// One whole line of `length` bytes without its line end. True: it ends the head.
base::Result<bool> HeadScanner::line(const char* bytes, std::size_t length) {
  if (length == 0) {
    if (place_ == Place::fields) return true;
    if (kind_ == Message::request && ++empty_lines_ <= kMaxEmptyLines) return false;
    return refuse("empty lines before the start line");
  }
  if (place_ == Place::fields) {
    if (bytes[0] == ' ' || bytes[0] == '\t')
      return refuse("a field line that begins with a space (line folding)");
    return false;
  }
  auto valid = start_line(bytes, length, true);
  if (!valid) return std::move(valid).unexpected();
  place_ = Place::fields;
  return false;
}

base::Result<void> HeadScanner::start_line(const char* bytes, std::size_t length, bool complete) {
  // The carriage return of a line end whose line feed has not arrived is not part of the line.
  if (!complete && length > 0 && bytes[length - 1] == '\r') --length;
  return kind_ == Message::request ? request_line(bytes, length, complete)
                                   : status_line(bytes, length, complete);
}

// Goes on at mark_, so that a request line which arrives byte by byte is read once.
base::Result<void> HeadScanner::request_line(const char* bytes, std::size_t length, bool complete) {
  if (place_ == Place::start) {
    while (mark_ < length && token_char(bytes[mark_])) ++mark_;
    if (mark_ > kMaxMethod) return base::fail(Reason::not_implemented, "the method is too long");
    if (mark_ == length) {
      if (complete) return refuse("the request line has no target");
      return {};
    }
    if (mark_ == 0 || bytes[mark_] != ' ') return refuse_method(bytes[mark_], mark_ == 0);
    target_ = ++mark_;
    place_ = Place::target;
  }
  if (place_ == Place::target) {
    const char* space = find(bytes + mark_, bytes + length, ' ');
    mark_ = space ? static_cast<std::size_t>(space - bytes) : length;
    if (mark_ - target_ > limits_->uri)
      return base::fail(Reason::uri_too_long,
                        "the request target is longer than " + std::to_string(limits_->uri) + " bytes");
    if (!space) {
      if (complete) return refuse("the request line has no HTTP version");
      return {};
    }
    if (mark_ == target_) return refuse("more than one space between method and target");
    ++mark_;
    place_ = Place::rest;
  }
  std::string_view version(bytes + mark_, length - mark_);
  bool acceptable = complete ? known_version(version) : version.size() <= 8;
  if (acceptable) return {};
  if (std::string_view(bytes, mark_) == "PRI * ")
    return base::fail(Reason::http_version, "an HTTP/2 connection preface on an HTTP/1 connection");
  return refuse_version(version);
}

base::Result<void> HeadScanner::status_line(const char* bytes, std::size_t length, bool complete) {
  constexpr std::string_view kStart = "HTTP/1.";
  std::string_view got(bytes, length);
  if (got.substr(0, kStart.size()) != kStart.substr(0, length))
    return refuse("the response does not start with HTTP/1.0 or HTTP/1.1");
  if (!complete) return {};
  if (length < 13 || !known_version(got.substr(0, 8)) || got[8] != ' ')
    return refuse("a malformed status line");
  bool number =
      base::is_digit(got[9]) && base::is_digit(got[10]) && base::is_digit(got[11]) && got[12] == ' ';
  if (!number || got[9] < '1' || got[9] > '5') return refuse("the status is not a number from 100 to 599");
  return {};
}

}  // namespace sluice::http::h1

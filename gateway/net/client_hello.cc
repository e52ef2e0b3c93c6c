// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/client_hello.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "gateway/base/strings.h"

namespace sluice::net {
namespace {

using HelloKind = HelloVerdict::Kind;

constexpr HelloVerdict kHelloIncomplete{HelloKind::incomplete};
constexpr HelloVerdict bad_hello(const char* fault) noexcept { return {HelloKind::invalid, fault}; }

constexpr std::size_t kRecordHead = 5, kMaxRecord = 1 << 14, kMessageHead = 4;
constexpr unsigned kHandshake = 22, kClientHello = 1, kServerName = 0, kHostName = 0;

// Takes numbers and counted pieces off the front of a text; after one that is not there it has failed for
// good, and gives zeros and nothing.
class HelloReader {
 public:
  explicit HelloReader(std::string_view bytes) noexcept : left_(bytes) {}
  bool failed() const noexcept { return failed_; }
  bool empty() const noexcept { return left_.empty(); }
  std::size_t number(std::size_t width) noexcept {
    std::size_t n = 0;
    for (char c : take(width)) n = n << 8 | static_cast<unsigned char>(c);
    return n;
  }
  // What a length of `width` bytes stands in front of.
  std::string_view counted(std::size_t width) noexcept { return take(number(width)); }
  std::string_view take(std::size_t n) noexcept {
    if (n > left_.size()) {
      failed_ = true;
      left_ = {};
      return {};
    }
    auto out = left_.substr(0, n);
    left_.remove_prefix(n);
    return out;
  }

 private:
  std::string_view left_;
  bool failed_ = false;
};

// What the records say so far, one after the other; the last one may be cut off.
HelloVerdict join_records(std::string_view in, std::string& message) {
  while (!in.empty()) {
    HelloReader reader(in);
    // Each byte is judged as it comes, so that what is no TLS does not make anybody wait.
    if (reader.number(1) != kHandshake) return bad_hello("no TLS handshake");
    if (in.size() > 1 && in[1] != 3) return bad_hello("no TLS handshake");
    if (in.size() < kRecordHead) return kHelloIncomplete;
    reader.take(2);
    std::size_t length = reader.number(2);
    if (length == 0 || length > kMaxRecord) return bad_hello("a record of no allowed size");
    auto content = in.substr(kRecordHead, length);
    message.append(content);
    if (!message.empty() && message[0] != static_cast<char>(kClientHello))
      return bad_hello("no client hello");
    in.remove_prefix(kRecordHead + content.size());
    if (message.size() >= kMessageHead) {
      HelloReader head(message);
      head.take(1);
      std::size_t whole = kMessageHead + head.number(3);
      if (whole > kMaxClientHello) return bad_hello("a client hello that is too long");
      if (message.size() >= whole) {
        message.resize(whole);
        return {HelloKind::complete};
      }
    }
  }
  return kHelloIncomplete;
}

// RFC 6066 section 3: ASCII, as DNS has it, without a dot at the end.
bool valid_name(std::string_view name) noexcept {
  auto fits = [](char c) {
    c = base::lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.back() != '.' &&
         name.find("..") == std::string_view::npos && std::ranges::all_of(name, fits);
}

HelloVerdict read_server_name(std::string_view extension, ClientHello& out) {
  HelloReader reader(extension);
  HelloReader list(reader.counted(2));
  bool seen = false;
  while (!list.empty()) {
    std::size_t type = list.number(1);
    auto name = list.counted(2);
    if (list.failed()) break;
    if (type != kHostName) continue;
    if (seen || !valid_name(name)) return bad_hello("a server name that is none");
    seen = true;
    out.server_name = base::to_lower(name);
  }
  if (reader.failed() || list.failed() || !reader.empty() || !seen)
    return bad_hello("a server name that is none");
  return {HelloKind::complete};
}

HelloVerdict read_message(std::string_view message, ClientHello& out) {
  HelloReader hello(message);
  hello.take(kMessageHead + 2 + 32);  // version and random
  auto session = hello.counted(1);
  auto suites = hello.counted(2);
  auto compression = hello.counted(1);
  if (hello.failed() || session.size() > 32 || suites.empty() || suites.size() % 2 || compression.empty())
    return bad_hello("a client hello that is malformed");
  if (hello.empty()) return {HelloKind::complete};  // no extensions: TLS 1.2 allows it
  HelloReader extensions(hello.counted(2));
  bool seen = false;
  while (!extensions.empty()) {
    std::size_t type = extensions.number(2);
    auto extension = extensions.counted(2);
    if (extensions.failed()) break;
    if (type != kServerName) continue;
    if (seen) return bad_hello("two lists of server names");
    seen = true;
    if (auto verdict = read_server_name(extension, out); verdict.kind != HelloKind::complete) return verdict;
  }
  if (hello.failed() || extensions.failed() || !hello.empty())
    return bad_hello("a client hello that is malformed");
  return {HelloKind::complete};
}

}  // namespace

HelloVerdict parse_client_hello(std::span<const char> in, ClientHello& out) {
  std::string message;
  auto verdict = join_records({in.data(), in.size()}, message);
  if (verdict.kind == HelloKind::incomplete && in.size() >= kMaxClientHello)
    return bad_hello("a client hello that is too long");
  if (verdict.kind != HelloKind::complete) return verdict;
  ClientHello hello;
  verdict = read_message(message, hello);
  if (verdict.kind == HelloKind::complete) out = std::move(hello);
  return verdict;
}

bool looks_like_http(std::string_view first) noexcept {
  constexpr std::size_t kLetters = 3;
  auto letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  return first.size() > kLetters && std::all_of(first.begin(), first.begin() + kLetters, letter) &&
         (letter(first[kLetters]) || first[kLetters] == ' ');
}

}  // namespace sluice::net

// SPDX-License-Identifier: Apache-2.0
// The first message of a TLS client, read as far as it tells for whom the connection is (RFC 8446 section
// 4.1.2, RFC 6066 section 3): to route a connection without decrypting it. Bytes in, verdict out; no I/O. It
// decides nothing about security: whoever terminates TLS reads the message again.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::net {

struct ClientHello {
  std::string server_name;  // in lower case; empty where none was sent
};

struct HelloVerdict {
  enum class Kind : std::uint8_t {
    incomplete,  // a hello so far: more bytes decide
    complete,
    invalid  // no TLS, or no hello that is worth being passed on: `fault` says why
  } kind;
  const char* fault = "";
};

// The longest hello that is read, records and all. Those with keys for the time after quantum computers take
// about 2 KiB.
inline constexpr std::size_t kMaxClientHello = 16 * 1024;

// Reads the hello that `in` begins with, in however many records it comes; `out` is set when it is complete.
HelloVerdict parse_client_hello(std::span<const char> in, ClientHello& out);

// Are these the first bytes, four at least, of a plain HTTP request? Three capital letters and another or a
// space: no record of TLS begins so, and every registered method does.
bool looks_like_http(std::string_view first) noexcept;

}  // namespace sluice::net

// SPDX-License-Identifier: Apache-2.0
// The part of the WebSocket handshake that only HTTP/1 has (RFC 6455 sections 4.1 and 4.2.2): a key, and what
// a server makes of it. Clients of HTTP/2 open WebSockets without (RFC 8441 section 5), so that h1/client
// does it in their place; with clients of HTTP/1 it is between them and the target.
#pragma once
#include <array>
#include <string_view>

namespace sluice::http::h1 {

struct WebSocketKey {
  std::array<char, 24> text;
  std::string_view view() const noexcept { return {text.data(), text.size()}; }
};

// A random one.
WebSocketKey make_websocket_key() noexcept;

// The value of Sec-WebSocket-Accept that a server proves its understanding by.
struct WebSocketAccept {
  std::array<char, 28> text;
  std::string_view view() const noexcept { return {text.data(), text.size()}; }
};
WebSocketAccept accept_of(std::string_view key) noexcept;

}  // namespace sluice::http::h1

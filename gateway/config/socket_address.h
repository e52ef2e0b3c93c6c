// SPDX-License-Identifier: Apache-2.0
// SocketAddress: what something listens on, as an operator writes it. The base of settings that say more
// about it, and refuse what makes no sense there.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/config/types.h"

namespace sluice::config {

// "127.0.0.1:8080", "[::1]:8080", ":8080" or "*:8080", "unix:/run/sluice.sock".
struct SocketAddress {
  std::string ip;  // without brackets; "" where none was written
  std::uint16_t port = 0;
  std::string path = {};  // of a Unix socket; empty: `ip` and `port`

  // Leaves `out` as it is if it refuses the text.
  static Refusal read(std::string_view text, SocketAddress& out);
  std::string text() const;
  bool operator==(const SocketAddress&) const = default;
};

}  // namespace sluice::config

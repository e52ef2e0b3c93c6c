// SPDX-License-Identifier: Apache-2.0
// Who listens on a TCP port or a Unix socket: for the error message of one in use. Cold; reads /proc.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::net {

// " (in use by nginx, pid 123)", or "" when nobody is found or /proc does not tell.
std::string port_owner(std::uint16_t port);
// Likewise for the path of a Unix socket.
std::string socket_owner(std::string_view path);

}  // namespace sluice::net

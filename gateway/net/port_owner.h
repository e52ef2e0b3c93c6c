// SPDX-License-Identifier: Apache-2.0
// Who listens on a TCP port: for the error message of a port in use. Cold; reads /proc.
#pragma once
#include <cstdint>
#include <string>

namespace sluice::net {

// " (in use by nginx, pid 123)", or "" when nobody is found or /proc does not tell.
std::string port_owner(std::uint16_t port);

}  // namespace sluice::net

// SPDX-License-Identifier: Apache-2.0
// AdminConfig: where the admin server listens, as written under `admin`, and who may ask it. Without a token
// there is no authentication, so anything but loopback and Unix sockets is refused then.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/config/describe.h"
#include "gateway/config/socket_address.h"

namespace sluice::admin {

// An address of this machine or a Unix socket: "127.0.0.1:9901", "[::1]:9901", "unix:/run/sluice/admin.sock".
// Port 0 lets the system choose.
struct AdminAddress : config::SocketAddress {
  bool operator==(const AdminAddress&) const = default;
  // Can only this machine reach it?
  bool local() const;
};
void describe(config::Text<AdminAddress>& t);

struct AdminConfig {
  bool enabled = true;
  AdminAddress bind{{"127.0.0.1", 9901}};
  std::optional<config::Secret> token;
  std::uint32_t failures = 256;  // entries of each worker's ring; 0: none

  bool operator==(const AdminConfig&) const = default;
};
void describe(config::Description<AdminConfig>& d);

}  // namespace sluice::admin

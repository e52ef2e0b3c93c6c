// SPDX-License-Identifier: Apache-2.0
// AdminConfig: where the admin server listens, as written under `admin`. Only this machine can reach it:
// there is no authentication, so anything but loopback and Unix sockets is refused.
#pragma once
#include <cstdint>
#include <string>

#include "gateway/config/describe.h"

namespace sluice::admin {

// A loopback address or a Unix socket: "127.0.0.1:9901", "[::1]:9901", "unix:/run/sluice/admin.sock".
struct AdminAddress {
  std::string path;  // of a Unix socket; empty: `ip` and `port`
  std::string ip = "127.0.0.1";
  std::uint16_t port = 9901;  // 0 lets the system choose

  bool operator==(const AdminAddress&) const = default;
  std::string text() const;
};
void describe(config::Text<AdminAddress>& t);

struct AdminConfig {
  bool enabled = true;
  AdminAddress bind;

  bool operator==(const AdminConfig&) const = default;
};
void describe(config::Description<AdminConfig>& d);

}  // namespace sluice::admin

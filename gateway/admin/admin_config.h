// SPDX-License-Identifier: Apache-2.0
// AdminConfig: where the admin server listens, as written under `admin`, and who may ask it. Without a token
// there is no authentication, so anything but loopback and Unix sockets is refused then.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/config/describe.h"

namespace sluice::admin {

// An address of this machine or a Unix socket: "127.0.0.1:9901", "[::1]:9901", "unix:/run/sluice/admin.sock".
struct AdminAddress {
  std::string path;  // of a Unix socket; empty: `ip` and `port`
  std::string ip = "127.0.0.1";
  std::uint16_t port = 9901;  // 0 lets the system choose

  bool operator==(const AdminAddress&) const = default;
  std::string text() const;
  // Can only this machine reach it?
  bool local() const;
};
void describe(config::Text<AdminAddress>& t);

struct AdminConfig {
  bool enabled = true;
  AdminAddress bind;
  std::optional<config::Secret> token;
  std::uint32_t failures = 256;  // entries of each worker's ring; 0: none

  bool operator==(const AdminConfig&) const = default;
};
void describe(config::Description<AdminConfig>& d);

}  // namespace sluice::admin

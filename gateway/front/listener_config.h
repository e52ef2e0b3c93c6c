// SPDX-License-Identifier: Apache-2.0
// ListenerConfig: what an operator writes for one listener. Read by the server layer, which opens the
// sockets.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/config/describe.h"
#include "gateway/http/h1/server.h"
#include "gateway/net/address.h"

namespace sluice::front {

// "127.0.0.1:8080", "[::1]:8080", ":8080" (every address, IPv4 and IPv6).
struct BindAddress {
  std::string ip;  // "" for every address
  std::uint16_t port = 0;
  bool operator==(const BindAddress&) const = default;
  net::Address address() const;
  std::string text() const;
};
void describe(config::Text<BindAddress>& t);

struct LimitsConfig {
  config::Size uri{8 * 1024};
  config::Size head{16 * 1024};
  std::uint32_t fields = 100;
  config::Size body{10 * 1024 * 1024};
  bool operator==(const LimitsConfig&) const = default;
};
void describe(config::Description<LimitsConfig>& d);

struct ClientTimeoutsConfig {
  config::Duration head = std::chrono::seconds(10);
  config::Duration body = std::chrono::seconds(30);
  config::Duration keep_alive = std::chrono::seconds(75);
  config::Duration write = std::chrono::seconds(30);
  bool operator==(const ClientTimeoutsConfig&) const = default;
};
void describe(config::Description<ClientTimeoutsConfig>& d);

struct ListenerConfig {
  BindAddress bind;
  std::uint32_t backlog = 4096;
  LimitsConfig limits;
  ClientTimeoutsConfig timeouts;
  bool operator==(const ListenerConfig&) const = default;
  http::h1::ServerOptions options() const;
};
void describe(config::Description<ListenerConfig>& d);

}  // namespace sluice::front

// SPDX-License-Identifier: Apache-2.0
// ListenerConfig: what an operator writes for one listener. Read by the server layer, which opens the
// sockets.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/chain/use.h"
#include "gateway/config/describe.h"
#include "gateway/config/socket_address.h"
#include "gateway/config/types_net.h"
#include "gateway/front/connection_life.h"
#include "gateway/front/connection_limits.h"
#include "gateway/front/protocols.h"
#include "gateway/front/proxy_step.h"
#include "gateway/front/tls_config.h"
#include "gateway/http/connection.h"
#include "gateway/net/address.h"
#include "gateway/net/unix_socket.h"
#include "gateway/routing/match_config.h"

namespace sluice::http {
struct ListenerFacts;
}

namespace sluice::front {

// Without an IP address every one is meant, IPv4 and IPv6.
struct BindAddress : config::SocketAddress {
  bool operator==(const BindAddress&) const = default;
  net::Address address() const;
  // Would the system refuse to listen on both? Port 0 stands for one that it chooses.
  bool overlaps(const BindAddress& other) const;
};
void describe(config::Text<BindAddress>& t);

// Rights of a file, as chmod(1) reads them: "0660".
struct FileMode {
  mode_t bits = 0;
  bool operator==(const FileMode&) const = default;
};
void describe(config::Text<FileMode>& t);

struct SocketFileConfig {
  FileMode mode{0660};
  std::string owner, group;
  bool operator==(const SocketFileConfig&) const = default;
};
void describe(config::Description<SocketFileConfig>& d);

struct ProxyProtocolConfig {
  std::vector<net::Cidr> from;
  config::Duration timeout = std::chrono::seconds(5);
  bool operator==(const ProxyProtocolConfig&) const = default;
};
void describe(config::Description<ProxyProtocolConfig>& d);

enum class ProxiesTell : unsigned char { x_forwarded, rfc7239 };
void describe(config::Enumeration<ProxiesTell>& e);

struct TrustedProxiesConfig {
  std::vector<net::Cidr> from;
  ProxiesTell tell = ProxiesTell::x_forwarded;
  bool operator==(const TrustedProxiesConfig&) const = default;
};
void describe(config::Description<TrustedProxiesConfig>& d);

struct PassthroughConfig {
  std::vector<routing::HostText> sni;
  std::string to;
  bool operator==(const PassthroughConfig&) const = default;
};
void describe(config::Description<PassthroughConfig>& d);

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
  config::Duration request{};
  config::Duration keep_alive = std::chrono::seconds(75);
  config::Duration write = std::chrono::seconds(30);
  bool operator==(const ClientTimeoutsConfig&) const = default;
};
void describe(config::Description<ClientTimeoutsConfig>& d);

struct MinDataRateConfig {
  config::Size rate{240};  // a second
  config::Duration grace = std::chrono::seconds(5);
  bool operator==(const MinDataRateConfig&) const = default;
};
void describe(config::Description<MinDataRateConfig>& d);

struct ListenerConfig {
  BindAddress bind;
  std::optional<SocketFileConfig> socket;
  std::optional<ProxyProtocolConfig> proxy_protocol;
  std::optional<TrustedProxiesConfig> trusted_proxies;
  std::vector<PassthroughConfig> passthrough;
  std::optional<std::uint32_t> max_connections, max_connections_per_ip;
  std::optional<config::Duration> max_connection_age, max_connection_age_grace;
  std::optional<std::uint32_t> max_requests_per_connection;
  std::optional<config::Rate> max_accept_rate;
  std::optional<MinDataRateConfig> min_data_rate;
  std::uint32_t backlog = 4096;
  std::vector<Protocol> protocols;
  LimitsConfig limits;
  ClientTimeoutsConfig timeouts;
  std::optional<TlsConfig> tls;
  std::optional<ListenerRedirect> redirect;
  std::vector<chain::UseConfig> use;
  bool operator==(const ListenerConfig&) const = default;
  http::ListenerFacts facts(std::string name, std::size_t index) const;
  http::ServerOptions options() const;
  net::SocketAccess access() const;
  std::optional<ProxySettings> proxy() const;
  http::TrustedProxies trusted() const;
  ConnectionLimits connection_limits() const noexcept;
  LifeLimits life_limits() const noexcept;
};
void describe(config::Description<ListenerConfig>& d);

}  // namespace sluice::front

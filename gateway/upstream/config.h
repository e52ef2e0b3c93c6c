// SPDX-License-Identifier: Apache-2.0
// UpstreamConfig: what an operator writes for one upstream. Read by the server layer, which builds an
// Upstream from it.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/describe.h"
#include "gateway/config/types_net.h"
#include "gateway/http/forwarded.h"
#include "gateway/upstream/balance_config.h"
#include "gateway/upstream/health_config.h"
#include "gateway/upstream/protection_config.h"
#include "gateway/upstream/target_labels.h"
#include "gateway/upstream/timeouts.h"
#include "gateway/upstream/tls_config.h"
#include "gateway/upstream/url.h"

namespace sluice::http {

// How the targets are told who the client is. Here, as this layer is the first that knows configurations.
void describe(config::Enumeration<Telling>& e);

}  // namespace sluice::http

namespace sluice::upstream {

struct TargetConfig {
  TargetUrl url;
  std::uint32_t weight = 1;
  std::string zone{};
  config::ByName<std::string> metadata{};
  bool operator==(const TargetConfig&) const = default;

  // Null where nothing is written.
  std::shared_ptr<const TargetLabels> labels() const;
};
void describe(config::Description<TargetConfig>& d);

// Which Host the target sees.
struct HostPolicy {
  enum class Kind : unsigned char { keep, upstream, literal } kind = Kind::keep;
  std::string literal;
  // What becomes of it for a request that asks for `asked`: there may be nothing to keep, and a request of
  // the gateway's own may always name the target.
  Kind used_for(std::string_view asked, bool names_target) const noexcept {
    if (kind == Kind::literal) return kind;
    return names_target || asked.empty() ? Kind::upstream : kind;
  }
  bool operator==(const HostPolicy&) const = default;
};
void describe(config::Text<HostPolicy>& t);

struct PoolConfig {
  config::Duration idle = std::chrono::seconds(60);  // zero: never closed for idleness
  std::uint32_t max_idle = 1024;                     // per worker and target
  std::uint32_t prewarm = 0;                         // open at all times, per worker and target
  std::optional<std::uint32_t> max_connections;      // per target, all workers together
  bool operator==(const PoolConfig&) const = default;
};
void describe(config::Description<PoolConfig>& d);

// Which version of HTTP is spoken to the targets.
enum class ProtocolChoice : unsigned char {
  automatic,  // over TLS what the target chooses by ALPN, else h1
  h1,
  h2,  // without TLS by prior knowledge (RFC 9113 section 3.3)
  h2c  // the same, of targets without TLS alone; only in what is written: see UpstreamConfig::spoken()
};
void describe(config::Enumeration<ProtocolChoice>& e);

// What becomes of a request whose client has left.
enum class OnClientAbort : unsigned char { cancel, finish };
void describe(config::Enumeration<OnClientAbort>& e);

// What the pools of an upstream need to know of it.
struct PoolSettings {
  PoolConfig keep;
  ProtocolChoice protocol = ProtocolChoice::automatic;
  std::uint32_t max_in_all = ~std::uint32_t{0};  // connections of the upstream
};

struct UpstreamConfig : BalanceConfig {
  std::vector<TargetConfig> targets;  // empty when `url` was written
  std::optional<TargetUrl> url;
  std::string endpoints_file;                        // a list of targets that may change; "": none
  config::Duration grace = std::chrono::minutes(5);  // what has no targets any more keeps those of before
  ProtocolChoice protocol = ProtocolChoice::automatic;
  TimeoutsConfig timeouts;
  TlsConfig tls;
  PoolConfig pool;
  std::optional<RetryConfig> retry;
  std::optional<HedgeConfig> hedge;
  OnClientAbort on_client_abort = OnClientAbort::cancel;
  HostPolicy host;
  http::Telling forwarded = http::Telling::x_forwarded;
  std::optional<net::ProxyVersion> proxy_protocol;
  std::optional<HealthConfig> health;
  OutlierConfig outlier;
  std::optional<CircuitConfig> circuit_breaker;
  LimitsConfig limits;
  std::optional<AdaptiveConfig> adaptive_concurrency;
  std::optional<QueueConfig> queue;
  bool operator==(const UpstreamConfig&) const = default;

  // Whichever way they were written.
  std::vector<TargetConfig> all_targets() const;
  // Is any target that is written here spoken to over TLS?
  bool uses_tls() const;
  // `protocol`, where h2c is what it means: h2.
  ProtocolChoice spoken() const noexcept {
    return protocol == ProtocolChoice::h2c ? ProtocolChoice::h2 : protocol;
  }
};
void describe(config::Description<UpstreamConfig>& d);

}  // namespace sluice::upstream

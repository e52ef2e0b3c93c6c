// SPDX-License-Identifier: Apache-2.0
// Config: the whole configuration file as written. Bound by the config layer, checked in check.cc, built into
// a snapshot by snapshot_builder.cc.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gateway/admin/admin_config.h"
#include "gateway/chain/consumer_config.h"
#include "gateway/chain/error_pages.h"
#include "gateway/chain/use.h"
#include "gateway/config/describe.h"
#include "gateway/config/vault_config.h"
#include "gateway/front/listener_config.h"
#include "gateway/http/uri.h"
#include "gateway/observe/access_log_config.h"
#include "gateway/observe/metrics_config.h"
#include "gateway/routing/match_config.h"
#include "gateway/routing/slashes.h"
#include "gateway/routing/underscores.h"
#include "gateway/server/confinement.h"
#include "gateway/server/overload_config.h"
#include "gateway/server/resolver_config.h"
#include "gateway/stores/store_config.h"
#include "gateway/upstream/config.h"
#include "gateway/upstream/importance.h"

namespace sluice::routing {
void describe(config::Enumeration<TrailingSlash>& e);
void describe(config::Enumeration<Underscores>& e);
}  // namespace sluice::routing

namespace sluice::server {

struct PolicyConfig {
  config::Choice filter;
  bool operator==(const PolicyConfig&) const = default;
};
void describe(config::Description<PolicyConfig>& d);

using chain::UseConfig;

enum class EncodedSeparator : unsigned char { slash, backslash };
void describe(config::Enumeration<EncodedSeparator>& e);

struct RouteConfig {
  std::string name;
  std::vector<routing::MatchConfig> match;
  int priority = 0;
  std::optional<routing::TrailingSlash> trailing_slash;
  std::vector<EncodedSeparator> allow_encoded;
  std::optional<upstream::Importance> importance;
  std::vector<UseConfig> use;
  config::Choice handler;
  std::optional<config::Duration> timeout;
  upstream::TimeoutsConfig timeouts;
  chain::ErrorPagesConfig error_pages;
  bool operator==(const RouteConfig&) const = default;

  // With `timeout` as the total.
  upstream::TimeoutsConfig all_timeouts() const;
  http::PathOptions allows() const;
};
void describe(config::Description<RouteConfig>& d);

struct ShutdownConfig {
  config::Duration pre_stop = std::chrono::seconds(5);
  config::Duration grace = std::chrono::seconds(30);
  bool operator==(const ShutdownConfig&) const = default;
};
void describe(config::Description<ShutdownConfig>& d);

enum class OnTie : unsigned char { error, first };
void describe(config::Enumeration<OnTie>& e);

// Every route must find out who calls, but for these paths.
struct RequireAuthConfig {
  std::vector<routing::PathConfig> except;
  bool operator==(const RequireAuthConfig&) const = default;
};
void describe(config::Description<RequireAuthConfig>& d);

struct DefaultsConfig : upstream::DefaultsConfig {
  std::optional<RequireAuthConfig> require_auth;
  routing::TrailingSlash trailing_slash = routing::TrailingSlash::strict;
  bool merge_slashes = false;
  routing::Underscores underscore_headers = routing::Underscores::keep;
  upstream::Importance importance = upstream::Importance::normal;
  chain::ErrorPagesConfig error_pages;
  bool operator==(const DefaultsConfig&) const = default;
};
void describe(config::Description<DefaultsConfig>& d);

struct Config {
  int version = 1;
  std::vector<IncludeConfig> include;
  std::optional<std::uint32_t> workers;
  config::ByName<front::ListenerConfig> listeners;
  config::ByName<upstream::UpstreamConfig> upstreams;
  config::ByName<PolicyConfig> policies;
  std::vector<chain::ConsumerConfig> consumers;
  config::ByName<stores::StoreConfig> stores;
  std::string state_directory;
  config::VaultConfig vault;
  ResolverConfig resolver;
  DefaultsConfig defaults;
  std::vector<UseConfig> use;
  std::vector<RouteConfig> routes;
  OnTie on_tie = OnTie::error;
  bool allow_fault_injection = false;
  observe::AccessLogConfig access_log;
  observe::MetricsConfig metrics;
  admin::AdminConfig admin;
  OverloadConfig overload;
  ShutdownConfig shutdown;
  bool operator==(const Config&) const = default;
};
void describe(config::Description<Config>& d);

}  // namespace sluice::server

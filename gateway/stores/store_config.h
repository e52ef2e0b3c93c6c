// SPDX-License-Identifier: Apache-2.0
// StoreConfig: a store as an operator writes it: where it is, how it is asked, and what to do when it does
// not answer.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/describe.h"
#include "gateway/stores/redis_counters.h"
#include "gateway/upstream/tls_config.h"
#include "gateway/upstream/url.h"

namespace sluice::stores {

// redis://cache:6379/2, rediss://cache or unix:/run/redis.sock
struct RedisUrl {
  upstream::TargetUrl target{"", 6379};
  std::uint32_t database = 0;
  std::string text() const;
  bool operator==(const RedisUrl&) const = default;
};
config::Refusal parse(std::string_view text, RedisUrl& out);
void describe(config::Text<RedisUrl>& t);

// redis://sentinel-1:26379 or rediss://sentinel-1
struct SentinelUrl {
  upstream::TargetUrl target{"", 26379};
  std::string text() const;
  bool operator==(const SentinelUrl&) const = default;
};
void describe(config::Text<SentinelUrl>& t);

// The master that sentinels watch.
struct SentinelConfig {
  std::string master;
  std::vector<SentinelUrl> at;
  std::string username;
  config::Secret password;
  bool operator==(const SentinelConfig&) const = default;
};
void describe(config::Description<SentinelConfig>& d);

struct RedisConfig {
  RedisUrl url;  // without a host where it is a master of sentinels or a cluster
  std::optional<SentinelConfig> sentinel;
  std::vector<RedisUrl> cluster;
  std::string username;
  config::Secret password;
  upstream::TlsConfig tls;
  config::Duration connect_timeout = std::chrono::seconds(1);
  config::Duration timeout = std::chrono::milliseconds(200);
  std::uint64_t lease = 1;
  std::string prefix = "sluice:";
  bool operator==(const RedisConfig&) const = default;
  bool uses_tls() const;
  RedisOptions options() const;
};
void describe(config::Description<RedisConfig>& d);

void describe(config::Enumeration<OnError>& e);

struct StoreConfig {
  RedisConfig redis;
  OnError on_error = OnError::local;
  std::uint64_t replicas = 1;
  bool operator==(const StoreConfig&) const = default;

  RedisSettings settings(const std::string& name) const;
};
void describe(config::Description<StoreConfig>& d);

}  // namespace sluice::stores

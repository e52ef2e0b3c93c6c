// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/store_config.h"

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/net/address.h"

namespace sluice::stores {
namespace {

constexpr std::uint16_t kPort = 6379, kSentinelPort = 26379;
constexpr std::string_view kPlain = "redis://", kTls = "rediss://";

config::Complaint complain(std::string message, std::string hint = {}) {
  return {std::move(message), std::move(hint), 0};
}

std::string refuse_prefix(const std::string& prefix) {
  return prefix.find_first_of("{}") == std::string::npos ? "" : "must not hold braces";
}

std::string text_of(const upstream::TargetUrl& target) {
  return std::string(target.tls ? kTls : kPlain) + target.authority();
}

// With a scheme, host and port; what stands behind a slash is in `path`.
config::Refusal parse_server(std::string_view text, std::uint16_t default_port, upstream::TargetUrl& out,
                             std::string_view& path) {
  bool tls = text.starts_with(kTls);
  if (!tls && !text.starts_with(kPlain)) {
    return text.find("://") == std::string_view::npos
               ? complain("it has no scheme", "put redis:// in front, or rediss:// for TLS")
               : complain("the scheme must be redis, or rediss for TLS");
  }
  std::string_view rest = text.substr(tls ? kTls.size() : kPlain.size());
  if (rest.find('@') != std::string_view::npos)
    return complain("user and password do not belong here", "write them as `username` and `password`");
  std::string_view authority = rest.substr(0, rest.find('/'));
  path = rest.substr(authority.size());
  if (auto refusal = upstream::parse((tls ? "https://" : "http://") + std::string(authority), out))
    return refusal;
  auto bracket = authority.rfind(']');
  if (authority.find(':', bracket == std::string_view::npos ? 0 : bracket) == std::string_view::npos)
    out.port = default_port;
  return {};
}

}  // namespace

std::string RedisUrl::text() const {
  if (!target.path.empty()) return target.text();
  std::string out = text_of(target);
  if (database) out += "/" + std::to_string(database);
  return out;
}

config::Refusal parse(std::string_view text, RedisUrl& out) {
  if (text.starts_with(net::kUnixScheme)) return upstream::parse(text, out.target);
  RedisUrl url;
  std::string_view path;
  if (auto refusal = parse_server(text, kPort, url.target, path)) return refusal;
  if (path.size() > 1) {
    auto number = base::parse_decimal(path.substr(1));
    if (!number || *number > 10'000)
      return complain("behind the host may stand the number of a database only");
    url.database = static_cast<std::uint32_t>(*number);
  }
  out = std::move(url);
  return {};
}

std::string SentinelUrl::text() const { return text_of(target); }

void describe(config::Text<SentinelUrl>& t) {
  t.about("sentinel URL", "a URL such as redis://sentinel-1:26379 or rediss://sentinel-1");
  t.example("redis://sentinel-1:26379");
  t.pattern("^rediss?://[^/?#@]+/?$");
  t.read([](std::string_view text, SentinelUrl& out) -> config::Refusal {
    SentinelUrl url;
    std::string_view path;
    if (auto refusal = parse_server(text, kSentinelPort, url.target, path)) return refusal;
    if (path.size() > 1) return complain("a sentinel has no databases");
    out = std::move(url);
    return {};
  });
  t.write([](const SentinelUrl& url) { return url.text(); });
}

void describe(config::Description<SentinelConfig>& d) {
  using namespace config;
  d.about("redis_sentinel",
          "A Redis server that sentinels watch: the one that is the master, whichever that is.");
  d.field("master", &SentinelConfig::master, "What the sentinels call it.", required, non_empty,
          example("limits"));
  d.field("at", &SentinelConfig::at, "The sentinels; one that answers is enough.", required, one_or_many,
          min_items(1), unique, example("[\"redis://sentinel-1:26379\", \"redis://sentinel-2:26379\"]"));
  d.field("username", &SentinelConfig::username, "Of the sentinels' own access control list.");
  d.field("password", &SentinelConfig::password, "Of the sentinels themselves; shown nowhere.");
  d.check([](const SentinelConfig& c, const Site& at) {
    if (!c.username.empty() && c.password.value.empty()) at.error("username", "needs a password");
    for (const auto& url : c.at)
      if (url.target.tls != c.at.front().target.tls) at.error("at", "either all speak TLS or none");
  });
}

void describe(config::Text<RedisUrl>& t) {
  t.about("Redis URL", "a URL such as redis://cache:6379, rediss://cache/1 or unix:/run/redis.sock");
  t.example("redis://cache:6379");
  t.pattern("^(rediss?://[^/?#@]+(/[0-9]*)?|unix:/.+)$");
  t.read([](std::string_view text, RedisUrl& out) { return parse(text, out); });
  t.write([](const RedisUrl& url) { return url.text(); });
}

void describe(config::Description<RedisConfig>& d) {
  using namespace config;
  d.about("redis", "A server that speaks the protocol of Redis 5 or later, such as Valkey.");
  d.field("url", &RedisConfig::url, "Where it is; rediss:// is TLS.", default_is("none"),
          example("redis://cache:6379"));
  d.field("sentinel", &RedisConfig::sentinel,
          "The master of a group that sentinels watch, in place of a URL.");
  d.field("cluster", &RedisConfig::cluster,
          "Some nodes of a Redis cluster, in place of a URL: the others are found.", one_or_many, unique,
          example("[\"redis://node-1:6379\", \"redis://node-2:6379\"]"));
  d.field("username", &RedisConfig::username, "Of its access control list.");
  d.field("password", &RedisConfig::password, "Shown nowhere.", example("\"${env:REDIS_PASSWORD}\""));
  d.field("tls", &RedisConfig::tls, "For rediss:// URLs.");
  d.field("connect_timeout", &RedisConfig::connect_timeout, "Until a connection is ready.",
          between(std::chrono::milliseconds(1), std::chrono::seconds(60)));
  d.field("timeout", &RedisConfig::timeout,
          "Until an answer, to a tenth of a second; afterwards the server counts as down.",
          between(std::chrono::milliseconds(1), std::chrono::seconds(10)));
  d.field("lease", &RedisConfig::lease,
          "How much a process takes for a key at once, at the most. 1 asks about every request and is exact; "
          "with more, what passes in a period can exceed the limit by one lease for each process.",
          between(std::uint64_t{1}, RedisLeases::kMost));
  d.field("prefix", &RedisConfig::prefix, "In front of all keys.", check(refuse_prefix));
  d.shorthand(&RedisConfig::url);
  d.exactly_one({"url", "sentinel", "cluster"});
  d.check([](const RedisConfig& c, const Site& at) {
    for (std::size_t i = 0; i < c.cluster.size(); ++i) {
      std::string place = "cluster[" + std::to_string(i) + "]";
      if (c.cluster[i].database) at.error(place, "a cluster has no other database than 0");
      if (!c.cluster[i].target.path.empty()) at.error(place, "a cluster is not reached by a Unix socket");
      if (c.cluster[i].target.tls != c.cluster[0].target.tls) at.error(place, "either all speak TLS or none");
    }
    if (!c.username.empty() && c.password.value.empty()) at.error("username", "needs a password");
    if (!c.uses_tls() && c.tls != upstream::TlsConfig{})
      at.error("tls", "the URL says that there is none", "write rediss:// instead of redis://");
  });
}

void describe(config::Enumeration<OnError>& e) {
  e.about("on_store_error");
  e.value("local", OnError::local, "Each process counts alone, by its share of the limit.");
  e.value("allow", OnError::allow, "Limits are not applied.");
  e.value("deny", OnError::deny, "Requests that are limited are refused.");
}

void describe(config::Description<StoreConfig>& d) {
  using namespace config;
  d.about("store", "Where counters are kept that several processes share.");
  d.field("redis", &StoreConfig::redis, "A Redis server.", required);
  d.field("on_error", &StoreConfig::on_error, "What happens while it does not answer.");
  d.field("replicas", &StoreConfig::replicas,
          "How many processes share it: each one's share of a limit while it counts alone.",
          between(std::uint64_t{1}, std::uint64_t{10'000}));
}

bool RedisConfig::uses_tls() const {
  if (sentinel) return sentinel->at.front().target.tls;
  return cluster.empty() ? url.target.tls : cluster.front().target.tls;
}

RedisOptions RedisConfig::options() const {
  return {username, password.value, url.database, connect_timeout, timeout};
}

RedisSettings StoreConfig::settings(const std::string& name) const {
  RedisSettings s;
  s.name = name;
  s.options = redis.options();
  s.prefix = redis.prefix;
  s.lease = redis.lease;
  s.on_error = on_error;
  s.replicas = replicas;
  return s;
}

}  // namespace sluice::stores

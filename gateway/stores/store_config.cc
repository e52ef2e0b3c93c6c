// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/store_config.h"

#include <algorithm>

#include "gateway/base/strings.h"

namespace sluice::stores {
namespace {

constexpr std::uint16_t kPort = 6379;
constexpr std::string_view kPlain = "redis://", kTls = "rediss://", kUnix = "unix:";

config::Complaint complain(std::string message, std::string hint = {}) {
  return {std::move(message), std::move(hint), 0};
}

std::string refuse_prefix(const std::string& prefix) {
  return prefix.find_first_of("{}") == std::string::npos ? "" : "must not hold braces";
}

}  // namespace

std::string RedisUrl::text() const {
  if (!target.path.empty()) return target.text();
  std::string out(target.tls ? kTls : kPlain);
  out += target.authority();
  if (database) out += "/" + std::to_string(database);
  return out;
}

config::Refusal parse(std::string_view text, RedisUrl& out) {
  if (text.starts_with(kUnix)) return upstream::parse(text, out.target);
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
  std::string_view path = rest.substr(authority.size());
  RedisUrl url;
  if (auto refusal = upstream::parse((tls ? "https://" : "http://") + std::string(authority), url.target))
    return refusal;
  auto bracket = authority.rfind(']');
  if (authority.find(':', bracket == std::string_view::npos ? 0 : bracket) == std::string_view::npos)
    url.target.port = kPort;
  if (path.size() > 1) {
    auto number = base::parse_decimal(path.substr(1));
    if (!number || *number > 10'000)
      return complain("behind the host may stand the number of a database only");
    url.database = static_cast<std::uint32_t>(*number);
  }
  out = std::move(url);
  return {};
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
  d.field("url", &RedisConfig::url, "Where it is; rediss:// is TLS.", required,
          example("redis://cache:6379"));
  d.field("username", &RedisConfig::username, "Of its access control list.");
  d.field("password", &RedisConfig::password, "Shown nowhere.", example("\"${env:REDIS_PASSWORD}\""));
  d.field("tls", &RedisConfig::tls, "For rediss:// URLs.");
  d.field("connect_timeout", &RedisConfig::connect_timeout, "Until a connection is ready.",
          between(std::chrono::milliseconds(1), std::chrono::seconds(60)));
  d.field("timeout", &RedisConfig::timeout,
          "Until an answer, to a tenth of a second; afterwards the server counts as down.",
          between(std::chrono::milliseconds(1), std::chrono::seconds(10)));
  d.field("lease", &RedisConfig::lease,
          "How much a process takes for a key at once. 1 asks about every request and is exact; with more, "
          "what passes in a period can exceed the limit by one lease for each process.",
          between(std::uint64_t{1}, RedisCounters::kMostLeased));
  d.field("prefix", &RedisConfig::prefix, "In front of all keys.", check(refuse_prefix));
  d.shorthand(&RedisConfig::url);
  d.check([](const RedisConfig& c, const Site& at) {
    if (!c.username.empty() && c.password.value.empty()) at.error("username", "needs a password");
    if (!c.url.target.tls && c.tls != upstream::TlsConfig{})
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

RedisSettings StoreConfig::settings(const std::string& name) const {
  RedisSettings s;
  s.name = name;
  s.options = {redis.username, redis.password.value, redis.url.database, redis.connect_timeout,
               redis.timeout};
  s.prefix = redis.prefix;
  s.lease = redis.lease;
  s.on_error = on_error;
  s.replicas = replicas;
  return s;
}

}  // namespace sluice::stores

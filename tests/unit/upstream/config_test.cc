// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

namespace sluice::upstream::config_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

template <class T>
struct Read {
  T value;
  std::string errors;
};

template <class T>
Read<T> read(const std::string& yaml) {
  config::Diagnostics diagnostics;
  auto document = config::parse(yaml, diagnostics);
  Read<T> out{config::bind<T>(document, diagnostics), {}};
  out.errors = diagnostics.text();
  return out;
}

UpstreamConfig good(const std::string& yaml) {
  auto r = read<UpstreamConfig>(yaml);
  EXPECT_EQ(r.errors, "") << yaml;
  return r.value;
}
std::string errors(const std::string& yaml) { return read<UpstreamConfig>(yaml).errors; }

TEST(UpstreamConfig, TakesTargetsShortAndLong) {
  auto c = good("targets: [http://a:8080, {url: http://b:8080, weight: 3}]");

  ASSERT_EQ(c.targets.size(), 2u);
  EXPECT_EQ(c.targets[0], (TargetConfig{{"a", 8080}, 1}));
  EXPECT_EQ(c.targets[1], (TargetConfig{{"b", 8080}, 3}));
  EXPECT_EQ(c.all_targets(), c.targets);
}

TEST(UpstreamConfig, TakesAUrlForASingleTarget) {
  auto c = good("url: http://a:8080");

  EXPECT_EQ(c.all_targets(), (std::vector{TargetConfig{{"a", 8080}, 1}}));
}

TEST(UpstreamConfig, HasItsDefaults) {
  auto c = good("url: http://a");

  EXPECT_EQ(c.balance, Balance::least_request);
  EXPECT_EQ(c.timeouts, TimeoutsConfig{});
  EXPECT_EQ(c.pool.idle, 60s);
  EXPECT_EQ(c.pool.max_connections, std::nullopt);
  EXPECT_EQ(c.retry, std::nullopt);
  EXPECT_EQ(c.host.kind, HostPolicy::Kind::keep);
}

TEST(UpstreamConfig, TakesEverySetting) {
  auto c = good(R"(
url: http://a
balance: round_robin
timeouts: {connect: 500ms, first_byte: 5s, idle: 0s, total: 1m}
pool: {idle: 5s, max_idle: 0, max_connections: 7}
retry: {attempts: 3}
host: orders.example.com:8443
)");

  EXPECT_EQ(c.balance, Balance::round_robin);
  EXPECT_EQ(c.timeouts, (TimeoutsConfig{500ms, 5s, 0s, 60s, {}}));
  EXPECT_EQ(c.pool, (PoolConfig{5s, 0, 0, 7}));
  EXPECT_EQ(c.retry, (RetryConfig{3, {}}));
  EXPECT_EQ(c.host, (HostPolicy{HostPolicy::Kind::literal, "orders.example.com:8443"}));
}

TEST(UpstreamConfig, NeedsTargetsOrAUrlAndNotBoth) {
  EXPECT_THAT(errors("balance: round_robin"), HasSubstr("config.yaml:1:1: error"));
  EXPECT_THAT(errors("{url: http://a, targets: [http://b]}"), HasSubstr("error"));
  EXPECT_THAT(errors("targets: []"), HasSubstr("error"));
  EXPECT_THAT(errors("{url: http://a, pool: {prewarm: 3, max_idle: 2}}"),
              HasSubstr("more connections than may be kept unused (max_idle)"));
  EXPECT_THAT(errors("{url: http://a, pool: {prewarm: 3, max_connections: 2}}"),
              HasSubstr("more connections than may be open (max_connections)"));
  EXPECT_THAT(errors("{url: http://a, proxy_protocol: v2, pool: {prewarm: 3}}"),
              HasSubstr("each connection is made for one client"));
}

TEST(UpstreamConfig, PointsAtAUrlThatIsRefused) {
  EXPECT_THAT(
      errors("targets:\n  - http://a\n  - httpx://b"),
      HasSubstr("config.yaml:3:5: error: expected a URL such as http://orders-1:8080, "
                "https://orders-1 or unix:/run/orders.sock, got httpx://b: "
                "the schemes known here are http, https, dns+http, dns+https, srv+http, srv+https and unix"));
}

TEST(UpstreamConfig, PointsAtATargetThatIsThereAlready) {
  EXPECT_THAT(errors("targets:\n  - http://a\n  - http://b\n  - {url: http://A:80, weight: 2}"),
              HasSubstr("config.yaml:4:5: error: is the same target as targets[0]"));
}

TEST(UpstreamConfig, RefusesWeightsAndAttemptsThatMakeNoSense) {
  EXPECT_THAT(errors("targets: [{url: http://a, weight: 0}]"), HasSubstr("must be at least 1"));
  EXPECT_THAT(errors("targets: [{url: http://a, weight: 10001}]"), HasSubstr("must be at most 10000"));
  EXPECT_THAT(errors("{url: http://a, retry: {attempts: 0}}"), HasSubstr("must be at least 1"));
  EXPECT_THAT(errors("{url: http://a, pool: {max_connections: 0}}"), HasSubstr("must be at least 1"));
}

TEST(UpstreamConfig, RefusesTimesWithoutUnit) {
  EXPECT_THAT(errors("{url: http://a, timeouts: {connect: 2}}"), HasSubstr("expected a duration"));
}

TEST(HostPolicy, IsOneOfTwoWordsOrAHost) {
  EXPECT_EQ(good("{url: http://a, host: keep}").host.kind, HostPolicy::Kind::keep);
  EXPECT_EQ(good("{url: http://a, host: upstream}").host.kind, HostPolicy::Kind::upstream);
  EXPECT_EQ(good("{url: http://a, host: b}").host, (HostPolicy{HostPolicy::Kind::literal, "b"}));
  for (const char* bad : {"''", "a b", "http://a", "a/b", "a:0", "user@a"})
    EXPECT_THAT(errors(std::string("{url: http://a, host: \"") + bad + "\"}"), HasSubstr("expected keep"))
        << bad;
}

TEST(HostPolicy, KeepsOnlyWhatTheRequestAsksFor) {
  using Kind = HostPolicy::Kind;
  HostPolicy keep, upstream{Kind::upstream, {}}, literal{Kind::literal, "a"};

  EXPECT_EQ(keep.used_for("shop.example.com", false), Kind::keep);
  EXPECT_EQ(keep.used_for("", false), Kind::upstream);
  EXPECT_EQ(keep.used_for("shop.example.com", true), Kind::upstream);
  EXPECT_EQ(upstream.used_for("shop.example.com", false), Kind::upstream);
  EXPECT_EQ(literal.used_for("shop.example.com", true), Kind::literal);
}

TEST(HostPolicy, IsWrittenAsItIsRead) {
  auto written = [](const HostPolicy& h) { return config::scalar_text(h); };

  EXPECT_EQ(written({HostPolicy::Kind::keep, {}}), "keep");
  EXPECT_EQ(written({HostPolicy::Kind::upstream, {}}), "upstream");
  EXPECT_EQ(written({HostPolicy::Kind::literal, "a:81"}), "a:81");
}

TEST(RetryConfig, HasWordsForTheUsualCases) {
  EXPECT_EQ(good("{url: http://a, retry: none}").retry, (RetryConfig{1, {}}));
  EXPECT_EQ(good("{url: http://a, retry: safe}").retry, (RetryConfig{2, {}}));
  EXPECT_THAT(errors("{url: http://a, retry: save}"), HasSubstr("safe"));
}

TEST(DefaultsConfig, TakesTimeoutsAndRetry) {
  auto r = read<DefaultsConfig>("timeouts: {idle: 10s}\nretry: none");

  EXPECT_EQ(r.errors, "");
  EXPECT_EQ(r.value.timeouts.idle, 10s);
  EXPECT_EQ(r.value.timeouts.connect, std::nullopt);
  EXPECT_EQ(r.value.retry, (RetryConfig{1, {}}));
}

TEST(UpstreamConfig, TakesNamesAddressesAndUrisOfCertificates) {
  for (auto san : {"a.internal", "10.0.0.1", "\"::1\"", "spiffe://example.com/orders"})
    good(std::string("{url: \"https://a\", tls: {san: ") + san + "}}");
  for (auto san : {"\"a b\"", "\"a:80\"", "\"://x\"", "\"x://a b\""})
    EXPECT_THAT(errors(std::string("{url: \"https://a\", tls: {san: ") + san + "}}"),
                HasSubstr("must be a host name, an address or a URI"))
        << san;
}

TEST(UpstreamConfig, TakesH2cForHttp2WithoutTlsAlone) {
  EXPECT_EQ(good("{url: \"http://a\", protocol: h2c}").spoken(), ProtocolChoice::h2);
  EXPECT_THAT(errors("{url: \"https://a\", protocol: h2c}"), HasSubstr("h2c is HTTP/2 without TLS"));
  EXPECT_EQ(good("{url: \"https://a\", protocol: h2}").spoken(), ProtocolChoice::h2);
}

}  // namespace
}  // namespace sluice::upstream::config_test

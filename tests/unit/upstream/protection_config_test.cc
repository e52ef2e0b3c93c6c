// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/protection_config.h"

#include <gmock/gmock.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"
#include "gateway/upstream/config.h"

namespace sluice::upstream::protection_config_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Read {
  UpstreamConfig value;
  std::string errors;
};
Read read(const std::string& yaml) {
  config::Diagnostics diagnostics;
  auto document = config::parse("{url: http://a, " + yaml + "}", diagnostics);
  Read out{config::bind<UpstreamConfig>(document, diagnostics), {}};
  out.errors = diagnostics.text();
  return out;
}
UpstreamConfig good(const std::string& yaml) {
  auto r = read(yaml);
  EXPECT_EQ(r.errors, "") << yaml;
  return r.value;
}

TEST(ProtectionConfig, LooksForOutliersUnlessThatIsTurnedOff) {
  auto c = good("balance: round_robin").outlier;

  EXPECT_TRUE(c.on);
  EXPECT_EQ(c, OutlierConfig{});
}

TEST(ProtectionConfig, TakesOutliersInPart) {
  auto c = good("outlier: {failures: 3, failure_rate: 25%, max_ejected: 10%}").outlier;

  EXPECT_TRUE(c.on);
  EXPECT_EQ(c.failures, 3u);
  EXPECT_EQ(c.failure_rate, config::Percent{25});
  EXPECT_EQ(c.max_ejected, config::Percent{10});
  EXPECT_EQ(c.ejection, 30s);
  EXPECT_FALSE(good("outlier: off").outlier.on);
}

TEST(ProtectionConfig, RefusesAFirstEjectionLongerThanTheLongest) {
  EXPECT_THAT(read("outlier: {ejection: 10m}").errors, HasSubstr("is shorter than the first one"));
}

TEST(ProtectionConfig, HasACircuitBreakerOnlyWhereOneIsWritten) {
  EXPECT_FALSE(good("balance: round_robin").circuit_breaker);
  EXPECT_EQ(good("circuit_breaker: default").circuit_breaker, CircuitConfig{});
  EXPECT_EQ(good("circuit_breaker: {open: 10s}").circuit_breaker->open, 10s);
}

TEST(ProtectionConfig, FindsNoLimitOutUnlessThatIsAskedFor) {
  EXPECT_FALSE(good("balance: round_robin").adaptive_concurrency);
  EXPECT_EQ(good("adaptive_concurrency: true").adaptive_concurrency, AdaptiveConfig{});
  EXPECT_FALSE(good("adaptive_concurrency: false").adaptive_concurrency->on);
  EXPECT_EQ(good("adaptive_concurrency: {max: 50}").adaptive_concurrency->max, 50u);
}

TEST(ProtectionConfig, RefusesALeastLimitAboveTheGreatest) {
  EXPECT_THAT(read("adaptive_concurrency: {max: 5}").errors,
              HasSubstr("the least limit (10) is above the greatest one (5)"));
}

TEST(ProtectionConfig, RefusesAQueueWithoutALimit) {
  EXPECT_THAT(read("queue: {max: 3}").errors,
              HasSubstr("there is neither limits.max_requests nor adaptive_concurrency"));
  EXPECT_EQ(good("queue: {max: 3}, adaptive_concurrency: true").queue->max, 3u);
  EXPECT_EQ(good("queue: {max: 3}, limits: {max_requests: 5}").queue->max, 3u);
}

TEST(ProtectionConfig, WarnsOfALimitThatIsReachedBeforeTheQueue) {
  EXPECT_THAT(read("queue: {max: 3}, limits: {max_requests: 5, max_connections: 4}").errors,
              HasSubstr("fewer connections (4) than limits.max_requests (5)"));
  good("queue: {max: 3}, limits: {max_requests: 5, max_connections: 5}");
  good("protocol: h2, queue: {max: 3}, limits: {max_requests: 5, max_connections: 1}");
}

}  // namespace
}  // namespace sluice::upstream::protection_config_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/policy_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/observe/metrics.h"

namespace sluice::observe::policy_metrics_test {
namespace {

using testing::HasSubstr;

TEST(PolicyMetrics, CountDecisionsOfAllWorkers) {
  MetricsOptions options;
  options.workers = 2;
  MetricsRegistry registry(options);
  auto key = registry.policy("key", "api_key");
  EXPECT_EQ(registry.policy("key", "api_key"), key);
  EXPECT_NE(registry.policy("key", "jwt"), key);

  key->count(0, Decision::allow);
  key->count(1, Decision::allow);
  key->count(1, Decision::deny);

  std::string text = registry.text();
  EXPECT_THAT(text, HasSubstr("{policy=\"key\",type=\"api_key\",decision=\"allow\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{policy=\"key\",type=\"api_key\",decision=\"deny\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{policy=\"key\",type=\"api_key\",decision=\"error\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("{policy=\"key\",type=\"api_key\",decision=\"dry_run\"} 0\n"));
}

TEST(PolicyTimes, AreMeasuredByPolicyAndType) {
  MetricsOptions options;
  options.workers = 2;
  MetricsRegistry registry(options);
  auto times = registry.policy_times("key", "api_key");
  EXPECT_EQ(registry.policy_times("key", "api_key"), times);
  EXPECT_THAT(registry.text(), HasSubstr("sluice_policy_seconds_count{policy=\"key\",type=\"api_key\"} 0\n"));

  times->observe(0, std::chrono::microseconds(20));
  times->observe(1, std::chrono::microseconds(30));

  std::string text = registry.text();
  EXPECT_THAT(text, HasSubstr("sluice_policy_seconds_count{policy=\"key\",type=\"api_key\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sluice_policy_seconds_sum{policy=\"key\",type=\"api_key\"} 5e-05\n"));
}

TEST(PolicyTimes, AreNotThereWhereNobodyIsShownThem) {
  MetricsOptions options;
  options.families["sluice_policy_seconds"].off = true;
  MetricsRegistry registry(options);

  EXPECT_EQ(registry.policy_times("key", "api_key"), nullptr);
}

}  // namespace
}  // namespace sluice::observe::policy_metrics_test

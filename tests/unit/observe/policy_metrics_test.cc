// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/policy_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/observe/metrics.h"

namespace sluice::observe {
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

}  // namespace
}  // namespace sluice::observe

// SPDX-License-Identifier: Apache-2.0
// What needs no server; the rest is shown by the end-to-end suite, with three gateways and a real one.
#include "gateway/stores/redis_counters.h"

#include <gtest/gtest.h>

#include <array>

#include "gateway/observe/series.h"
#include "gateway/stores/stores.h"

namespace sluice::stores::redis_counters_test {
namespace {

constexpr std::array<Limit, 1> kTenInTheBucket{Limit{.count = 10, .burst = 10, .salt = 1}};

TEST(RedisCounters, GiveBackNoMoreThanAShareWasCharged) {
  base::VirtualClock clock;
  net::Loop loop(clock);
  upstream::TargetTable targets({&loop}, nullptr);
  observe::SeriesStore series{observe::MetricsOptions{}};
  StoreConfig config;
  config.redis.url.target = {"10.0.0.1", 6379};
  config.replicas = 2;
  Stores stores;
  auto counters = stores.redis("shared", config, targets, nullptr, series);
  auto left_after = [&](std::int64_t more) {
    auto told = counters->correct({loop, 0}, {{kTenInTheBucket, "few", "ann"}, more, true});
    return told.await_resume().remaining;
  };
  ASSERT_EQ(left_after(1), 4u);
  ASSERT_EQ(left_after(9), 0u) << "as much as it holds is charged, and one is owed";

  EXPECT_EQ(left_after(-10), 4u);
  EXPECT_EQ(left_after(-10), 5u);
}

}  // namespace
}  // namespace sluice::stores::redis_counters_test

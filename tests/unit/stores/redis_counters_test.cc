// SPDX-License-Identifier: Apache-2.0
// What needs no server; the rest is shown by the end-to-end suite, with three gateways and a real one.
#include "gateway/stores/redis_counters.h"

#include <gtest/gtest.h>

#include <chrono>
#include <span>

#include "gateway/observe/series.h"
#include "gateway/stores/stores.h"

namespace sluice::stores::redis_counters_test {
namespace {

constexpr Limit kTenInTheBucket{.count = 10, .burst = 10, .salt = 1};

// Two gateways that count alone, of which this is one.
struct Alone {
  Alone() {
    config.redis.url.target = {"10.0.0.1", 6379};
    config.replicas = 2;
    counters = stores.redis("shared", config, targets, nullptr, series);
  }
  std::uint64_t left_after(const Limit& limit, std::int64_t more) {
    Instant now = instant(loop.now());
    auto told = counters->correct({loop, 0}, {{std::span(&limit, 1), "few", "ann"}, more, now, true});
    return told.await_resume().remaining;
  }

  base::VirtualClock clock;
  net::Loop loop{clock};
  upstream::TargetTable targets{{&loop}, nullptr};
  observe::SeriesStore series{observe::MetricsOptions{}};
  StoreConfig config;
  Stores stores;
  std::shared_ptr<Counters> counters;
};

TEST(RedisCounters, GiveBackNoMoreThanAShareWasCharged) {
  Alone alone;
  auto left_after = [&](std::int64_t more) { return alone.left_after(kTenInTheBucket, more); };
  ASSERT_EQ(left_after(1), 4u);
  ASSERT_EQ(left_after(9), 0u) << "as much as it holds is charged, and one is owed";

  EXPECT_EQ(left_after(-10), 4u);
  EXPECT_EQ(left_after(-10), 5u);
}

// Of three in a month a share is one, which takes three times as long, not twice.
TEST(RedisCounters, KeepASharesBucketWithinWhatTimeCanTell) {
  Limit limit{.count = 3, .period = std::chrono::nanoseconds(std::chrono::days(31)).count(), .salt = 1};
  limit.burst = Limit::kLongestFill / limit.interval();
  ASSERT_FALSE(limit.beyond_time());
  Alone alone;
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(alone.left_after(limit, static_cast<std::int64_t>(limit.burst)), 0u) << i;
}

}  // namespace
}  // namespace sluice::stores::redis_counters_test

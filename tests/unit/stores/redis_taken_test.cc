// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_taken.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace sluice::stores::redis_taken_test {
namespace {

constexpr std::uint64_t kHuge = (std::uint64_t{1} << 63) - 1;  // the largest integer of Redis
constexpr std::uint64_t kYear = 366ull * 24 * 3600 * 1'000'000'000;

class RedisTaken : public testing::Test {
 protected:
  Taken taken(std::vector<std::uint64_t> values, std::uint64_t left = 0) const {
    return taken_of(Want{limits, "few", "ann"}, values, left);
  }
  std::array<Limit, 2> limits{Limit{.count = 10, .burst = 5, .ahead = 7'000},
                              Limit{.algorithm = Algorithm::sliding_window, .count = 8}};
};

TEST_F(RedisTaken, IsWhatTheReplySays) {
  Taken is = taken({1, 1, 6, 3, 40}, 1);
  EXPECT_TRUE(is.allowed);
  EXPECT_EQ(is.tightest, 1);
  EXPECT_EQ(is.remaining, 7u);
  EXPECT_EQ(is.wait, 3'000u);
  EXPECT_EQ(is.until_reset, 40'000u);

  Taken refused = taken({0, 0, 0, 90'000, 100'000});
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.wait, 90'000'000u);
}

TEST_F(RedisTaken, IsNeverMoreThanTheLimitAllows) {
  EXPECT_EQ(taken({1, 0, kHuge, 0, 0}).remaining, 5u);
  EXPECT_EQ(taken({1, 1, kHuge, 0, 0}, kHuge).remaining, 8u);
  EXPECT_EQ(taken({kHuge, kHuge, 4, 0, 0}, 2).remaining, 6u);
  EXPECT_EQ(taken({1, 0, 0, kHuge, kHuge}).wait, 7'000u);
  EXPECT_EQ(taken({1, 0, 0, kHuge, kHuge}).until_reset, kYear);
  EXPECT_EQ(taken({0, 0, 0, kHuge, 0}).wait, kYear);
}

TEST_F(RedisTaken, IsNeverMoreThanTheQuota) {
  QuotaWant want;
  want.size = 2;
  want.limited = 1;
  want.quotas[0].count = 100;
  want.quotas[1].count = kNoLimit;
  want.periods[0].end = want.now + std::chrono::hours(1);

  Taken is = taken_of(want, std::array<std::uint64_t, 3>{0, kHuge, kHuge});

  EXPECT_FALSE(is.allowed);
  EXPECT_EQ(is.tightest, 0);
  EXPECT_EQ(is.remaining, 100u);
  EXPECT_EQ(is.wait, 3'600'000'000'000u);
  EXPECT_EQ(taken_of(want, std::array<std::uint64_t, 3>{1, 0, 7}).remaining, 7u);
}

}  // namespace
}  // namespace sluice::stores::redis_taken_test

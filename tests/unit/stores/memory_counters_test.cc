// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/memory_counters.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace sluice::stores::memory_counters_test {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr Instant kStart = 1000 * kSecond;

Limit bucket(std::uint64_t count, std::uint64_t period, std::uint64_t salt = 1) {
  return {Algorithm::token_bucket, count, period, count, 0, salt};
}

Want want(std::span<const Limit> limits, std::string_view key, std::uint64_t cost = 1) {
  return {limits, "policy", key, false, cost};
}

TEST(MemoryCounters, CountEachKeyOnItsOwn) {
  MemoryCounters counters(100);
  const Limit limits[] = {bucket(1, kSecond)};
  EXPECT_TRUE(counters.take_now(kStart, want(limits, "a")).allowed);
  EXPECT_FALSE(counters.take_now(kStart, want(limits, "a")).allowed);
  EXPECT_TRUE(counters.take_now(kStart, want(limits, "b")).allowed);
}

TEST(MemoryCounters, CountEachLimitOnItsOwn) {
  MemoryCounters counters(100);
  const Limit one[] = {bucket(1, kSecond, 1)}, other[] = {bucket(1, kSecond, 2)};
  EXPECT_TRUE(counters.take_now(kStart, want(one, "a")).allowed);
  EXPECT_TRUE(counters.take_now(kStart, want(other, "a")).allowed);
  EXPECT_FALSE(counters.take_now(kStart, want(one, "a")).allowed);
}

TEST(MemoryCounters, ChargeNothingWhereOneOfSeveralLimitsRefuses) {
  MemoryCounters counters(100);
  const Limit limits[] = {bucket(100, kSecond, 1), bucket(2, 60 * kSecond, 2)};
  counters.take_now(kStart, want(limits, "a", 2));
  for (int i = 0; i < 50; ++i) {
    auto refused = counters.take_now(kStart, want(limits, "a"));
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.tightest, 1);
    EXPECT_EQ(refused.wait, 30 * kSecond);
  }
  const Limit first[] = {limits[0]};
  EXPECT_EQ(counters.take_now(kStart, want(first, "a")).remaining, 97u);
}

TEST(MemoryCounters, ReportTheLimitThatHasLeastLeft) {
  MemoryCounters counters(100);
  const Limit limits[] = {bucket(100, kSecond, 1), bucket(5, 60 * kSecond, 2), bucket(50, kSecond, 3)};
  auto taken = counters.take_now(kStart, want(limits, "a"));
  EXPECT_EQ(taken.tightest, 1);
  EXPECT_EQ(taken.remaining, 4u);
}

TEST(MemoryCounters, ReportTheRefusalThatLastsLongest) {
  MemoryCounters counters(100);
  const Limit limits[] = {bucket(1, 60 * kSecond, 1), bucket(1, kSecond, 2)};
  counters.take_now(kStart, want(limits, "a"));
  auto refused = counters.take_now(kStart, want(limits, "a"));
  EXPECT_EQ(refused.tightest, 0);
  EXPECT_EQ(refused.wait, 60 * kSecond);
}

TEST(MemoryCounters, LetNobodyWaitForWhatASlowerLimitHasLeft) {
  MemoryCounters counters(100);
  const Limit slow[] = {bucket(1, 3600 * kSecond, 1), bucket(1, 3600 * kSecond, 2)};
  const Limit fast[] = {bucket(10, kSecond, 1), bucket(10, kSecond, 2)};
  for (std::size_t limits : {1, 2}) {
    const std::string key = std::to_string(limits);
    EXPECT_TRUE(counters.take_now(kStart, want({slow, limits}, key)).allowed);

    auto refused = counters.take_now(kStart, want({fast, limits}, key));

    EXPECT_FALSE(refused.allowed);
    EXPECT_LE(refused.wait, 2 * kSecond);
    EXPECT_TRUE(counters.take_now(kStart + refused.wait, want({fast, limits}, key)).allowed);
  }
}

// What passes is exactly what one thread would let pass, whatever the order of the threads.
TEST(MemoryCounters, LetExactlyTheLimitPassUnderManyThreads) {
  constexpr int kThreads = 4, kTries = 20'000;
  constexpr std::uint64_t kCount = 30'000;
  MemoryCounters counters(1000);
  for (auto algorithm : {Algorithm::token_bucket, Algorithm::sliding_window}) {
    Limit limit{algorithm, kCount, 3600 * kSecond, kCount, 0, 7 + static_cast<std::uint64_t>(algorithm)};
    if (algorithm == Algorithm::sliding_window)
      limit.cell_class = *counters.table().window_class(limit.period);
    std::atomic<std::uint64_t> passed{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < kTries; ++i)
          passed += counters.take_now(3600 * kSecond, want({&limit, 1}, "k")).allowed;
      });
    for (auto& t : threads) t.join();
    EXPECT_EQ(passed, kCount);
  }
}

// With several limits a refusal in the middle of a race gives back what was charged: never too many pass, and
// in the end nothing is charged that did not pass.
TEST(MemoryCounters, ChargeSeveralLimitsAllOrNothingUnderManyThreads) {
  constexpr int kThreads = 4, kTries = 5'000;
  MemoryCounters counters(1000);
  const Limit limits[] = {bucket(1'000'000, 3600 * kSecond, 1), bucket(3'000, 3600 * kSecond, 2),
                          bucket(500'000, 3600 * kSecond, 3)};
  std::atomic<std::uint64_t> passed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kTries; ++i) passed += counters.take_now(kStart, want(limits, "k")).allowed;
    });
  for (auto& t : threads) t.join();

  EXPECT_EQ(passed, 3'000u);
  EXPECT_EQ(counters.take_now(kStart, want({&limits[0], 1}, "k")).remaining, 1'000'000u - 3'001);
  EXPECT_EQ(counters.take_now(kStart, want({&limits[2], 1}, "k")).remaining, 500'000u - 3'001);
}

TEST(MemoryCounters, CorrectWhatWasCharged) {
  MemoryCounters counters(1000);
  const Limit limits[] = {bucket(10, kSecond, 1), bucket(100, kSecond, 2)};
  EXPECT_EQ(counters.take_now(kStart, want(limits, "k")).remaining, 9u);

  EXPECT_EQ(counters.correct_now(kStart, {want(limits, "k"), 4}).remaining, 5u);
  EXPECT_EQ(counters.correct_now(kStart, {want(limits, "k"), -3, kStart}).remaining, 8u);
  EXPECT_EQ(counters.take_now(kStart, want({&limits[1], 1}, "k")).remaining, 97u);
  auto over = counters.correct_now(kStart, {want(limits, "k"), 1'000'000});
  EXPECT_TRUE(over.allowed);
  EXPECT_EQ(over.remaining, 0u);
  EXPECT_FALSE(counters.take_now(kStart + kSecond / 5, want(limits, "k")).allowed);
  EXPECT_TRUE(counters.take_now(kStart + 3 * kSecond / 10, want(limits, "k")).allowed);
}

TEST(MemoryCounters, GiveBackNothingThatTimeHasGivenBack) {
  MemoryCounters counters(1000);
  const Limit limits[] = {bucket(10, 2 * kSecond, 1), bucket(100, 3600 * kSecond, 2)};
  ASSERT_TRUE(counters.take_now(kStart, want(limits, "k", 10)).allowed);
  const Instant later = kStart + 2 * kSecond;
  ASSERT_TRUE(counters.take_now(later, want(limits, "k", 10)).allowed);

  EXPECT_EQ(counters.correct_now(later, {want(limits, "k"), -10, kStart}).remaining, 0u);

  EXPECT_FALSE(counters.take_now(later, want({&limits[0], 1}, "k")).allowed);
  EXPECT_EQ(counters.take_now(later, want({&limits[1], 1}, "k", 0)).remaining, 90u);
}

}  // namespace
}  // namespace sluice::stores::memory_counters_test

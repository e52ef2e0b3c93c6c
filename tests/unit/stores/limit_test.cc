// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/limit.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace sluice::stores::limit_test {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr Instant kStart = 1000 * kSecond + 123;

Limit bucket(std::uint64_t count, std::uint64_t period, std::uint64_t burst) {
  return {Algorithm::token_bucket, count, period, burst};
}
Limit window(std::uint64_t count, std::uint64_t period) {
  return {Algorithm::sliding_window, count, period, count};
}

// One counter.
struct Counter {
  Limit limit;
  std::uint64_t state = 0;

  Charged take(Instant now, std::uint64_t cost = 1) {
    Charged c = charge(limit, state, now, cost);
    state = c.state;
    return c;
  }
};

TEST(TokenBucket, LetsTheBurstPassAndThenOneInEachInterval) {
  Counter c{bucket(2, kSecond, 3)};

  for (std::uint64_t left : {2, 1, 0}) {
    auto charged = c.take(kStart);
    EXPECT_TRUE(charged.allowed);
    EXPECT_EQ(charged.remaining, left);
    EXPECT_EQ(charged.wait, 0u);
  }
  auto refused = c.take(kStart);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.remaining, 0u);
  EXPECT_EQ(refused.wait, kSecond / 2);
  EXPECT_EQ(refused.until_reset, kSecond * 3 / 2);
  EXPECT_FALSE(c.take(kStart + kSecond / 2 - 1).allowed);
  EXPECT_TRUE(c.take(kStart + kSecond / 2).allowed);
  EXPECT_FALSE(c.take(kStart + kSecond / 2).allowed);
}

TEST(TokenBucket, WaitsExactlyAsLongAsItSays) {
  Counter c{bucket(7, kSecond, 5)};
  std::mt19937 random(1);
  Instant now = kStart;
  for (int i = 0; i < 10'000; ++i) {
    now += random() % (kSecond / 4);
    std::uint64_t cost = 1 + random() % 5;
    auto charged = c.take(now, cost);
    if (charged.allowed) continue;
    EXPECT_FALSE(charge(c.limit, c.state, now + charged.wait - 1, cost).allowed);
    EXPECT_TRUE(charge(c.limit, c.state, now + charged.wait, cost).allowed);
  }
}

// In any stretch of time no more than the burst and what the rate gives in that time.
TEST(TokenBucket, NeverLetsMorePassThanBurstAndRate) {
  Counter c{bucket(100, kSecond, 10)};
  std::mt19937 random(2);
  std::deque<Instant> passed;
  Instant now = kStart;
  for (int i = 0; i < 50'000; ++i) {
    now += random() % (kSecond / 200);
    if (!c.take(now).allowed) continue;
    passed.push_back(now);
    if (passed.size() > 300) passed.pop_front();
    for (std::size_t n : {11u, 50u, 200u})
      if (passed.size() >= n) {
        auto span = passed.back() - passed[passed.size() - n];
        EXPECT_LE(n, 10 + span * 100 / kSecond + 1);
      }
  }
}

TEST(TokenBucket, StandsStillForAWorkerWhoseClockIsLate) {
  Counter c{bucket(1, kSecond, 1)};
  EXPECT_TRUE(c.take(kStart).allowed);
  auto late = c.take(kStart - kSecond / 10);
  EXPECT_FALSE(late.allowed);
  EXPECT_EQ(late.wait, kSecond + kSecond / 10);
}

// Workers read the clock once for all that has come: while one is busy, others are ahead.
TEST(TokenBucket, LetsNoMorePassForWorkersWhoseClocksDiffer) {
  for (std::uint64_t ahead : {std::uint64_t{0}, kSecond / 20}) {
    Limit limit = bucket(1000, kSecond, 1);
    limit.ahead = ahead;
    Counter c{limit};
    std::mt19937 random(3);
    int passed = 0;
    for (Instant gone = 0; gone < 10 * kSecond; gone += kSecond / 5000) {
      passed += c.take(kStart + gone - random() % (kSecond / 20)).allowed;
      if (random() % 100 == 0)
        c.state = charge_anyway(limit, c.state, kStart + gone - random() % (kSecond / 20), 0).state;
    }
    EXPECT_LE(passed, 10'000 + 50 + 50 + 1) << ahead;
    EXPECT_GE(passed, 1'000) << ahead;
  }
}

TEST(TokenBucket, IsNotLoweredByALateWorkerThatChargesAnyway) {
  Limit limit = bucket(1000, kSecond, 1);
  const std::uint64_t state = charge(limit, 0, kStart, 1).state;

  EXPECT_GE(charge_anyway(limit, state, kStart - kSecond / 20, 1).state, state);
}

TEST(TokenBucket, LetsEarlyOnesPassThatAreWillingToWait) {
  Limit limit = bucket(10, kSecond, 1);
  limit.ahead = kSecond / 4;
  Counter c{limit};
  EXPECT_EQ(c.take(kStart).wait, 0u);
  EXPECT_EQ(c.take(kStart).wait, kSecond / 10);
  EXPECT_EQ(c.take(kStart).wait, kSecond / 5);
  auto refused = c.take(kStart);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.wait, kSecond / 20);
}

TEST(TokenBucket, GivesBackWhatWasCharged) {
  Counter c{bucket(10, kSecond, 5)};
  c.take(kStart, 2);
  auto before = c.state;
  c.take(kStart, 3);
  EXPECT_EQ(refund(c.limit, c.state, kStart, kStart, 3), before);
  EXPECT_EQ(refund(c.limit, 0, kStart, kStart, 3), 0u);
}

TEST(TokenBucket, DoesNotGiveBackWhatTimeHasGivenBack) {
  Limit limit = bucket(10, 2 * kSecond, 10);
  Counter c{limit};
  c.take(kStart, 10);
  EXPECT_EQ(refund(limit, c.state, kStart, kStart + kSecond, 10), kStart + kSecond) << "half of it";
  const Instant later = kStart + 2 * kSecond;
  ASSERT_TRUE(c.take(later, 10).allowed);
  EXPECT_EQ(refund(limit, c.state, kStart, later, 10), c.state);
  EXPECT_EQ(refund(limit, c.state, kStart, later + kSecond, 10), c.state);

  limit.ahead = kSecond;  // the charge may have been one that was waited out
  EXPECT_EQ(refund(limit, c.state, kStart, later, 10), c.state - kSecond);
}

TEST(TokenBucket, KnowsHowLargeABucketMayBe) {
  constexpr std::uint64_t kDay = 24 * 3600 * kSecond;
  Counter largest{bucket(1, kDay, 53375)};
  EXPECT_FALSE(largest.limit.beyond_time());
  EXPECT_TRUE(bucket(1, kDay, 53376).beyond_time());
  EXPECT_TRUE(bucket(1, kDay, 213504).beyond_time()) << "the first one whose product is too large for a word";
  EXPECT_FALSE(bucket(100, kSecond, 1'000'000'000).beyond_time());
  EXPECT_FALSE(window(1, kDay).beyond_time());

  EXPECT_EQ(largest.take(kStart, 53375).remaining, 0u);
  EXPECT_FALSE(largest.take(kStart).allowed);
  for (int i = 0; i < 8; ++i)
    largest.state = charge_anyway(largest.limit, largest.state, kStart, 53375).state;
  EXPECT_FALSE(largest.take(kStart).allowed) << "however much is charged at a time";
}

TEST(TokenBucket, OwesNoMoreThanItHolds) {
  Limit limit = bucket(10, kSecond, 5);
  Counter c{limit};
  for (int i = 0; i < 10; ++i) c.state = charge_anyway(limit, c.state, kStart, 5).state;

  auto refused = c.take(kStart);

  EXPECT_EQ(refused.wait, kSecond * 6 / 10);
  EXPECT_EQ(refused.until_reset, kSecond);
  EXPECT_TRUE(c.take(kStart + refused.wait).allowed);
}

// The state of a limit that was slower, or that another one of the same name has left.
TEST(TokenBucket, IsNotBoundByWhatItCannotHaveBeenCharged) {
  Limit slow = bucket(1, 3600 * kSecond, 5), fast = bucket(10, kSecond, 5);
  const std::uint64_t used_up = charge(slow, 0, kStart, 5).state;

  auto refused = charge(fast, used_up, kStart, 1);

  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.wait, kSecond * 6 / 10);
  EXPECT_LT(refused.state, used_up) << "else it would be refused again after that time";
  EXPECT_TRUE(charge(fast, refused.state, kStart + refused.wait, 1).allowed);
}

TEST(SlidingWindow, OwesNoMoreThanItCounts) {
  Limit limit = window(10, kSecond);
  Counter c{limit};
  const Instant edge = 2000 * kSecond;
  for (int i = 0; i < 10; ++i) c.state = charge_anyway(limit, c.state, edge, 10).state;

  // The rest of the window, and until nine of twenty are left in the next one.
  EXPECT_EQ(c.take(edge).wait, kSecond + kSecond * 55 / 100);
}

TEST(SlidingWindow, LetsTheCountPassAndNoMore) {
  Counter c{window(3, kSecond)};
  for (std::uint64_t left : {2, 1, 0}) EXPECT_EQ(c.take(kStart).remaining, left);
  EXPECT_FALSE(c.take(kStart).allowed);
}

TEST(SlidingWindow, WaitsExactlyAsLongAsItSays) {
  Counter c{window(50, kSecond)};
  std::mt19937 random(3);
  Instant now = kStart;
  for (int i = 0; i < 20'000; ++i) {
    now += random() % (kSecond / 40);
    std::uint64_t cost = 1 + random() % 5;
    auto charged = c.take(now, cost);
    if (charged.allowed) continue;
    EXPECT_FALSE(charge(c.limit, c.state, now + charged.wait - 1, cost).allowed);
    EXPECT_TRUE(charge(c.limit, c.state, now + charged.wait, cost).allowed);
  }
}

// With a steady stream the weighing is right: the error at the edge of a window stays below one in a hundred.
TEST(SlidingWindow, KeepsToTheCountInEveryPeriodUnderASteadyStream) {
  constexpr std::uint64_t kCount = 1000;
  Counter c{window(kCount, kSecond)};
  std::deque<Instant> last;
  std::size_t most = 0;
  for (Instant now = kStart; now < kStart + 20 * kSecond; now += kSecond / 3000) {
    if (c.take(now).allowed) last.push_back(now);
    while (!last.empty() && last.front() + kSecond <= now) last.pop_front();
    if (now > kStart + 2 * kSecond) most = std::max(most, last.size());
  }
  EXPECT_LE(most, kCount + kCount / 100);
  EXPECT_GE(most, kCount - kCount / 100);
}

TEST(SlidingWindow, ForgetsAfterTwoPeriods) {
  Counter c{window(2, kSecond)};
  c.take(kStart, 2);
  EXPECT_FALSE(expired(c.limit.algorithm, c.limit.period, c.state, kStart + kSecond));
  EXPECT_TRUE(expired(c.limit.algorithm, c.limit.period, c.state, kStart + 2 * kSecond));
  EXPECT_EQ(c.take(kStart + 5 * kSecond).remaining, 1u);
}

TEST(SlidingWindow, CountsInTheNewerWindowForAWorkerWhoseClockIsLate) {
  Counter c{window(2, kSecond)};
  Instant edge = 2000 * kSecond;
  EXPECT_TRUE(c.take(edge).allowed);
  EXPECT_TRUE(c.take(edge - 1).allowed);
  EXPECT_FALSE(c.take(edge).allowed);
  EXPECT_FALSE(c.take(edge - 1).allowed);
}

TEST(SlidingWindow, GivesBackAlsoWhenTheNextWindowHasBegun) {
  Counter c{window(10, kSecond)};
  Instant edge = 2000 * kSecond;
  c.take(edge - 1, 4);
  c.take(edge, 1);
  EXPECT_EQ(charge(c.limit, refund(c.limit, c.state, edge - 1, edge, 3), edge, 0).remaining, 8u);
}

TEST(SlidingWindow, DoesNotGiveBackWhatTimeHasGivenBack) {
  Limit limit = window(10, kSecond);
  Counter c{limit};
  const Instant edge = 2000 * kSecond, next = edge + kSecond, after = next + kSecond;
  c.take(edge, 10);
  EXPECT_EQ(charge(limit, refund(limit, c.state, edge, next, 10), next, 0).remaining, 10u);
  c.take(next + kSecond * 4 / 5, 8);  // of the ten two are left
  EXPECT_EQ(charge(limit, refund(limit, c.state, edge, next, 10), next, 0).remaining, 2u)
      << "only from the window that it was charged in";
  c.take(after, 2);
  EXPECT_EQ(refund(limit, c.state, edge, after, 10), c.state);
  EXPECT_EQ(charge(limit, refund(limit, c.state, next, after, 5), after, 0).remaining, 5u);
}

TEST(SlidingWindow, GivesBackWhatWasChargedByAWorkerWhoseClockIsLate) {
  Counter c{window(10, kSecond)};
  const Instant edge = 2000 * kSecond;
  c.take(edge, 4);
  c.take(edge - 1, 3);
  EXPECT_EQ(charge(c.limit, refund(c.limit, c.state, edge - 1, edge - 1, 3), edge, 0).remaining, 6u);
}

TEST(Limit, ExpiresWhenItSaysItDoes) {
  std::mt19937 random(4);
  for (const Limit& limit : {bucket(10, kSecond, 5), window(10, kSecond)}) {
    Counter c{limit};
    for (Instant now = kStart; now < kStart + 50 * kSecond; now += random() % kSecond) {
      c.take(now, 1 + random() % 3);
      Instant at = expiry(limit.algorithm, limit.period, c.state, now);
      EXPECT_TRUE(expired(limit.algorithm, limit.period, c.state, at));
      if (at > now) {
        EXPECT_FALSE(expired(limit.algorithm, limit.period, c.state, at - 1));
      }
    }
  }
}

TEST(Limit, ChargesWhateverIsLeftIfItMust) {
  const Limit five = bucket(5, kSecond, 5), window_of_five = window(5, kSecond);
  auto full = charge(five, 0, kStart, 4);
  auto owed = charge_anyway(five, full.state, kStart, 5);
  EXPECT_TRUE(owed.allowed);
  EXPECT_EQ(owed.remaining, 0u);
  EXPECT_FALSE(charge(five, owed.state, kStart + kSecond / 2, 1).allowed);
  EXPECT_FALSE(charge(five, owed.state, kStart + kSecond - 1, 2).allowed);
  EXPECT_TRUE(charge(five, owed.state, kStart + kSecond, 1).allowed);

  auto used = charge(window_of_five, 0, kStart, 4);
  auto over = charge_anyway(window_of_five, used.state, kStart, 5);
  EXPECT_EQ(over.remaining, 0u);
  EXPECT_FALSE(charge(window_of_five, over.state, kStart, 1).allowed);
  EXPECT_EQ(charge_anyway(window_of_five, 0, kStart, 2).remaining, 3u);
}

}  // namespace
}  // namespace sluice::stores::limit_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_leases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace sluice::stores::redis_leases_test {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t kSecond = 1'000'000'000, kCell = 0x1234'5678'9abc'def0;
constexpr Instant kStart = 1000 * kSecond;
constexpr std::uint64_t kAll = 1'000'000;  // what the store has

// One key whose store grants whatever it is asked for.
class RedisLeases : public testing::Test {
 protected:
  stores::RedisLeases::Question question_of(Instant now, std::uint64_t cost = 1) {
    stores::RedisLeases::Question question;
    EXPECT_FALSE(leases.pay(want(cost), kCell, now, question));
    return question;
  }
  Taken take(Instant now, std::uint64_t cost = 1) {
    used += cost;
    stores::RedisLeases::Question question;
    if (auto paid = leases.pay(want(cost), kCell, now, question)) return *paid;
    asked.push_back(question.most);
    charged += question.most;
    leases.answered(question, now, question.most - cost, told());
    return told();
  }
  Want want(std::uint64_t cost) const { return {limits, "few", "ann", false, cost}; }
  Taken told() const { return {true, Decider::store, 1, kAll - charged, 0, 12 * kSecond}; }

  stores::RedisLeases leases{20, std::chrono::milliseconds(200)};
  std::array<Limit, 2> limits{Limit{.count = 2 * kAll, .burst = 2 * kAll},
                              Limit{.count = kAll, .burst = kAll}};
  std::uint64_t used = 0, charged = 0;
  std::vector<std::uint64_t> asked;
};

TEST_F(RedisLeases, GrowWhileTheyAreUsedUpInTime) {
  for (int i = 0; i < 60; ++i) take(kStart);
  EXPECT_THAT(asked, ElementsAre(1, 2, 4, 8, 16, 20, 20));
}

TEST_F(RedisLeases, AreSoManyRequestsOfTheCost) {
  for (int i = 0; i < 20; ++i) take(kStart, 3);
  EXPECT_THAT(asked, ElementsAre(3, 3, 3, 6, 15, 18, 18));
}

TEST_F(RedisLeases, LoseNothingOfACallerThatComesNowAndThen) {
  for (Instant i = 0; i < 100; ++i) take(kStart + i * kSecond * 13 / 10);
  EXPECT_EQ(charged, used);
}

TEST_F(RedisLeases, LoseLessThanIsUsed) {
  std::mt19937 random(1);
  Instant now = kStart;
  for (int i = 0; i < 10'000; ++i) {
    now += random() % 8 ? random() % (kSecond / 10) : random() % (2 * kSecond);
    take(now);
    ASSERT_LT(charged, 2 * used);
  }
  EXPECT_LT(asked.size(), used / 2) << "it spares questions";
}

TEST_F(RedisLeases, EndAfterASecond) {
  take(kStart);
  take(kStart);
  EXPECT_EQ(question_of(kStart + kSecond).most, 1u) << "the second one of its two is lost";
}

TEST_F(RedisLeases, AreOneOfAKeyAtATime) {
  auto first = question_of(kStart), meanwhile = question_of(kStart, 4);
  EXPECT_EQ(first.cell, kCell);
  EXPECT_EQ(meanwhile.cell, 0u);
  EXPECT_EQ(meanwhile.most, 4u);

  leases.answered(meanwhile, kStart, 3, told());
  EXPECT_EQ(question_of(kStart).cell, 0u);
  leases.answered(first, kStart, 0, told());
  EXPECT_EQ(question_of(kStart).cell, kCell);
  EXPECT_EQ(question_of(kStart + 2 * kSecond).cell, kCell) << "the store has never answered";
}

TEST_F(RedisLeases, BeginAnewWhereTheStoreFailsOrRefuses) {
  for (bool fails : {false, true}) {
    for (int i = 0; i < 7; ++i) take(kStart);
    auto question = question_of(kStart);
    EXPECT_GT(question.most, 1u);

    if (fails)
      leases.failed(question, kStart);
    else
      leases.answered(question, kStart, 0, {false, Decider::store, 0, 0, 1, 1});

    EXPECT_EQ(question_of(kStart).most, 1u);
    leases.failed({1, kCell, 0}, kStart);
  }
}

TEST_F(RedisLeases, TellWhatIsLeftOfTheTightestLimit) {
  for (int i = 0; i < 6; ++i) take(kStart);
  ASSERT_EQ(charged, 7u);

  Taken paid = take(kStart + kSecond / 2);

  EXPECT_TRUE(paid.allowed);
  EXPECT_EQ(paid.tightest, 1);
  EXPECT_EQ(paid.remaining, kAll - 7);
  EXPECT_EQ(paid.wait, 0u);
  EXPECT_NEAR(static_cast<double>(paid.until_reset), 11.5 * kSecond, 0.01 * kSecond);
}

}  // namespace
}  // namespace sluice::stores::redis_leases_test

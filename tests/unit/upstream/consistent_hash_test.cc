// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/consistent_hash.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <map>
#include <vector>

#include "tests/unit/upstream/targets.h"

namespace sluice::upstream::consistent_hash_test {
namespace {

constexpr std::uint64_t kKeys = 20'000;

struct Hashed : Targets {
  explicit Hashed(std::vector<std::uint32_t> weights, double bound = 0) : Targets(weights) {
    std::vector<std::string> names;
    for (const auto& t : all) names.push_back(t->url().text());
    std::vector<MaglevTable::Entry> entries;
    for (std::size_t i = 0; i < names.size(); ++i) entries.push_back({names[i], weights[i]});
    balancer.emplace(std::make_shared<const MaglevTable>(entries), bound, Random(1));
  }
  std::uint32_t pick(std::uint64_t key, std::span<const Candidate> usable) {
    return balancer->pick(usable, {.hash = affinity_hash(std::to_string(key))}).index;
  }
  std::uint32_t pick(std::uint64_t key) { return pick(key, candidates); }
  // Of all keys.
  std::vector<std::uint32_t> picks(std::span<const Candidate> usable) {
    std::vector<std::uint32_t> out;
    for (std::uint64_t k = 0; k < kKeys; ++k) out.push_back(pick(k, usable));
    return out;
  }
  std::optional<ConsistentHash> balancer;
};

TEST(ConsistentHash, SpreadsKeysByWeight) {
  Hashed targets({1, 2, 5});
  std::vector<int> counts(3);

  for (auto index : targets.picks(targets.candidates)) ++counts[index];

  EXPECT_NEAR(counts[0], kKeys / 8, 250);
  EXPECT_NEAR(counts[1], kKeys / 4, 300);
  EXPECT_NEAR(counts[2], kKeys * 5 / 8, 400);
}

TEST(ConsistentHash, GivesAKeyTheSameTargetEachTime) {
  Hashed targets({1, 1, 1, 1, 1});

  EXPECT_EQ(targets.picks(targets.candidates), targets.picks(targets.candidates));
}

TEST(ConsistentHash, MovesOnlyTheKeysOfTheTargetThatIsAwayAndSpreadsThem) {
  Hashed targets({1, 1, 1, 1, 1});
  auto before = targets.picks(targets.candidates);

  auto after = targets.picks(targets.without({2}));

  std::vector<int> taken(5);
  for (std::size_t k = 0; k < kKeys; ++k) {
    if (before[k] != 2) {
      EXPECT_EQ(after[k], before[k]) << k;
    } else {
      ++taken[after[k]];
    }
  }
  EXPECT_EQ(taken[2], 0);
  for (std::size_t i : {0u, 1u, 3u, 4u}) EXPECT_NEAR(taken[i], kKeys / 20, 150) << i;
  EXPECT_EQ(targets.picks(targets.candidates), before) << "and brings them back";
}

TEST(ConsistentHash, FindsTheLastTargetOfMany) {
  Hashed targets(std::vector<std::uint32_t>(500, 1));
  std::vector<std::uint32_t> away;
  for (std::uint32_t i = 2; i < 500; ++i) away.push_back(i);
  auto left = targets.without(away);
  std::map<std::uint32_t, int> counts;

  for (std::uint64_t k = 0; k < 1000; ++k) ++counts[targets.pick(k, left)];

  EXPECT_NEAR(counts[0], 500, 100);
  EXPECT_NEAR(counts[1], 500, 100);
}

TEST(ConsistentHash, BalancesWhatHasNoKeyByLoad) {
  Hashed targets({1, 1});
  ActiveRequest busy(*targets.all[0]);

  for (int i = 0; i < 100; ++i) EXPECT_EQ(targets.balancer->pick(targets.candidates, {}).index, 1u);
}

TEST(ConsistentHash, LetsNoTargetHaveMoreThanTheBoundOverItsShare) {
  for (double bound : {1.25, 1.5, 2.0}) {
    Hashed targets({1, 2, 1, 4}, bound);
    std::deque<ActiveRequest> busy;
    for (int n = 1; n <= 400; ++n) {
      busy.emplace_back(*targets.all[targets.pick(7)]);
      for (std::size_t i = 0; i < 4; ++i) {
        double share = targets.candidates[i].weight / 8.0;
        auto most = std::max<double>(std::ceil(bound * share * n), ConsistentHash::kIdle);
        ASSERT_LE(targets.all[i]->active(), most) << bound << ", " << n << " of one key, target " << i;
      }
    }
  }
}

TEST(ConsistentHash, KeepsTheBoundOverManyTargetsToo) {
  Hashed targets(std::vector<std::uint32_t>(100, 1), 1.25);
  std::deque<ActiveRequest> busy;

  for (int n = 0; n < 5000; ++n) busy.emplace_back(*targets.all[targets.pick(7)]);

  for (const auto& t : targets.all)
    EXPECT_LE(t->active(), 66u) << "50 times 1.25, and what was not yet counted";
}

TEST(ConsistentHash, KeepsTheRequestsOfAKeyTogetherWhileThereIsRoom) {
  Hashed targets({1, 1, 1, 1}, 1.25);
  auto first = targets.pick(7);
  std::deque<ActiveRequest> busy;
  for (std::uint32_t n = 0; n < ConsistentHash::kIdle; ++n) {
    EXPECT_EQ(targets.pick(7), first);
    busy.emplace_back(*targets.all[first]);
  }

  EXPECT_NE(targets.pick(7), first) << "that was all of the load";
}

TEST(ConsistentHash, AlwaysHasTheSameSecondChoice) {
  Hashed targets({1, 1, 1, 1}, 1.25);
  auto first = targets.pick(7);
  std::deque<ActiveRequest> busy;
  for (std::uint32_t n = 0; n < ConsistentHash::kIdle; ++n) busy.emplace_back(*targets.all[first]);

  auto second = targets.pick(7);

  for (int i = 0; i < 10; ++i) EXPECT_EQ(targets.pick(7), second);
  EXPECT_EQ(targets.pick(7, targets.without({first})), second) << "as if the first were away";
}

TEST(ConsistentHash, HasNoBoundWhereNoneIsWanted) {
  Hashed targets({1, 1, 1, 1}, 0);
  auto first = targets.pick(7);
  std::deque<ActiveRequest> busy;
  for (int n = 0; n < 100; ++n) busy.emplace_back(*targets.all[first]);

  EXPECT_EQ(targets.pick(7), first);
}

}  // namespace
}  // namespace sluice::upstream::consistent_hash_test

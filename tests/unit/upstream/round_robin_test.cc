// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/round_robin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "tests/unit/upstream/targets.h"

namespace sluice::upstream::round_robin_test {
namespace {

std::string picks(Balancer& balancer, std::span<const Candidate> usable, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += static_cast<char>('a' + balancer.pick(usable, {}).index);
  return out;
}

TEST(RoundRobin, TakesOneAfterTheOther) {
  Targets targets({1, 1, 1});
  RoundRobin balancer(3, 0);

  EXPECT_EQ(picks(balancer, targets.candidates, 7), "abcabca");
}

TEST(RoundRobin, SpreadsTheHeavyOnesOut) {
  Targets targets({5, 1, 1});
  RoundRobin balancer(3, 0);

  EXPECT_EQ(picks(balancer, targets.candidates, 14), "aabacaaaabacaa");
}

TEST(RoundRobin, GivesEachItsShareExactlyInEveryRound) {
  Targets targets({7, 3, 2, 8});
  RoundRobin balancer(4, 0);

  for (int round = 0; round < 5; ++round) {
    std::map<char, int> counts;
    for (char c : picks(balancer, targets.candidates, 20)) ++counts[c];
    EXPECT_EQ(counts, (std::map<char, int>{{'a', 7}, {'b', 3}, {'c', 2}, {'d', 8}}));
  }
}

TEST(RoundRobin, GoesOnWithTheOthersWhileOneIsAway) {
  Targets targets({1, 1, 1});
  RoundRobin balancer(3, 0);
  auto without_b = targets.without({1});
  EXPECT_EQ(picks(balancer, targets.candidates, 1), "a");

  std::string meanwhile = picks(balancer, without_b, 8);
  std::string after = picks(balancer, targets.candidates, 6);

  EXPECT_EQ(meanwhile, "ccacacac") << "c was due after a; then they take turns";
  for (char c : {'a', 'b', 'c'}) EXPECT_NEAR(std::count(after.begin(), after.end(), c), 2, 1) << after;
}

TEST(RoundRobin, BeginsElsewhereInEachWorker) {
  Targets targets({1, 1, 1});
  std::string first;

  for (unsigned worker = 0; worker < 4; ++worker) {
    RoundRobin balancer(3, worker);
    first += picks(balancer, targets.candidates, 1);
  }

  EXPECT_EQ(first, "abca");
}

}  // namespace
}  // namespace sluice::upstream::round_robin_test

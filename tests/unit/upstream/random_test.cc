// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/random.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::upstream::random_test {
namespace {

// The first outputs of the reference implementation (Vigna, splitmix64.c) for the seed 1234567.
TEST(Random, GivesTheNumbersOfTheReference) {
  Random random(1234567);

  EXPECT_EQ(random.next(), 6457827717110365317u);
  EXPECT_EQ(random.next(), 3203168211198807973u);
  EXPECT_EQ(random.next(), 9817491932198370423u);
}

TEST(Random, StaysBelowItsBoundAndReachesEveryNumber) {
  Random random(7);
  std::vector<int> seen(10);

  for (int i = 0; i < 10'000; ++i) ++seen.at(random.below(10));

  for (int n : seen) EXPECT_NEAR(n, 1000, 150);
  EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, IsSeededDifferentlyEachTime) { EXPECT_NE(Random::seeded().next(), Random::seeded().next()); }

}  // namespace
}  // namespace sluice::upstream::random_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/random_choice.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/upstream/targets.h"

namespace sluice::upstream::random_choice_test {
namespace {

std::vector<int> picks(std::span<const Candidate> usable, std::size_t targets, int n) {
  RandomChoice balancer{Random(1)};
  std::vector<int> counts(targets);
  for (int i = 0; i < n; ++i) ++counts.at(balancer.pick(usable, {}).index);
  return counts;
}

TEST(RandomChoice, GoesByWeight) {
  Targets targets({6, 3, 1});

  auto counts = picks(targets.candidates, 3, 40'000);

  EXPECT_NEAR(counts[0], 24'000, 500);
  EXPECT_NEAR(counts[1], 12'000, 500);
  EXPECT_NEAR(counts[2], 4'000, 400);
}

TEST(RandomChoice, DoesNotCareWhoIsBusy) {
  Targets targets({1, 1});
  ActiveRequest busy(*targets.all[0]);

  EXPECT_NEAR(picks(targets.candidates, 2, 10'000)[0], 5'000, 300);
}

TEST(RandomChoice, StaysWithinAShortenedChoice) {
  Targets targets({1, 100, 1});
  auto left = targets.without({1});

  auto counts = picks(left, 3, 10'000);

  EXPECT_EQ(counts[1], 0);
  EXPECT_NEAR(counts[0], 5'000, 300);
}

}  // namespace
}  // namespace sluice::upstream::random_choice_test

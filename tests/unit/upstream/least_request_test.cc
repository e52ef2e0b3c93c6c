// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/least_request.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "tests/unit/upstream/targets.h"

namespace sluice::upstream::least_request_test {
namespace {

// How often each is picked when requests end at once.
std::vector<int> picks(std::span<const Candidate> usable, std::size_t targets, int n,
                       std::uint64_t seed = 1) {
  LeastRequest balancer{Random(seed)};
  std::vector<int> counts(targets);
  for (int i = 0; i < n; ++i) ++counts.at(balancer.pick(usable, {}).index);
  return counts;
}

TEST(LeastRequest, GoesByWeightWhileNothingIsInFlight) {
  Targets targets({3, 1});

  auto counts = picks(targets.candidates, 2, 40'000);

  EXPECT_NEAR(counts[0], 30'000, 600);
  EXPECT_NEAR(counts[1], 10'000, 600);
}

TEST(LeastRequest, IsEvenWithEqualWeights) {
  Targets targets({1, 1, 1, 1});

  for (int n : picks(targets.candidates, 4, 40'000)) EXPECT_NEAR(n, 10'000, 500);
}

TEST(LeastRequest, TakesTheLessLoadedOfTwo) {
  Targets targets({1, 1});
  ActiveRequest busy(*targets.all[0]);

  EXPECT_EQ(picks(targets.candidates, 2, 1000), (std::vector{0, 1000}));
}

TEST(LeastRequest, MeasuresLoadAgainstWeight) {
  Targets targets({4, 1});
  std::deque<ActiveRequest> busy;
  for (int i = 0; i < 3; ++i) busy.emplace_back(*targets.all[0]);
  busy.emplace_back(*targets.all[1]);

  EXPECT_EQ(picks(targets.candidates, 2, 1000), (std::vector{1000, 0}));  // 3/4 against 1/1
  busy.emplace_back(*targets.all[0]);
  busy.emplace_back(*targets.all[0]);
  EXPECT_EQ(picks(targets.candidates, 2, 1000), (std::vector{0, 1000}));  // 5/4 against 1/1
}

TEST(LeastRequest, NeverTakesTheBusiestOfMany) {
  Targets targets({1, 1, 1, 1, 1});
  ActiveRequest busy(*targets.all[3]);

  auto counts = picks(targets.candidates, 5, 10'000);

  EXPECT_EQ(counts[3], 0);
  for (std::size_t i : {0u, 1u, 2u, 4u}) EXPECT_GT(counts[i], 2000);
}

TEST(LeastRequest, KeepsRequestsInFlightInProportionToWeights) {
  Targets targets({1, 2, 5});
  LeastRequest balancer{Random(3)};
  std::deque<ActiveRequest> busy;

  for (int i = 0; i < 800; ++i) busy.emplace_back(*balancer.pick(targets.candidates, {}).target);

  EXPECT_NEAR(targets.all[0]->active(), 100, 15);
  EXPECT_NEAR(targets.all[1]->active(), 200, 20);
  EXPECT_NEAR(targets.all[2]->active(), 500, 30);
}

TEST(LeastRequest, StaysWithinAShortenedChoice) {
  Targets targets({1, 100, 1});
  auto left = targets.without({1});

  auto counts = picks(left, 3, 10'000);

  EXPECT_EQ(counts[1], 0);
  EXPECT_NEAR(counts[0], 5000, 300);
}

TEST(LeastRequest, ComparesTwoDifferentTargetsHoweverUnequalTheWeights) {
  Targets targets({1, 10'000});
  std::deque<ActiveRequest> busy;
  for (int i = 0; i < 10'001; ++i) busy.emplace_back(*targets.all[1]);

  EXPECT_EQ(picks(targets.candidates, 2, 1000), (std::vector{1000, 0}));
}

}  // namespace
}  // namespace sluice::upstream::least_request_test

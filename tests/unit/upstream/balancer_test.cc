// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/balancer.h"

#include <gtest/gtest.h>

#include "gateway/upstream/consistent_hash.h"
#include "gateway/upstream/least_request.h"
#include "gateway/upstream/peak_ewma.h"
#include "gateway/upstream/random_choice.h"
#include "gateway/upstream/round_robin.h"

#include "tests/unit/upstream/targets.h"

namespace sluice::upstream::balancer_test {
namespace {

TEST(Balancer, IsOfTheKindAskedFor) {
  auto rr = make_balancer(Balance::round_robin, 2, 0, Random(1));
  auto lr = make_balancer(Balance::least_request, 2, 0, Random(1));
  auto any = make_balancer(Balance::random, 2, 0, Random(1));
  auto ewma = make_balancer(Balance::peak_ewma, 2, 0, Random(1));
  auto hash = make_balancer(Balance::consistent_hash, 2, 0, Random(1));

  EXPECT_NE(dynamic_cast<RoundRobin*>(rr.get()), nullptr);
  EXPECT_NE(dynamic_cast<LeastRequest*>(lr.get()), nullptr);
  EXPECT_NE(dynamic_cast<RandomChoice*>(any.get()), nullptr);
  EXPECT_NE(dynamic_cast<PeakEwma*>(ewma.get()), nullptr);
  EXPECT_NE(dynamic_cast<ConsistentHash*>(hash.get()), nullptr);
}

TEST(Balancer, SumsTheWeightsBeforeEachCandidate) {
  Targets targets({5, 1, 10'000});

  EXPECT_EQ(targets.candidates[0].before, 0u);
  EXPECT_EQ(targets.candidates[1].before, 5u);
  EXPECT_EQ(targets.candidates[2].before, 6u);
  EXPECT_EQ(targets.without({0})[1].before, 1u);
}

}  // namespace
}  // namespace sluice::upstream::balancer_test

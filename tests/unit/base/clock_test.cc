// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/clock.h"

#include <gtest/gtest.h>

namespace sluice::base::clock_test {
namespace {

using namespace std::chrono_literals;

TEST(VirtualClock, StandsStillUntilItIsTold) {
  VirtualClock clock;
  auto steady = clock.steady();
  auto wall = clock.wall();

  EXPECT_EQ(clock.steady(), steady);
  EXPECT_EQ(clock.wall(), wall);
}

TEST(VirtualClock, RunsAtTwoRatesSoThatTimesMixedUpAreSeen) {
  VirtualClock clock;
  auto steady = clock.steady();
  auto wall = clock.wall();

  clock.advance(1500ms);
  clock.advance(1ns);

  EXPECT_EQ(clock.steady() - steady, 1500ms + 1ns);
  EXPECT_EQ(clock.wall() - wall, 7 * (1500ms + 1ns));
  EXPECT_NE(clock.steady().time_since_epoch(), clock.wall().time_since_epoch());
}

TEST(RealClock, ReadsTheClocksOfTheStandardLibrary) {
  RealClock clock;

  auto before = std::chrono::steady_clock::now();
  auto steady = clock.steady();
  EXPECT_LE(before, steady);
  EXPECT_LE(steady, std::chrono::steady_clock::now());
  auto apart = clock.wall() - std::chrono::system_clock::now();
  EXPECT_LT(std::chrono::abs(apart), 1min) << "the clock may be set meanwhile, but hardly by so much";
}

}  // namespace
}  // namespace sluice::base::clock_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/slow_start.h"

#include <gtest/gtest.h>

namespace sluice::upstream::slow_start_test {
namespace {

using namespace std::chrono_literals;

class SlowStartTest : public testing::Test {
 protected:
  void fail() { target_->take({CheckResult::failed, "status 500"}, {1, 1}, clock_.wall()); }
  void pass() { target_->take({CheckResult::passed, ""}, {1, 1}, clock_.wall()); }
  std::uint32_t weight(std::uint32_t full = 1) { return slow_.weight(full, *target_, clock_.steady()); }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  std::shared_ptr<Target> target_ = Target::make(std::make_shared<TargetGroup>(), TargetUrl{"a", 80},
                                                 std::make_shared<const WorkerLoops>(WorkerLoops{&loop_}));
  SlowStart slow_{30s};
};

TEST_F(SlowStartTest, LeavesATargetAloneThatHasBeenThereFromTheStart) {
  target_->enter(false);
  target_->publish(std::vector{*net::Address::parse("10.0.0.1", 80)});

  EXPECT_EQ(weight(), SlowStart::kParts);
  EXPECT_EQ(weight(10'000), 10'000 * SlowStart::kParts);
  EXPECT_FALSE(slow_.coming_up(*target_, clock_.steady()));
}

TEST_F(SlowStartTest, RaisesTheWeightInAStraightLineOnceATargetIsWell) {
  target_->enter(false);
  target_->publish(std::vector{*net::Address::parse("10.0.0.1", 80)});
  target_->check_health(true, clock_.wall());
  fail();
  clock_.advance(5min);
  pass();

  EXPECT_EQ(weight(), 1u) << "not none at all: it would never be tried";
  EXPECT_EQ(weight(10'000), 1u);
  for (int tenth = 1; tenth < 10; ++tenth) {
    clock_.advance(3s);
    EXPECT_EQ(weight(10), static_cast<std::uint32_t>(tenth) * SlowStart::kParts);
    EXPECT_TRUE(slow_.coming_up(*target_, clock_.steady()));
  }
  clock_.advance(3s);
  EXPECT_EQ(weight(10), 10 * SlowStart::kParts);
  EXPECT_FALSE(slow_.coming_up(*target_, clock_.steady()));
}

TEST_F(SlowStartTest, BeginsAnewWithEachFailure) {
  target_->enter(false);
  target_->publish(std::vector{*net::Address::parse("10.0.0.1", 80)});
  target_->check_health(true, clock_.wall());
  for (int i = 0; i < 2; ++i) {
    fail();
    pass();
    EXPECT_EQ(weight(), 1u);
    clock_.advance(15s);
    EXPECT_EQ(weight(), SlowStart::kParts / 2);
  }
}

TEST_F(SlowStartTest, TakesALatecomerSlowlyOnceItHasAnAddress) {
  target_->enter(true);
  clock_.advance(1min);
  target_->publish(std::vector{*net::Address::parse("10.0.0.1", 80)});
  EXPECT_EQ(weight(), 1u);

  clock_.advance(15s);
  target_->enter(true);  // the next reload
  target_->publish(std::vector{*net::Address::parse("10.0.0.2", 80)});

  EXPECT_EQ(weight(), SlowStart::kParts / 2) << "another address is no reason to begin again";
}

TEST_F(SlowStartTest, TakesALatecomerSlowlyThatHasItsAddressAlready) {
  target_->publish(std::vector{*net::Address::parse("10.0.0.1", 80)});
  target_->enter(true);

  EXPECT_EQ(weight(), 1u);
}

TEST_F(SlowStartTest, IsOffUnlessAskedFor) {
  target_->publish(std::vector{*net::Address::parse("10.0.0.1", 80)});
  target_->enter(true);

  EXPECT_FALSE(SlowStart());
  EXPECT_EQ(SlowStart().weight(7, *target_, clock_.steady()), 7u);
}

}  // namespace
}  // namespace sluice::upstream::slow_start_test

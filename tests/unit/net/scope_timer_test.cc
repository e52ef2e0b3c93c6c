// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/scope_timer.h"

#include <gtest/gtest.h>

namespace sluice::net::scope_timer_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;

class ScopeTimerTest : public testing::Test {
 protected:
  base::SteadyTime start_{1000h};
  Wheel wheel_{start_};
  base::Scope scope_;
  ScopeTimer timer_{wheel_, scope_};
};

TEST_F(ScopeTimerTest, CancelsTheScopeWithItsReasonWhenDue) {
  timer_.start(2s, Reason::timeout_idle);

  wheel_.advance(start_ + 1999ms);
  EXPECT_FALSE(scope_.cancelled());
  EXPECT_TRUE(timer_.running());
  wheel_.advance(start_ + 2200ms);

  EXPECT_EQ(scope_.why(), Reason::timeout_idle);
  EXPECT_FALSE(timer_.running());
}

TEST_F(ScopeTimerTest, DoesNothingOnceStopped) {
  timer_.start(2s, Reason::timeout_total);

  timer_.stop();
  wheel_.advance(start_ + 1h);

  EXPECT_FALSE(scope_.cancelled());
}

TEST_F(ScopeTimerTest, CountsFromTheLastStart) {
  timer_.start(2s, Reason::timeout_total);
  wheel_.advance(start_ + 1500ms);

  timer_.start(2s, Reason::timeout_idle);

  wheel_.advance(start_ + 3499ms);
  EXPECT_FALSE(scope_.cancelled());
  wheel_.advance(start_ + 3700ms);
  EXPECT_EQ(scope_.why(), Reason::timeout_idle);
}

TEST_F(ScopeTimerTest, IsPutOffByItsOwnLength) {
  timer_.start(2s, Reason::timeout_idle);
  wheel_.advance(start_ + 1500ms);

  timer_.again();

  wheel_.advance(start_ + 3499ms);
  EXPECT_FALSE(scope_.cancelled());
  wheel_.advance(start_ + 3700ms);
  EXPECT_EQ(scope_.why(), Reason::timeout_idle);
}

TEST_F(ScopeTimerTest, NeverCancelsWithATimeoutOfZero) {
  timer_.start(2s, Reason::timeout_total);

  timer_.start(0s, Reason::timeout_total);
  wheel_.advance(start_ + 24h);

  EXPECT_FALSE(timer_.running());
  EXPECT_FALSE(scope_.cancelled());
}

TEST_F(ScopeTimerTest, KeepsTheReasonOfAnEarlierCancellation) {
  timer_.start(2s, Reason::timeout_total);
  scope_.cancel(Reason::client_closed);

  wheel_.advance(start_ + 1h);

  EXPECT_EQ(scope_.why(), Reason::client_closed);
}

TEST_F(ScopeTimerTest, LeavesTheWheelWhenDestroyed) {
  {
    base::Scope scope;
    ScopeTimer timer(wheel_, scope);
    timer.start(2s, Reason::timeout_total);
  }

  wheel_.advance(start_ + 1h);

  EXPECT_EQ(wheel_.next_tick(), base::SteadyTime::max());
}

}  // namespace
}  // namespace sluice::net::scope_timer_test

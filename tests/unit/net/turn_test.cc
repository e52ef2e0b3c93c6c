// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/turn.h"

#include <gtest/gtest.h>

#include "gateway/base/job.h"

namespace sluice::net::turn_test {
namespace {

using namespace std::chrono_literals;
using base::Outcome;
using base::Reason;

class TurnTest : public testing::Test {
 protected:
  base::Task<void> count(int rounds) {
    for (; rounds > 0; --rounds) {
      outcome_ = co_await turn(loop_);
      if (outcome_ != Outcome::ready) co_return;
      ++turns_;
    }
  }
  base::VirtualClock clock_;
  Loop loop_{clock_};
  base::Scope scope_;
  Outcome outcome_ = Outcome::ready;
  int turns_ = 0;
};

TEST_F(TurnTest, ComesOnceARoundAndDoesNotWaitForEvents) {
  base::Job<void> job(&scope_);
  job.start(count(3));
  EXPECT_EQ(turns_, 0);

  for (int round = 1; round <= 3; ++round) {
    loop_.run_once(1h);
    EXPECT_EQ(turns_, round);
  }

  EXPECT_FALSE(job.running());
}

TEST_F(TurnTest, ComesToAll) {
  base::Job<void> one(&scope_), other(&scope_);
  one.start(count(2));
  other.start(count(1));

  loop_.run_once(1h);

  EXPECT_EQ(turns_, 2);
  EXPECT_TRUE(one.running());
  EXPECT_FALSE(other.running());
}

TEST_F(TurnTest, EndsWhenTheScopeIsCancelled) {
  base::Job<void> job(&scope_);
  job.start(count(1));

  scope_.cancel(Reason::draining);
  loop_.run_once(0s);

  EXPECT_FALSE(job.running());
  EXPECT_EQ(outcome_, Outcome::cancelled);
  EXPECT_EQ(turns_, 0);
}

TEST_F(TurnTest, IsForgottenWithItsCoroutine) {
  {
    base::Job<void> job(&scope_);
    job.start(count(1));
  }

  loop_.run_once(0s);

  EXPECT_EQ(turns_, 0);
}

}  // namespace
}  // namespace sluice::net::turn_test

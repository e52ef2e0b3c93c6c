// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/sleep.h"

#include <gtest/gtest.h>

#include <optional>

#include "gateway/base/job.h"

namespace sluice::net::sleep_test {
namespace {

using namespace std::chrono_literals;
using base::Outcome;
using base::Reason;

base::Task<Outcome> pause(Wheel& wheel, base::Duration duration) {
  auto outcome = co_await sleep(wheel, duration);
  co_return outcome;
}

class SleepTest : public testing::Test {
 protected:
  void pass(base::Duration d) {
    now_ += d;
    wheel_.advance(now_);
    base::run_ready();
  }
  base::SteadyTime now_{1000h};
  Wheel wheel_{now_};
  base::Scope scope_;
};

TEST_F(SleepTest, EndsWhenTheTimeHasPassed) {
  base::Job<Outcome> job(&scope_);
  job.start(pause(wheel_, 250ms));

  pass(249ms);
  EXPECT_TRUE(job.running());
  pass(300ms);

  EXPECT_FALSE(job.running());
  EXPECT_EQ(job.join().await_resume(), Outcome::ready);
}

TEST_F(SleepTest, IsNoPauseForZeroAndLess) {
  for (base::Duration d : {0s, -1s}) {
    base::Job<Outcome> job(&scope_);
    job.start(pause(wheel_, d));

    EXPECT_FALSE(job.running());
    EXPECT_EQ(job.join().await_resume(), Outcome::ready);
  }
}

TEST_F(SleepTest, EndsAtOnceWhenTheScopeIsCancelled) {
  base::Job<Outcome> job(&scope_);
  job.start(pause(wheel_, 1h));

  job.cancel(Reason::client_closed);
  base::run_ready();

  EXPECT_FALSE(job.running());
  EXPECT_EQ(job.join().await_resume(), Outcome::cancelled);
  pass(2h);  // the timer of a pause that is gone does nothing
}

TEST_F(SleepTest, DoesNotBeginInACancelledScope) {
  scope_.cancel(Reason::draining);
  base::Job<Outcome> job(&scope_);

  job.start(pause(wheel_, 1h));

  EXPECT_EQ(job.join().await_resume(), Outcome::cancelled);
}

TEST_F(SleepTest, LeavesTheWheelWhenItsCoroutineIsDestroyed) {
  std::optional<base::Job<Outcome>> job(std::in_place, &scope_);
  job->start(pause(wheel_, 1s));

  job.reset();

  pass(1h);
}

TEST_F(SleepTest, RunsOnALoop) {
  base::VirtualClock clock;
  Loop loop(clock);
  base::Job<Outcome> job(&scope_);
  job.start([](Loop& l) -> base::Task<Outcome> { co_return co_await sleep(l, 1s); }(loop));

  loop.run_once(0s);
  EXPECT_TRUE(job.running());
  clock.advance(1200ms);
  loop.run_once(0s);

  EXPECT_FALSE(job.running());
}

}  // namespace
}  // namespace sluice::net::sleep_test

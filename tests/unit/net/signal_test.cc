// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/signal.h"

#include <gtest/gtest.h>

#include <vector>

#include "gateway/base/job.h"

namespace sluice::net::signal_test {
namespace {

using base::Outcome;
using std::chrono::milliseconds;

base::Detached wait_once(base::Scope& /*scope*/, Signal& signal, base::Duration timeout,
                         std::vector<Outcome>& seen) {
  seen.push_back(co_await signal.wait(timeout));
}

struct SignalTest : testing::Test {
  Wheel wheel{base::SteadyTime{}};
  base::Scope scope;
  Signal signal{wheel};
  std::vector<Outcome> seen;
};

TEST_F(SignalTest, WakesTheOneWhoWaitsButNotAtOnce) {
  wait_once(scope, signal, {}, seen);
  signal.notify();
  EXPECT_TRUE(seen.empty());
  base::run_ready();

  EXPECT_EQ(seen, std::vector{Outcome::ready});
  EXPECT_FALSE(signal.awaited());
}

TEST_F(SignalTest, StoresNothingForLater) {
  signal.notify();
  wait_once(scope, signal, {}, seen);
  base::run_ready();

  EXPECT_TRUE(seen.empty());
  scope.cancel(base::Reason::draining);
  base::run_ready();
  EXPECT_EQ(seen, std::vector{Outcome::cancelled});
}

TEST_F(SignalTest, EndsTheWaitAfterItsTimeout) {
  wait_once(scope, signal, milliseconds(500), seen);
  wheel.advance(base::SteadyTime{} + milliseconds(2000));
  base::run_ready();

  EXPECT_EQ(seen, std::vector{Outcome::timeout});
}

}  // namespace
}  // namespace sluice::net::signal_test

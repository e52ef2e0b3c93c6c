// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/latency_window.h"

#include <gtest/gtest.h>

namespace sluice::upstream::latency_window_test {
namespace {

using namespace std::chrono_literals;

// Of a thousand answers that took from 1 to 1000 times `unit`.
std::optional<base::Duration> p95_of(base::Duration unit) {
  LatencyWindow window;
  for (int i = 0; i < 1000; ++i) window.add(unit * ((i * 7919) % 1000 + 1));
  return window.p95();
}

TEST(LatencyWindow, KnowsWhenNearlyAllHaveCome) {
  for (base::Duration unit : {base::Duration(1us), base::Duration(10us), base::Duration(1ms)}) {
    auto p95 = p95_of(unit);
    ASSERT_TRUE(p95);
    EXPECT_GE(*p95, unit * 940) << unit.count();
    EXPECT_LE(*p95, unit * 950 * 9 / 8) << unit.count();
  }
}

TEST(LatencyWindow, SaysNothingOfAFew) {
  LatencyWindow window;
  for (int i = 0; i < 63; ++i) window.add(1ms);
  EXPECT_EQ(window.p95(), std::nullopt);

  window.add(1ms);

  EXPECT_NE(window.p95(), std::nullopt);
}

TEST(LatencyWindow, Forgets) {
  LatencyWindow window;
  for (int i = 0; i < 5000; ++i) window.add(1s);

  for (int i = 0; i < 5 * 1024; ++i) window.add(1ms);

  EXPECT_LE(*window.p95(), 2ms);
}

TEST(LatencyWindow, KeepsWhatIsBeyondItsScale) {
  LatencyWindow quick, slow;
  for (int i = 0; i < 100; ++i) {
    quick.add(0ns);
    quick.add(-5ms);
    slow.add(10h);
  }

  EXPECT_LE(*quick.p95(), 100us);
  EXPECT_GE(*slow.p95(), 60s);
}

}  // namespace
}  // namespace sluice::upstream::latency_window_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/worker_metrics.h"

#include <gtest/gtest.h>

#include "tests/unit/observe/scraped.h"

namespace sluice::observe::worker_metrics_test {
namespace {

using namespace std::chrono_literals;

TEST(WorkerMetrics, ShareOneLagHistogram) {
  SeriesStore store({.workers = 2});
  WorkerMetrics first(store, 0), second(store, 1);

  first.loop_lag(40ms);
  second.loop_lag(1ms);

  EXPECT_EQ(observations(store, Family::sluice_event_loop_lag_seconds, {}), 2u);
}

TEST(BusyRatio, IsTheShareSinceTheLastReading) {
  BusyRatio ratio;

  EXPECT_DOUBLE_EQ(ratio.read({250'000'000, 750'000'000}), 0.25);
  EXPECT_DOUBLE_EQ(ratio.read({1'150'000'000, 850'000'000}), 0.9);
}

TEST(BusyRatio, StaysAsItWasForAReadingRightAfterAnother) {
  BusyRatio ratio;
  ratio.read({500'000'000, 500'000'000});

  EXPECT_DOUBLE_EQ(ratio.read({500'000'000, 510'000'000}), 0.5);
  EXPECT_DOUBLE_EQ(ratio.read({500'000'000, 1'500'000'000}), 0.0);
}

TEST(BusyRatio, IsZeroBeforeAnythingHappened) { EXPECT_DOUBLE_EQ(BusyRatio().read({0, 0}), 0.0); }

}  // namespace
}  // namespace sluice::observe::worker_metrics_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/hedging.h"

#include <gtest/gtest.h>

namespace sluice::compose {
namespace {

TEST(Hedging, AllowsAShareOfTheRequests) {
  observe::SeriesStore store{observe::MetricsOptions{}};
  Hedging hedging(std::chrono::milliseconds(100), 0.05, 1, store, "u");
  int taken = 0;
  while (hedging.take(0)) ++taken;
  EXPECT_EQ(taken, 10);

  for (int i = 0; i < 1000; ++i) {
    hedging.add(0);
    taken += hedging.take(0) ? 1 : 0;
  }

  EXPECT_NEAR(taken, 60, 1);
}

TEST(Hedging, SavesNoMoreThanAFew) {
  observe::SeriesStore store{observe::MetricsOptions{}};
  Hedging hedging(std::chrono::milliseconds(100), 1, 1, store, "u");
  for (int i = 0; i < 1000; ++i) hedging.add(0);

  int taken = 0;
  while (hedging.take(0)) ++taken;

  EXPECT_EQ(taken, 10);
}

}  // namespace
}  // namespace sluice::compose

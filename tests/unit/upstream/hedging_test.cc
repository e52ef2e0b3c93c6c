// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/hedging.h"

#include <gtest/gtest.h>

namespace sluice::upstream::hedging_test {
namespace {

using namespace std::chrono_literals;

HedgeConfig after(base::Duration after, double percent) {
  return {true, config::Duration(after), config::Percent{percent}};
}

TEST(Hedging, AllowsAShareOfTheRequests) {
  observe::SeriesStore store{observe::MetricsOptions{}};
  Hedging hedging(after(100ms, 5), 1, store, "u");
  int taken = 0;
  while (hedging.take(0)) ++taken;
  EXPECT_EQ(taken, 10);

  for (int i = 0; i < 1000; ++i) {
    hedging.begin(0);
    taken += hedging.take(0) ? 1 : 0;
  }

  EXPECT_NEAR(taken, 60, 1);
}

TEST(Hedging, SavesNoMoreThanAFew) {
  observe::SeriesStore store{observe::MetricsOptions{}};
  Hedging hedging(after(100ms, 100), 1, store, "u");
  for (int i = 0; i < 1000; ++i) hedging.begin(0);

  int taken = 0;
  while (hedging.take(0)) ++taken;

  EXPECT_EQ(taken, 10);
}

TEST(Hedging, WaitsAsLongAsIsWritten) {
  observe::SeriesStore store{observe::MetricsOptions{}};
  Hedging hedging(after(50ms, 5), 1, store, "u");
  for (int i = 0; i < 1000; ++i) hedging.took(0, 1ms);

  EXPECT_EQ(hedging.begin(0), 50ms);
}

TEST(Hedging, WaitsAsLongAsNearlyAllAnswersTakeOnceThatIsKnown) {
  observe::SeriesStore store{observe::MetricsOptions{}};
  Hedging hedging(HedgeConfig{}, 2, store, "u");
  EXPECT_EQ(hedging.begin(0), std::nullopt);

  for (int i = 0; i < 100; ++i) hedging.took(0, i % 50 == 0 ? 900ms : 10ms);

  ASSERT_TRUE(hedging.begin(0));
  EXPECT_GE(*hedging.begin(0), 10ms);
  EXPECT_LE(*hedging.begin(0), 12ms);
  EXPECT_EQ(hedging.begin(1), std::nullopt) << "each worker learns for itself";
}

}  // namespace
}  // namespace sluice::upstream::hedging_test

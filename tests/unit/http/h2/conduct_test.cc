// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2/conduct.h"

#include <gtest/gtest.h>

namespace sluice::http::h2::conduct_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::SteadyTime kStart{std::chrono::hours(1)};

TEST(Budget, AllowsABurstAndThenItsRate) {
  Budget budget(3, 2);
  EXPECT_TRUE(budget.spend(kStart) && budget.spend(kStart) && budget.spend(kStart));
  EXPECT_FALSE(budget.spend(kStart));

  Budget later(3, 2);
  later.spend(kStart, 3);
  EXPECT_FALSE(Budget(later).spend(kStart + milliseconds(900)));
  EXPECT_FALSE(Budget(later).spend(kStart + seconds(1), 3));
}

TEST(Budget, FillsUpWithTimeAndNoFurtherThanItsBurst) {
  Budget budget(3, 2);
  EXPECT_TRUE(budget.spend(kStart, 3));
  EXPECT_FALSE(budget.spend(kStart, 1));
  budget.earn(100);

  EXPECT_TRUE(budget.spend(kStart, 3));
  EXPECT_FALSE(budget.spend(kStart + seconds(1), 3));
  EXPECT_TRUE(budget.spend(kStart + std::chrono::hours(1000), 3));
}

TEST(Conduct, ForgivesCancellationsOfThoseWhoAlsoFinish) {
  Conduct honest, attacker;
  bool endured = true, caught = false;
  for (int i = 0; i < 10'000; ++i) {
    endured = endured && honest.cancelled(kStart);
    honest.completed();
    caught = caught || !attacker.cancelled(kStart);
  }

  EXPECT_TRUE(endured);
  EXPECT_TRUE(caught);
}

TEST(Conduct, ExpectsWindowUpdatesForWhatWasMoved) {
  Conduct reader;
  bool endured = true;
  for (int i = 0; i < 100'000; ++i) {
    reader.moved(1);
    endured = endured && reader.idle_frame(kStart) && reader.idle_frame(kStart);
  }

  EXPECT_TRUE(endured);
}

}  // namespace
}  // namespace sluice::http::h2::conduct_test

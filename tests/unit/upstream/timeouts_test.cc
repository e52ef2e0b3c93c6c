// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/timeouts.h"

#include <gtest/gtest.h>

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

TEST(Timeouts, AreTheDocumentedOnesWhenNobodySaysOtherwise) {
  EXPECT_EQ(merge(Timeouts{}, TimeoutsConfig{}), (Timeouts{2s, 30s, 60s, 60s, 1h}));
}

TEST(Timeouts, TakeWhatIsSaidAndKeepTheRest) {
  TimeoutsConfig upstream{.connect = 1s, .first_byte = {}, .idle = {}, .total = 5s, .tunnel = 2h};
  TimeoutsConfig route{.connect = {}, .first_byte = 3s, .idle = {}, .total = 4s, .tunnel = {}};

  EXPECT_EQ(merge(merge(Timeouts{}, upstream), route), (Timeouts{1s, 3s, 60s, 4s, 2h}));
}

TEST(Timeouts, TakeZeroForALimitThatIsTakenAway) {
  TimeoutsConfig route{.connect = {}, .first_byte = {}, .idle = {}, .total = 0s, .tunnel = 0s};

  EXPECT_EQ(merge(Timeouts{}, route).total, 0s);
  EXPECT_EQ(merge(Timeouts{}, route).tunnel, 0s);
}

}  // namespace
}  // namespace sluice::upstream

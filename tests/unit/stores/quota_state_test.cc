// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/quota_state.h"

#include <gtest/gtest.h>

namespace sluice::stores::quota_state_test {
namespace {

TEST(QuotaState, BeginsEachPeriodAnew) {
  QuotaState state;
  state.in(100).used = 7;
  EXPECT_EQ(state.in(101).used, 0u);
  state.in(101).used = 3;
  EXPECT_EQ(state.in(102).used, 0u);
}

TEST(QuotaState, FindsTheCountAgainWhenTheClockIsSetBack) {
  QuotaState state;
  state.in(100).used = 7;
  state.in(101).used = 3;
  EXPECT_EQ(state.in(100).used, 7u);
  EXPECT_EQ(state.in(101).used, 3u);
}

TEST(QuotaState, KeepsTheCountOfAClockThatWasSetForwardAndBack) {
  QuotaState state;
  state.in(100).used = 7;
  state.in(5000).used = 2;

  EXPECT_EQ(state.in(100).used, 7u);
  EXPECT_EQ(state.in(5000).used, 2u);
}

TEST(QuotaState, CountsInAPeriodBeforeAllOthersWhatWasUsedLast) {
  QuotaState state;
  state.in(100).used = 7;
  EXPECT_EQ(state.in(99).used, 7u);
  EXPECT_EQ(state.in(100).used, 7u);
  EXPECT_EQ(state.in(98).used, 7u);
}

TEST(QuotaState, GivesNoSecondQuotaWhenTheClockGoesToAndFro) {
  QuotaState state;
  state.in(99).used = 1;
  state.in(100).used = 7;
  state.in(110).used = 5;
  EXPECT_EQ(state.in(105).used, 5u);
  EXPECT_EQ(state.in(100).used, 7u);
}

TEST(QuotaState, LetsNobodyWaitForAPeriodThatIsYearsAway) {
  QuotaState state;
  state.in(5000).used = 9;
  EXPECT_EQ(state.in(100).used, 9u);  // what was counted stays
  EXPECT_EQ(state.in(101).used, 0u);  // until the next one
}

}  // namespace
}  // namespace sluice::stores::quota_state_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/utf8.h"

#include <gtest/gtest.h>

namespace sluice::observe {
namespace {

TEST(Utf8, KnowsWellFormedSequences) {
  EXPECT_EQ(utf8_sequence("a"), 1u);
  EXPECT_EQ(utf8_sequence("\xc2\x80"), 2u);
  EXPECT_EQ(utf8_sequence("\xdf\xbf!"), 2u);
  EXPECT_EQ(utf8_sequence("\xe0\xa0\x80"), 3u);
  EXPECT_EQ(utf8_sequence("\xed\x9f\xbf"), 3u);
  EXPECT_EQ(utf8_sequence("\xef\xbf\xbf"), 3u);
  EXPECT_EQ(utf8_sequence("\xf0\x90\x80\x80"), 4u);
  EXPECT_EQ(utf8_sequence("\xf4\x8f\xbf\xbf"), 4u);
}

TEST(Utf8, RefusesOverlongForms) {
  EXPECT_EQ(utf8_sequence("\xc0\xaf"), 0u);
  EXPECT_EQ(utf8_sequence("\xc1\xbf"), 0u);
  EXPECT_EQ(utf8_sequence("\xe0\x9f\xbf"), 0u);
  EXPECT_EQ(utf8_sequence("\xf0\x8f\xbf\xbf"), 0u);
}

TEST(Utf8, RefusesSurrogatesAndWhatIsBeyondUnicode) {
  EXPECT_EQ(utf8_sequence("\xed\xa0\x80"), 0u);
  EXPECT_EQ(utf8_sequence("\xf4\x90\x80\x80"), 0u);
  EXPECT_EQ(utf8_sequence("\xf5\x80\x80\x80"), 0u);
  EXPECT_EQ(utf8_sequence("\xff"), 0u);
}

TEST(Utf8, RefusesWhatIsCutOffOrBeginsInTheMiddle) {
  EXPECT_EQ(utf8_sequence(""), 0u);
  EXPECT_EQ(utf8_sequence("\x80"), 0u);
  EXPECT_EQ(utf8_sequence("\xc3"), 0u);
  EXPECT_EQ(utf8_sequence("\xe2\x82"), 0u);
  EXPECT_EQ(utf8_sequence("\xf0\x9f\x98"), 0u);
  EXPECT_EQ(utf8_sequence("\xe2\x82g"), 0u);
}

}  // namespace
}  // namespace sluice::observe

// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/utf8.h"

#include <gtest/gtest.h>

#include <utility>

namespace sluice::base::utf8_test {
namespace {

using namespace std::string_view_literals;

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

TEST(Utf8, WritesCharactersOfEveryLength) {
  for (auto [number, text] :
       {std::pair(0x00u, std::string_view("\0", 1)), std::pair(0x7fu, "\x7f"sv),
        std::pair(0x80u, "\xc2\x80"sv), std::pair(0x7ffu, "\xdf\xbf"sv), std::pair(0x800u, "\xe0\xa0\x80"sv),
        std::pair(0xffffu, "\xef\xbf\xbf"sv), std::pair(0x10000u, "\xf0\x90\x80\x80"sv),
        std::pair(0x10ffffu, "\xf4\x8f\xbf\xbf"sv)}) {
    char bytes[4];
    EXPECT_EQ(std::string_view(bytes, encode_utf8(bytes, number)), text) << number;
  }
}

}  // namespace
}  // namespace sluice::base::utf8_test

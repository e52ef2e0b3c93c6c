// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/byte_expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::base {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

bool fits(const std::string& expression, std::string_view text) {
  re2::RE2 regex(expression, byte_expression(1 << 20));
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), regex);
}

TEST(ByteExpression, MatchesAnyByteByADot) {
  EXPECT_TRUE(fits("a.*z", "a\n\xFF\r\x80z"));
  EXPECT_TRUE(fits(".", std::string_view("\0", 1)));
  EXPECT_TRUE(fits("[^a]", "\xC3"));
}

TEST(ByteExpression, MatchesCharactersBeyondAsciiByThemselves) {
  EXPECT_TRUE(fits("caf\xC3\xA9|th\xC3\xA9(?:\xC3\xA9)+", "caf\xC3\xA9"));
  EXPECT_TRUE(fits("th\xC3\xA9(?:\xC3\xA9)+", "th\xC3\xA9\xC3\xA9\xC3\xA9"));
}

TEST(ByteExpression, RefusesWhatWouldTakeACharacterApart) {
  EXPECT_THAT(refuse_wide_characters("[a\xC3\xA9]"), HasSubstr("a class cannot hold"));
  EXPECT_THAT(refuse_wide_characters("[^]\xC3\xA9]"), HasSubstr("a class cannot hold"));
  EXPECT_THAT(refuse_wide_characters("[[:alpha:]\xC3\xA9]"), HasSubstr("a class cannot hold"));
  EXPECT_THAT(refuse_wide_characters("[\\]\xC3\xA9"), HasSubstr("a class cannot hold"));
  EXPECT_THAT(refuse_wide_characters("\xC3\xA9+"), HasSubstr("is repeated in a group"));
  EXPECT_THAT(refuse_wide_characters("\xC3\xA9{2}"), HasSubstr("is repeated in a group"));
}

TEST(ByteExpression, TakesOtherExpressions) {
  for (std::string_view text :
       {"", "[a-z]+x?", "\\[\xC3\xA9\\]", "[a]\xC3\xA9", "(?:\xC3\xA9)?", "[", "[[:", "\\", "[\\"})
    EXPECT_THAT(refuse_wide_characters(text), IsEmpty()) << text;
}

}  // namespace
}  // namespace sluice::base

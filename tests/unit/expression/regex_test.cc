// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::expression::regex_test {
namespace {

using re2::RE2;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Regex, ReadsBytesOrCharacters) {
  RE2 bytes("^.$", regex_options(RE2::Options::EncodingLatin1));
  RE2 characters("^.$", regex_options(RE2::Options::EncodingUTF8));

  EXPECT_FALSE(RE2::PartialMatch("\xC3\xBC", bytes));
  EXPECT_TRUE(RE2::PartialMatch("\xC3\xBC", characters));
}

TEST(Regex, IsSilentAndHasBoundedMemory) {
  auto options = regex_options(RE2::Options::EncodingLatin1);

  EXPECT_FALSE(options.log_errors());
  EXPECT_EQ(options.max_mem(), kRegexMemory);
  EXPECT_EQ(regex_options(RE2::Options::EncodingUTF8, kLargeRegexMemory).max_mem(), kLargeRegexMemory);
}

bool fits(const std::string& expression, std::string_view text) {
  RE2 regex(expression, byte_options());
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), regex);
}

TEST(ByteOptions, MatchesAnyByteByADot) {
  EXPECT_TRUE(fits("a.*z", "a\n\xFF\r\x80z"));
  EXPECT_TRUE(fits(".", std::string_view("\0", 1)));
  EXPECT_TRUE(fits("[^a]", "\xC3"));
}

TEST(ByteOptions, MatchesCharactersBeyondAsciiByThemselves) {
  EXPECT_TRUE(fits("caf\xC3\xA9|th\xC3\xA9(?:\xC3\xA9)+", "caf\xC3\xA9"));
  EXPECT_TRUE(fits("th\xC3\xA9(?:\xC3\xA9)+", "th\xC3\xA9\xC3\xA9\xC3\xA9"));
}

TEST(WideCharacters, AreRefusedWhereTheyWouldBeTakenApart) {
  EXPECT_THAT(refuse_wide_characters("[a\xC3\xA9]"), HasSubstr("a class cannot hold"));
  EXPECT_THAT(refuse_wide_characters("[^]\xC3\xA9]"), HasSubstr("a class cannot hold"));
  EXPECT_THAT(refuse_wide_characters("[[:alpha:]\xC3\xA9]"), HasSubstr("a class cannot hold"));
  EXPECT_THAT(refuse_wide_characters("[\\]\xC3\xA9"), HasSubstr("a class cannot hold"));
  EXPECT_THAT(refuse_wide_characters("\xC3\xA9+"), HasSubstr("is repeated in a group"));
  EXPECT_THAT(refuse_wide_characters("\xC3\xA9{2}"), HasSubstr("is repeated in a group"));
}

TEST(WideCharacters, AreTakenElsewhere) {
  for (std::string_view text :
       {"", "[a-z]+x?", "\\[\xC3\xA9\\]", "[a]\xC3\xA9", "(?:\xC3\xA9)?", "[", "[[:", "\\", "[\\"})
    EXPECT_THAT(refuse_wide_characters(text), IsEmpty()) << text;
}

TEST(FoldingAsciiAlone, LeavesTheBytesOfOtherCharacters) {
  auto options = byte_options();
  options.set_case_sensitive(false);
  RE2 regex(folding_ascii_alone("Caf\xC3\x81"), options);

  EXPECT_TRUE(RE2::FullMatch("cAF\xC3\x81", regex));
  EXPECT_FALSE(RE2::FullMatch("caf\xE3\x81", regex));  // the first byte of many a Japanese letter
}

TEST(FoldingAsciiAlone, KeepsWhatIsAscii) {
  EXPECT_EQ(folding_ascii_alone("[a-z]+\\."), "[a-z]+\\.");
  EXPECT_EQ(folding_ascii_alone("a\xC3\xA9z"), "a(?-i:\xC3\xA9)z");
  EXPECT_EQ(folding_ascii_alone("\\"), "\\");
}

}  // namespace
}  // namespace sluice::expression::regex_test

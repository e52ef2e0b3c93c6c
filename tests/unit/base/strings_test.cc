// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/strings.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::base::strings_test {
namespace {

std::vector<std::string> tokens(std::string_view list) {
  std::vector<std::string> out;
  for (std::string_view token; next_token(list, token);) out.emplace_back(token);
  return out;
}

TEST(Strings, ComparesIgnoringTheCaseOfAsciiLettersOnly) {
  EXPECT_TRUE(equal_ignoring_case("Content-LENGTH", "content-length"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
  EXPECT_FALSE(equal_ignoring_case("\xc4", "\xe4"));
  // Longer than a word, where only letters may differ in the bit that makes the case.
  EXPECT_TRUE(equal_ignoring_case("Application/X-NDJSON", "application/x-ndjson"));
  EXPECT_FALSE(equal_ignoring_case("application[x]ndjson", "application{x}ndjson"));
  EXPECT_FALSE(equal_ignoring_case("application/ndjson-x", "application/ndjson-y"));
  EXPECT_FALSE(equal_ignoring_case("application\x0fndjson-x", "application/ndjson-x"));
}

TEST(Strings, LowersAsciiLettersAndLeavesTheRest) {
  EXPECT_EQ(to_lower("ABC-xyz_09[\xc4"), "abc-xyz_09[\xc4");
}

TEST(Strings, KnowsTheControlCharactersOfAscii) {
  for (char c : {'\0', '\t', '\n', '\x1F', '\x7F'}) EXPECT_TRUE(is_control(c)) << static_cast<int>(c);
  for (char c : {' ', 'a', '~', '\x80', '\xFF'}) EXPECT_FALSE(is_control(c)) << static_cast<int>(c);
}

TEST(Strings, TrimsSpacesAndTabsAtBothEndsAndNothingElse) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim("\ra\n"), "\ra\n");
  EXPECT_EQ(trim(" \t"), "");
}

TEST(Strings, ReadsDecimalNumbersUpToTheLargest) {
  EXPECT_EQ(parse_decimal("0"), 0u);
  EXPECT_EQ(parse_decimal("007"), 7u);
  EXPECT_EQ(parse_decimal("18446744073709551615"), UINT64_MAX);
}

TEST(Strings, RefusesWhatIsNotDigitsAloneOrTooLarge) {
  for (std::string_view bad : {"", "+1", "-1", " 1", "1 ", "1,2", "0x1", "18446744073709551616"})
    EXPECT_EQ(parse_decimal(bad), std::nullopt) << bad;
}

TEST(Strings, SplitsAListAtCommasAndSkipsEmptyElements) {
  EXPECT_EQ(tokens(" a,b ,, \t,c"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(tokens(" , ,").empty());
}

TEST(Strings, FindsATokenOfAListAsAWhole) {
  EXPECT_TRUE(has_token("keep-alive, Upgrade", "upgrade"));
  EXPECT_FALSE(has_token("keep-alive, Upgrades", "upgrade"));
}

TEST(Strings, SuggestsTheNearestWordForATypingError) {
  const std::string_view known[] = {"listeners", "routes", "upstreams"};

  EXPECT_EQ(nearest("listners", known), "listeners");
  EXPECT_EQ(nearest("ruotes", known), "routes");
  EXPECT_EQ(nearest("ROUTES", known), "routes");
}

TEST(Strings, SuggestsNothingForAWordThatIsFarFromAll) {
  const std::string_view known[] = {"to", "routes"};

  EXPECT_EQ(nearest("respond", known), "");
  EXPECT_EQ(nearest("x", known), "");
  EXPECT_EQ(nearest(std::string(1000, 'r'), known), "");
}

TEST(Strings, MatchesGlobsWithAnyNumberOfStars) {
  EXPECT_TRUE(glob_match("X-Internal-*", "x-internal-id"));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("a*b*c", "a-b-b-c"));
  EXPECT_TRUE(glob_match("ab*cd*ef", "ABcdcdEF"));
  EXPECT_TRUE(glob_match("abc", "ABC"));
  EXPECT_FALSE(glob_match("ab*ba", "aba"));
  EXPECT_FALSE(glob_match("ab*cd*ef", "abcef"));
  EXPECT_FALSE(glob_match("a*b", "a-b-c"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_FALSE(glob_match("abc", "ab"));
}

TEST(Strings, MatchesAGlobOfManyStarsWithoutTryingEveryWay) {
  std::string glob;
  for (int i = 0; i < 100; ++i) glob += "*a";

  EXPECT_FALSE(glob_match(glob + "b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace sluice::base::strings_test

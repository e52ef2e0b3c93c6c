// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <re2/re2.h>

#include "tests/unit/routing/request.h"

namespace sluice::routing::regex_pattern_test {
namespace {

using testing::HasSubstr;

TEST(RegexPattern, LosesTheAnchorsThatItHasAnyway) {
  EXPECT_EQ(parsed(parse_regex("^/a$")).regex->pattern(), "/a");
  EXPECT_EQ(parsed(parse_regex("/a")).regex->pattern(), "/a");
  EXPECT_EQ(parsed(parse_regex("^^/a$$")).regex->pattern(), "/a");
}

TEST(RegexPattern, KeepsADollarSign) {
  EXPECT_EQ(parsed(parse_regex("/a\\$")).regex->pattern(), "/a\\$");
  EXPECT_EQ(parsed(parse_regex("/a\\\\$")).regex->pattern(), "/a\\\\");
  EXPECT_EQ(parsed(parse_regex("/\\Qa$")).regex->pattern(), "/\\Qa$");
}

TEST(RegexPattern, RanksByItsLiteralSegments) {
  PathPattern p = parsed(parse_regex("^/users/[0-9]+$"));

  ASSERT_EQ(p.elements.size(), 1u);
  EXPECT_EQ(p.elements[0].text, "users");
  EXPECT_EQ(p.text, "~ ^/users/[0-9]+$");
}

struct Bad {
  std::string_view text;
  std::size_t offset;
  std::string_view says;
};

class BadRegex : public testing::TestWithParam<Bad> {};

TEST_P(BadRegex, IsAFaultAtItsPlace) {
  auto result = parse_regex(GetParam().text);

  auto* fault = std::get_if<PatternFault>(&result);
  ASSERT_TRUE(fault) << GetParam().text;
  EXPECT_EQ(fault->offset, GetParam().offset) << GetParam().text;
  EXPECT_THAT(fault->text, HasSubstr(std::string(GetParam().says))) << GetParam().text;
}

std::string groups(int n, const char* open) {
  std::string text = "/";
  for (int i = 0; i < n; ++i) {
    text += open;
    if (open[1] == '?') text += std::to_string(i) + ">";
    text += "a)";
  }
  return text;
}
const std::string kManyNamed = groups(17, "(?P<n");
const std::string kManyGroups = groups(64, "(");

INSTANTIATE_TEST_SUITE_P(
    All, BadRegex,
    testing::Values(Bad{"", 0, "empty"}, Bad{"^$", 1, "empty"}, Bad{"/a(b", 2, "`)` is missing"},
                    Bad{"^/a)", 3, "`(` is missing"}, Bad{"/[z-a]", 2, "range"}, Bad{"/a**", 2, "repetition"},
                    Bad{"/(?<id>a)", 1, "(?P<name>...)"}, Bad{"/(?=a)", 1, "look-ahead"},
                    Bad{"/(?!a)", 1, "look-ahead"}, Bad{"/(?<=a)", 1, "look-behind"},
                    Bad{"/(?<!a)", 1, "look-behind"}, Bad{"/(a)\\1", 4, "back-references"},
                    Bad{"/((a{100}){100}){100}", 4, "repetition"}, Bad{"users/.*", 0, "starts with `/`"},
                    Bad{"^users", 1, "starts with `/`"}, Bad{"/a b", 2, "`%20`"},
                    Bad{"/\xC3\xA4", 1, "UTF-8"}, Bad{"/a%2fb", 2, "write `%2F`"},
                    Bad{"/%7Ea", 1, "write `~`"}, Bad{"/%c3%a4", 1, "write `%C3`"},
                    Bad{"/%2Ehidden", 1, "write `\\.`"}, Bad{"/a\\?b=.*", 2, "without the query"},
                    Bad{kManyNamed, 151, "16 captures"}, Bad{kManyGroups, 0, "63 groups"}));

TEST(RegexPattern, TakesWhatOnlyLooksLikeAFault) {
  for (auto text : {"/a%2Fb", "/[%2f]", "/(?i)a%2f", "/%[0-9a-f]{2}", "/a?b", "(users)?/.*", ".*\\.php",
                    "u?/a", "/a|users", "/%C3%A4", "[?]?/a"})
    EXPECT_TRUE(std::holds_alternative<PathPattern>(parse_regex(text))) << text;
}

}  // namespace
}  // namespace sluice::routing::regex_pattern_test

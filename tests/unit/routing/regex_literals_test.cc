// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/regex_literals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include <re2/re2.h>

namespace sluice::routing::regex_literals_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(RegexLiterals, AreTheWholeSegmentsAtTheStart) {
  EXPECT_THAT(literal_segments("/users/[0-9]+"), ElementsAre("users"));
  EXPECT_THAT(literal_segments("/api/v1/users/.*"), ElementsAre("api", "v1", "users"));
  EXPECT_THAT(literal_segments("/users"), ElementsAre("users"));
  EXPECT_THAT(literal_segments("/users/"), ElementsAre("users", ""));
  EXPECT_THAT(literal_segments("/a\\.b/c\\/d.*"), ElementsAre("a.b", "c"));
}

TEST(RegexLiterals, EndWhereASegmentMayGoOn) {
  EXPECT_THAT(literal_segments("/users.*"), IsEmpty());
  EXPECT_THAT(literal_segments("/a/b[0-9]"), ElementsAre("a"));
  EXPECT_THAT(literal_segments("/a/b\\d"), ElementsAre("a"));
  EXPECT_THAT(literal_segments("/a/b(c)?"), ElementsAre("a"));
}

TEST(RegexLiterals, LeaveOutARepeatedCharacter) {
  EXPECT_THAT(literal_segments("/a/bc*"), ElementsAre("a"));
  EXPECT_THAT(literal_segments("/a/b+"), ElementsAre("a"));
  EXPECT_THAT(literal_segments("/a/?b"), IsEmpty());
  EXPECT_THAT(literal_segments("/a/b{2}"), ElementsAre("a"));
  EXPECT_THAT(literal_segments("/?a"), IsEmpty());
}

TEST(RegexLiterals, AreNoneBeforeAnAlternative) {
  EXPECT_THAT(literal_segments("/a/b|/c"), IsEmpty());
  EXPECT_THAT(literal_segments("/a/(b|c)"), ElementsAre("a"));
  EXPECT_THAT(literal_segments("/a/[|]"), ElementsAre("a"));
  EXPECT_THAT(literal_segments("/a/\\Q|\\E"), IsEmpty());
}

TEST(RegexLiterals, KnowTheUsualOptionalRest) {
  EXPECT_THAT(literal_segments("/users/?"), ElementsAre("users"));
  EXPECT_THAT(literal_segments("/users(/.*)?"), ElementsAre("users"));
  EXPECT_THAT(literal_segments("/users(?:/.*)?"), ElementsAre("users"));
  EXPECT_THAT(literal_segments("/users(?P<rest>/[^/]+)*"), ElementsAre("users"));
  EXPECT_THAT(literal_segments("/users(/.*)?x"), IsEmpty());
  EXPECT_THAT(literal_segments("/users(/a|b)?"), IsEmpty());
  EXPECT_THAT(literal_segments("/users(/?a)?"), IsEmpty());
}

TEST(RegexLiterals, KnowThePrefix) {
  EXPECT_EQ(literal_prefix("users"), "users");
  EXPECT_EQ(literal_prefix("/users/v\\.[0-9]"), "/users/v.");
  EXPECT_EQ(literal_prefix("u?sers"), "");
  EXPECT_EQ(literal_prefix("(users)?"), "");
  EXPECT_EQ(literal_prefix("a|/b"), "");
}

TEST(RegexLiterals, FindTheParenthesisWithoutAPartner) {
  EXPECT_EQ(unbalanced("/a(b"), 2u);
  EXPECT_EQ(unbalanced("/(a(b)"), 1u);
  EXPECT_EQ(unbalanced("/a)b"), 2u);
  EXPECT_EQ(unbalanced("/(a)[(]\\("), std::nullopt);
}

// Every path that an expression matches starts with the segments that were read off it.
TEST(RegexLiterals, HoldForEveryPathThatMatches) {
  static constexpr std::string_view kPieces[] = {"/", "/", "a", "b", ".",  "*",  "?",    "+",  "(",
                                                 ")", "|", "[", "]", "\\", "(/", "(?:/", ")?", "{2}"};
  std::mt19937 random(3);
  std::vector<std::string> paths;
  for (std::string_view text = "/ab"; paths.size() < 3'000;) {
    std::string p = "/";
    for (std::size_t n = random() % 6; n > 0; --n) p += text[random() % text.size()];
    paths.push_back(p);
  }
  RE2::Options quiet(RE2::Latin1);
  quiet.set_log_errors(false);
  int checked = 0;
  for (int i = 0; i < 30'000; ++i) {
    std::string expression = "/";
    for (std::size_t n = random() % 8; n > 0; --n) expression += kPieces[random() % std::size(kPieces)];
    RE2 re(expression, quiet);
    if (!re.ok()) continue;
    std::string start;
    for (const auto& segment : literal_segments(expression)) start += "/" + segment;
    if (start.empty()) continue;
    for (int k = 0; k < 60; ++k) {
      const auto& p = paths[random() % paths.size()];
      if (!RE2::FullMatch(p, re)) continue;
      ++checked;
      ASSERT_TRUE((p + "/").starts_with(start + "/"))
          << expression << " matches " << p << ", not below " << start;
    }
  }
  EXPECT_GT(checked, 1'000);
}

}  // namespace
}  // namespace sluice::routing::regex_literals_test

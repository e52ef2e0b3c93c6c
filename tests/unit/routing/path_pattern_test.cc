// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/routing/request.h"

namespace sluice::routing::path_pattern_test {
namespace {

using testing::HasSubstr;

// "users|{id}|**": the elements, a tail's name with dots.
std::string shape(const PathPattern& p) {
  std::string out;
  for (const auto& e : p.elements) {
    if (&e != &p.elements.front()) out += "|";
    if (e.kind == PathElement::Kind::literal) out += e.text;
    if (e.kind == PathElement::Kind::param) out += "{" + e.text + "}";
    if (e.kind == PathElement::Kind::tail) out += e.text.empty() ? "**" : "{" + e.text + "...}";
  }
  return out;
}
std::string shape(std::string_view text) { return shape(path(text)); }

TEST(PathPattern, SplitsIntoSegments) {
  EXPECT_EQ(shape("/users/list"), "users|list");
  EXPECT_EQ(shape("/"), "");
  EXPECT_EQ(path("/").elements.size(), 1u);
}

TEST(PathPattern, KeepsATrailingSlashAsAnEmptySegment) { EXPECT_EQ(shape("/users/"), "users|"); }

TEST(PathPattern, KeepsEmptySegments) { EXPECT_EQ(shape("/a//b"), "a||b"); }

TEST(PathPattern, KnowsCaptures) { EXPECT_EQ(shape("/u/{id}/{order-id}/{_x1}"), "u|{id}|{order-id}|{_x1}"); }

TEST(PathPattern, KnowsTails) {
  EXPECT_EQ(shape("/**"), "**");
  EXPECT_EQ(shape("/a/**"), "a|**");
  EXPECT_EQ(shape("/a/{rest...}"), "a|{rest...}");
  EXPECT_TRUE(path("/a/**").has_tail());
  EXPECT_FALSE(path("/a").has_tail());
}

TEST(PathPattern, IsNormalisedAsARequestIs) {
  EXPECT_EQ(shape("/%7euser/%41/%c3%a4/a%2fb"), "~user|A|%C3%A4|a%2Fb");
}

TEST(PathPattern, KeepsTheTextAsWritten) { EXPECT_EQ(path("/%7euser").text, "/%7euser"); }

TEST(PathPattern, StartsAnExpressionWithATilde) {
  PathPattern p = path("~ ^/users/[0-9]+$");

  EXPECT_TRUE(p.regex);
  EXPECT_EQ(p.text, "~ ^/users/[0-9]+$");
  EXPECT_EQ(shape(p), "users");
}

struct Bad {
  std::string_view text;
  std::size_t offset;
  std::string_view says;
};

class BadPath : public testing::TestWithParam<Bad> {};

TEST_P(BadPath, IsAFaultAtItsPlace) {
  auto result = parse_path(GetParam().text);

  auto* fault = std::get_if<PatternFault>(&result);
  ASSERT_TRUE(fault) << GetParam().text;
  EXPECT_EQ(fault->offset, GetParam().offset) << GetParam().text;
  EXPECT_THAT(fault->text, HasSubstr(std::string(GetParam().says))) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadPath,
    testing::Values(
        Bad{"", 0, "`/**` matches every path"}, Bad{"users", 0, "starts with `/`"},
        Bad{"**", 0, "starts with `/`"}, Bad{"/a/**/b", 3, "`**` can only be the last"},
        Bad{"/a/{r...}/b", 3, "`{r...}` can only be the last"}, Bad{"/a/**/", 3, "last segment"},
        Bad{"/a/*", 3, "`{name}` matches one segment"}, Bad{"/a/b*", 4, "`*` is not a pattern"},
        Bad{"/a/***", 3, "`*` is not a pattern"}, Bad{"/v{n}", 2, "whole segment"},
        Bad{"/{name}.json", 1, "whole segment"}, Bad{"/a{", 2, "whole segment"},
        Bad{"/}", 1, "whole segment"}, Bad{"/{}", 2, "needs a name"}, Bad{"/{...}", 2, "needs a name"},
        Bad{"/{1st}", 2, "starts with a letter"}, Bad{"/{a b}", 3, "letters, digits"},
        Bad{"/{a..}", 3, "letters, digits"}, Bad{"/{id}/{id}", 6, "`{id}` is there twice"},
        Bad{"/{id}/{id...}", 6, "twice"}, Bad{"/a?b=c", 2, "without the query"}, Bad{"/a#b", 2, "`#`"},
        Bad{"/a\\b", 2, "`\\`"}, Bad{"/a b", 2, "write `%20`"}, Bad{"/k\xC3\xA4se", 2, "write `%C3%A4`"},
        Bad{"/a\tb", 2, "write `%09`"}, Bad{"/a%2", 2, "`%25`"}, Bad{"/100%", 4, "`%25`"},
        Bad{"/%zz", 1, "`%25`"}, Bad{"/a/../b", 3, "dot segments"}, Bad{"/./b", 1, "dot segments"},
        Bad{"/a/%2e%2E", 3, "dot segments"}, Bad{"/a/%00", 3, "no request has this segment"},
        Bad{"/%ff", 1, "no request has this segment"}, Bad{"/a//**", 3, "one `/` before `**`"},
        Bad{"//**", 1, "one `/` before `**`"}, Bad{"~ ", 2, "the expression is empty"},
        Bad{"~ /a(", 4, "`)` is missing"}, Bad{"~/a(", 3, "`)` is missing"}, Bad{"~ ^/a[", 5, "missing ]"}));

TEST(PathPattern, HasSixteenCapturesAtMost) {
  std::string text;
  for (int i = 0; i < 16; ++i) text += "/{p" + std::to_string(i) + "}";

  EXPECT_EQ(path(text).elements.size(), 16u);
  auto result = parse_path(text + "/{more}");
  ASSERT_TRUE(std::get_if<PatternFault>(&result));
  EXPECT_EQ(std::get<PatternFault>(result).offset, text.size() + 1);
}

TEST(PathPattern, Has128SegmentsAtMost) {
  std::string text;
  for (int i = 0; i < 128; ++i) text += "/a";

  EXPECT_EQ(path(text).elements.size(), 128u);
  auto result = parse_path(text + "/b");
  ASSERT_TRUE(std::get_if<PatternFault>(&result));
  EXPECT_EQ(std::get<PatternFault>(result).offset, text.size() + 1);
}

}  // namespace
}  // namespace sluice::routing::path_pattern_test

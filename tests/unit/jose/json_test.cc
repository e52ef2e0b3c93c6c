// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::jose::json_test {
namespace {

using testing::HasSubstr;

Json good(std::string_view text) {
  auto json = Json::parse(text);
  if (!json) throw std::runtime_error(json.error().detail);
  return std::move(*json);
}
std::string why_bad(std::string_view text, const JsonLimits& limits = {}) {
  auto json = Json::parse(text, limits);
  return json ? "" : json.error().detail;
}

TEST(Json, FindsMembersAndKeepsWhatWasReceived) {
  Json json = good(R"( {"a": "x", "b" : [1, {"c": null}], "d": {"e": -1.5e3}, "f": true} )");

  EXPECT_EQ(json.find("a")->text, "x");
  EXPECT_EQ(json.find("a")->raw, "\"x\"");
  EXPECT_EQ(json.find("b")->raw, R"([1, {"c": null}])");
  EXPECT_EQ(json.find(*json.find("d"), "e")->number(), -1500);
  EXPECT_EQ(json.find("f")->text, "true");
  EXPECT_EQ(json.find("g"), nullptr);
  EXPECT_EQ(json.find(*json.find("a"), "x"), nullptr);
}

TEST(Json, WalksElementsInOrder) {
  Json json = good(R"([1, [], "two", {}])");

  std::string seen;
  for (const auto* v = json.first(json.root()); v; v = json.next(*v)) seen += std::string(v->text) + ";";

  EXPECT_EQ(seen, "1;[];two;{};");
}

TEST(Json, DecodesEscapes) {
  Json json = good(R"({"\u0061b": "\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude00é", "second": "a\u0000b"})");

  EXPECT_EQ(json.find("ab")->text, "\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9");
  EXPECT_EQ(json.find("second")->text, std::string_view("a\0b", 3));
}

TEST(Json, StaysWholeWhenItIsMoved) {
  Json json = good(R"({"a":"\u0062"})");
  Json moved = std::move(json);

  EXPECT_EQ(moved.find("a")->text, "b");
}

TEST(Json, RefusesWhatTwoReadersCouldReadDifferently) {
  EXPECT_THAT(why_bad(R"({"a":1,"a":2})"), HasSubstr("second time"));
  EXPECT_THAT(why_bad(R"({"a":1,"\u0061":2})"), HasSubstr("second time"));
  EXPECT_THAT(why_bad("\"\\ud800\""), HasSubstr("half a character"));
  EXPECT_THAT(why_bad("\"\\udc00\\ud800\""), HasSubstr("half a character"));
  EXPECT_THAT(why_bad("\"\\ud800\\u0061\""), HasSubstr("half a character"));
  EXPECT_THAT(why_bad("\"\xc0\xaf\""), HasSubstr("UTF-8"));
  EXPECT_THAT(why_bad("{} {}"), HasSubstr("follows"));
}

TEST(Json, RefusesWhatIsNoJson) {
  for (std::string_view bad : {"",
                               " ",
                               "{",
                               "}",
                               "[1,]",
                               "{\"a\":}",
                               "{\"a\" 1}",
                               "{a:1}",
                               "{\"a\":1,}",
                               "[1 2]",
                               "01",
                               "-",
                               "1.",
                               ".5",
                               "1e",
                               "+1",
                               "tru",
                               "nullx",
                               "'a'",
                               "\"a",
                               "\"\\x\"",
                               "\"\\u12\"",
                               "\"\\u12g4\"",
                               "\"\t\"",
                               "\"\\",
                               "NaN",
                               "[",
                               "[1",
                               "{\"a\"",
                               "{\"a\":1",
                               "\xef\xbb\xbf{}",
                               "\"\\u-123\""})
    EXPECT_NE(why_bad(bad), "") << bad;
  EXPECT_NE(why_bad(std::string_view("{}\0", 3)), "");
}

TEST(Json, HasBoundsOfDepthAndNumber) {
  EXPECT_EQ(why_bad("[[[]]]", {3, 10, 10}), "");
  EXPECT_THAT(why_bad("[[[[]]]]", {3, 10, 10}), HasSubstr("too deep"));
  EXPECT_THAT(why_bad(std::string(100000, '[')), HasSubstr("too deep"));
  EXPECT_THAT(why_bad("[1,2,3]", {3, 3, 10}), HasSubstr("too many values"));
  EXPECT_THAT(why_bad(R"({"a":1,"b":2})", {3, 10, 1}), HasSubstr("too many members"));
}

TEST(Json, HasNoNumberForWhatNoDoubleHolds) {
  EXPECT_EQ(good("1e999").root().number(), std::nullopt);
  EXPECT_EQ(good("\"1\"").root().number(), std::nullopt);
  EXPECT_EQ(good("1700000000.25").root().number(), 1700000000.25);
}

}  // namespace
}  // namespace sluice::jose::json_test

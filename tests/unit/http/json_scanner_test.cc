// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/json_scanner.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http::json_scanner_test {
namespace {

// "" or what is wrong, whatever pieces the text comes in.
std::string fault(std::string_view text, const JsonLimits& limits = {}) {
  std::uint32_t room[JsonLimits::kMostDepth];
  JsonScanner whole(limits, room);
  whole.feed(text);
  whole.finish();
  for (std::size_t size : {1U, 5U, 17U}) {
    JsonScanner pieces(limits, room);
    for (auto left = text; !left.empty(); left.remove_prefix(std::min(size, left.size())))
      pieces.feed(left.substr(0, size));
    pieces.finish();
    EXPECT_EQ(whole.fault(), pieces.fault()) << text;
  }
  return std::string(whole.fault());
}

TEST(JsonScanner, TakesEveryKindOfValue) {
  for (auto text : {"{}", "[]", " [ ] ", "0", "-0", "12", "-1.5e+10", "1E5", "0.25", "true", "false", "null",
                    "\"\"", R"("a\"\\\/\b\f\n\r\t\u00e9")", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"",
                    R"({"a": [1, {"b": null}], "c": "x"})", "\t[1 ,2]\r\n"})
    EXPECT_EQ(fault(text), "") << text;
}

TEST(JsonScanner, TakesNothingElse) {
  for (auto text : {"",
                    " ",
                    "[",
                    "{",
                    "{\"a\"",
                    "{\"a\":",
                    "{\"a\":1",
                    "\"a",
                    "[1,]",
                    "{\"a\":1,}",
                    "{,}",
                    "[,1]",
                    "[1 2]",
                    "{\"a\" 1}",
                    "{a:1}",
                    "{'a':1}",
                    "[1]]",
                    "{}}",
                    "[}",
                    "{]",
                    "01",
                    "-",
                    "1.",
                    ".5",
                    "1e",
                    "1e+",
                    "+1",
                    "tru",
                    "truE",
                    "nul",
                    "NaN",
                    "Infinity",
                    "0x10",
                    "\"\\x\"",
                    "\"\\u12g4\"",
                    "\"\n\"",
                    "[1]x",
                    "1 2",
                    "// a\n[1]",
                    "[1 /* b */]",
                    "\xef\xbb\xbf[]",
                    "[\"\xff\"]",
                    "\"\xc0\xaf\"",
                    "\"\xed\xa0\x80\"",
                    "\"\xf4\x90\x80\x80\"",
                    "\"\xc3\""})
    EXPECT_NE(fault(text), "") << text;
}

TEST(JsonScanner, RefusesWhatIsNestedTooDeeply) {
  JsonLimits limits;
  limits.depth = 3;
  EXPECT_EQ(fault("[[[]]]", limits), "");
  EXPECT_EQ(fault("[[[1]],{\"a\":{}}]", limits), "");
  EXPECT_EQ(fault("[[[[", limits), "is nested too deeply");
  EXPECT_EQ(fault("[{\"a\":[{", limits), "is nested too deeply");
  EXPECT_EQ(fault(R"(["[[[[[["])", limits), "");
  limits.depth = JsonLimits::kMostDepth;
  std::string deep(JsonLimits::kMostDepth, '[');
  EXPECT_EQ(fault(deep + std::string(deep.size(), ']'), limits), "");
  EXPECT_EQ(fault(deep + "[", limits), "is nested too deeply");
}

TEST(JsonScanner, CountsMembersOfEachOnItsOwn) {
  JsonLimits limits;
  limits.members = 2;
  EXPECT_EQ(fault("[[1,2],[3,4]]", limits), "");
  EXPECT_EQ(fault(R"({"a":{"b":1,"c":2},"d":3})", limits), "");
  EXPECT_EQ(fault("[1,2,3]", limits), "has an array or object with too many members");
  EXPECT_EQ(fault(R"({"a":1,"b":2,"c":3})", limits), "has an array or object with too many members");
}

TEST(JsonScanner, MeasuresStringsAndNames) {
  JsonLimits limits;
  limits.string = 4;
  limits.key = 2;
  EXPECT_EQ(fault(R"({"ab":"abcd"})", limits), "");
  EXPECT_EQ(fault(R"(["abcde"])", limits), "has a string that is too long");
  EXPECT_EQ(fault(R"({"abc":1})", limits), "has a name that is too long");
}

// Plain characters are passed over sixteen at a time.
TEST(JsonScanner, LooksAtEveryCharacterOfLongStrings) {
  JsonLimits limits;
  for (std::size_t size : {15U, 16U, 17U, 31U, 32U, 33U, 48U}) {
    limits.string = static_cast<std::uint32_t>(size);
    EXPECT_EQ(fault('"' + std::string(size, 'a') + '"', limits), "") << size;
    EXPECT_EQ(fault('"' + std::string(size + 1, 'a') + '"', limits), "has a string that is too long") << size;
    for (std::size_t at = 0; at < size; ++at) {
      auto with = [&](std::string_view odd) {
        return '"' + std::string(at, 'a').append(odd).append(size - at, 'b') + '"';
      };
      EXPECT_EQ(fault(with("\n")), "is no JSON") << at;
      EXPECT_EQ(fault(with("\xff")), "is no UTF-8") << at;
      EXPECT_EQ(fault(with("\\x")), "is no JSON") << at;
      EXPECT_EQ(fault(with("\"")), "has something behind its JSON") << at;
      EXPECT_EQ(fault(with("\\u00e9\xc3\xa9\x7f")), "") << at;
    }
  }
}

TEST(JsonScanner, CountsAllValues) {
  JsonLimits limits;
  limits.values = 3;
  EXPECT_EQ(fault("[1,2]", limits), "");
  EXPECT_EQ(fault("[1,2,3]", limits), "has too many values");
}

}  // namespace
}  // namespace sluice::http::json_scanner_test

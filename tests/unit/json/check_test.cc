// SPDX-License-Identifier: Apache-2.0
// check() of gateway/json/check.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/json/path.h"

#include "tests/unit/json/padded.h"

namespace sluice::json::check_test {
namespace {

// "" or "7: what is wrong". Whatever stands behind the text makes no difference.
std::string fault(std::string_view text) {
  std::string out;
  for (char behind : {'\0', '0', '"', '}', 'e', '\x80'}) {
    auto found = check(Padded(text, behind));
    std::string now = found ? std::to_string(found->offset) + ": " + found->message : "";
    if (behind != '\0' && now != out)
      ADD_FAILURE() << text << " with " << int{behind} << ": " << now << ", " << out;
    out = now;
  }
  return out;
}

TEST(JsonCheck, AcceptsJson) {
  for (std::string_view text : {"{}",
                                "[]",
                                " [ ] ",
                                "{ }",
                                "0",
                                "-0",
                                "-12.5e+7",
                                "1E9",
                                "\"\"",
                                "true",
                                "false",
                                "null",
                                "\n\t\r null \n",
                                R"({"a":1,"a":2,"":[{},[],"",null]})",
                                R"("\"\\\/\b\f\n\r\t\u00Af\ud800")",
                                "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"",
                                "123456789012345678901234567890123456789012345678901234567890.123456789",
                                "[1,[2,[3,{\"x\":[4]}]]]",
                                "\"\x7F\"",
                                "\"\xEF\xBF\xBF\xF4\x8F\xBF\xBF\""})
    EXPECT_EQ(fault(text), "") << text;
}

TEST(JsonCheck, RefusesWhatIsNot) {
  for (std::string_view text : {"",
                                " ",
                                "{",
                                "[",
                                "\"",
                                "\"a",
                                "{\"a\"",
                                "{\"a\":",
                                "{\"a\":1",
                                "{\"a\":1,",
                                "[1",
                                "[1,",
                                "[1,]",
                                "{\"a\":1,}",
                                "{,}",
                                "[,]",
                                "{a:1}",
                                "{'a':1}",
                                "{\"a\" 1}",
                                "{1:2}",
                                "[1 2]",
                                "{\"a\":1 \"b\":2}",
                                "1 2",
                                "{}{}",
                                "[]]",
                                "{}}",
                                "[}",
                                "{]",
                                "[1}",
                                "{\"a\":1]",
                                "tru",
                                "truE",
                                "nul",
                                "falsy",
                                "nan",
                                "Infinity",
                                "-",
                                "+1",
                                "01",
                                "-01",
                                "1.",
                                ".5",
                                "1.e5",
                                "1e",
                                "1e+",
                                "0x10",
                                "1_000",
                                "\"\\x\"",
                                "\"\\u12\"",
                                "\"\\u12g4\"",
                                "\"\\",
                                "\"\\u",
                                "\"\n\"",
                                "\"\t\"",
                                "\"\x01\"",
                                "\"\x80\"",
                                "\"\xC3\"",
                                "\"\xC0\xAF\"",
                                "\"\xED\xA0\x80\"",
                                "\"\xF4\x90\x80\x80\"",
                                "\"\xE0\x80\x80\"",
                                "\"\xF0\x80\x80\x80\"",
                                "\"\xFF\"",
                                "// c\n1",
                                "1//",
                                "\xEF\xBB\xBF{}",
                                ":",
                                "\x0B"})
    EXPECT_NE(fault(text), "") << text;
  EXPECT_NE(fault(std::string_view("\0", 1)), "");
  EXPECT_NE(fault(std::string_view("1\0", 2)), "");
  EXPECT_NE(fault(std::string_view("\"\0\"", 3)), "");
}

TEST(JsonCheck, SaysWhereAndWhat) {
  EXPECT_EQ(fault("{\"a\":1 \"b\":2}"), "7: expected , or }");
  EXPECT_EQ(fault("[1 2]"), "3: expected , or ]");
  EXPECT_EQ(fault("{\"a\":[1,2"), "9: the text ends too early");
  EXPECT_EQ(fault("{} x"), "3: something follows the value");
  EXPECT_EQ(fault("{a:1}"), "1: expected a name in quotes");
  EXPECT_EQ(fault("{\"a\";1}"), "4: expected a colon");
  EXPECT_EQ(fault("[yes]"), "1: expected a value");
  EXPECT_EQ(fault(""), "0: the text is empty");
}

TEST(JsonCheck, BoundsNesting) {
  auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_EQ(fault(nested(kDeepest)), "");
  EXPECT_EQ(fault(nested(kDeepest + 1)), "1024: nested too deeply");
  EXPECT_EQ(fault(std::string(1'000'000, '[')), "1024: nested too deeply");
  std::string objects;
  for (unsigned i = 0; i < kDeepest; ++i) objects += "{\"a\":";
  EXPECT_EQ(fault(objects + "1" + std::string(kDeepest, '}')), "");
}

TEST(JsonCheck, AcceptsEverythingThatIsMadeAtRandomAndNoPartOfIt) {
  RandomJson random(1);
  for (int i = 0; i < 3000; ++i) {
    std::string text = random.value();
    ASSERT_FALSE(check(Padded(text))) << text;
    if (text[0] != '{' && text[0] != '[' && text[0] != '"') continue;
    std::string part = text.substr(0, random.below(text.size()));
    ASSERT_TRUE(check(Padded(part))) << part;
  }
}

// What check() finds on a way of names, "-" if nothing; find() must say the same.
std::string found(std::string_view text, std::string_view path) {
  Padded padded(text);
  auto steps = std::get<Path>(Path::parse(path)).steps();
  std::string_view out;
  EXPECT_FALSE(check(padded, steps, out)) << text;
  EXPECT_EQ(out, find(trimmed(padded), steps).value_or(std::string_view())) << text << " " << path;
  return out.data() ? std::string(out) : "-";
}

TEST(JsonCheck, FindsWhatStandsAtTheEndOfAWay) {
  EXPECT_EQ(found(R"({"data": {"items": [ 1 , {"items":2} ] }, "page": 1})", "data.items"),
            R"([ 1 , {"items":2} ])");
  EXPECT_EQ(found(R"({"x":{"data":{"items":0}},"data":{"x":{"items":1},"items":-2.50e1 }})", "data.items"),
            "-2.50e1");
  EXPECT_EQ(found(R"({"a":"b","c":{}})", "a"), R"("b")");
  EXPECT_EQ(found(R"({"c":{},"a" : null})", "a"), "null");
  EXPECT_EQ(found(R"({"d\u0061ta":1})", "data"), "1");
  EXPECT_EQ(found(R"({"a":{"b":{"c":{"d":{"e":7}}}}})", "a.b.c.d.e"), "7");
}

TEST(JsonCheck, FindsTheLastOfSeveral) {
  EXPECT_EQ(found(R"({"a":{"b":1},"a":{"b":2}})", "a.b"), "2");
  EXPECT_EQ(found(R"({"a":{"b":1,"b":2}})", "a.b"), "2");
  EXPECT_EQ(found(R"({"a":{"b":1},"a":{}})", "a.b"), "-");
  EXPECT_EQ(found(R"({"a":{"b":1},"a":[{"b":2}]})", "a.b"), "-");
}

TEST(JsonCheck, FindsNothingWhereTheWayEnds) {
  EXPECT_EQ(found(R"({"a":[{"b":1}],"b":1})", "a.b"), "-");
  EXPECT_EQ(found(R"([{"a":1}])", "a"), "-");
  EXPECT_EQ(found("7", "a"), "-");
  EXPECT_EQ(found(R"({"a":{}})", "a.b"), "-");
}

TEST(JsonCheck, FindsTheSameAsFindInWhateverThereIs) {
  RandomJson random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string value = random.value();
    for (std::string_view path : {"a", "b.a", "a.a", "key", "a.b.key"}) found(value, path);
  }
}

}  // namespace
}  // namespace sluice::json::check_test

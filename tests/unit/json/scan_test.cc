// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/json/padded.h"

namespace sluice::json::scan_test {
namespace {

std::string_view skipped(std::string_view text) {
  const char* end = skip_value(text.data());
  return text.substr(0, static_cast<std::size_t>(end - text.data()));
}

TEST(JsonScan, TellsTypes) {
  EXPECT_EQ(type_of("{}"), Type::object);
  EXPECT_EQ(type_of("[]"), Type::array);
  EXPECT_EQ(type_of("\"\""), Type::string);
  EXPECT_EQ(type_of("-1"), Type::number);
  EXPECT_EQ(type_of("false"), Type::boolean);
  EXPECT_EQ(type_of("null"), Type::null);
}

TEST(JsonScan, SkipsOneValue) {
  for (std::string_view value :
       {"{}", "[]", "true", "false", "null", "-1.5e+9", "\"a\\\"]\"", "[[1],{\"}\":\"]\"}]"})
    EXPECT_EQ(skipped(Padded(std::string(value) + ",1]")), value);
}

// Quotes and runs of backslashes at every place around the ends of blocks.
TEST(JsonScan, SkipsStringsWhereverTheyLie) {
  for (std::size_t before = 0; before < 140; ++before)
    for (std::size_t slashes = 0; slashes < 6; ++slashes) {
      std::string text =
          "[" + std::string(before, ' ') + "\"" + std::string(2 * slashes, '\\') + "\",\"]\\\"]\"]";
      Padded padded(text + "]]]");
      ASSERT_EQ(skipped(padded), text);
    }
}

TEST(JsonScan, SkipsWhatIsMadeAtRandom) {
  RandomJson random(2);
  for (int i = 0; i < 3000; ++i) {
    std::string text = random.value();
    Padded padded(text + random.value().substr(0, 0) + ", 7");
    ASSERT_EQ(skipped(padded), text);
  }
}

TEST(JsonScan, WalksMembers) {
  Padded text(R"( { "a" : 1 ,"b\n":[1,2], "a":{"x":"}"} ,"":null } )");
  std::string seen;
  Members members(trimmed(text));
  for (Member m; members.next(m);) seen += std::string(m.key) + "=" + std::string(m.value) + ";";

  EXPECT_EQ(seen, R"(a=1;b\n=[1,2];a={"x":"}"};=null;)");
}

TEST(JsonScan, WalksItems) {
  Padded text(R"([ 1 , "a,]" ,[2,3],{} ])");
  std::string seen;
  Items items(text);
  for (std::string_view i; items.next(i);) seen += std::string(i) + ";";

  EXPECT_EQ(seen, R"(1;"a,]";[2,3];{};)");
  Padded empty("[ ]");
  Items none(empty);
  std::string_view i;
  EXPECT_FALSE(none.next(i));
}

// Walking through all of a value, by members and items, gives back the value.
std::string rebuilt(std::string_view value) {
  std::string out;
  if (is(value, Type::object)) {
    Members members(value);
    for (Member m; members.next(m);)
      out += (out.empty() ? "\"" : ",\"") + std::string(m.key) + "\":" + rebuilt(m.value);
    return "{" + out + "}";
  }
  if (!is(value, Type::array)) return std::string(value);
  Items items(value);
  for (std::string_view i; items.next(i);) out += (out.empty() ? "" : ",") + rebuilt(i);
  return "[" + out + "]";
}

TEST(JsonScan, LosesNothingOnTheWay) {
  RandomJson random(3);
  for (int i = 0; i < 2000; ++i) {
    Padded first(random.value());
    Padded again(rebuilt(first));
    ASSERT_FALSE(check(again)) << again.text();
    ASSERT_EQ(rebuilt(again), again.text());
  }
}

}  // namespace
}  // namespace sluice::json::scan_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/cookies.h"

#include <gtest/gtest.h>

#include "tests/support/fake_stream.h"

namespace sluice::chain::cookies_test {
namespace {

struct Cookies {
  explicit Cookies(std::vector<std::string> lines) : text(std::move(lines)), fields(arena) {
    for (const auto& line : text) fields.add(http::FieldId::cookie, line);
  }
  std::vector<std::string> text;
  base::Arena arena;
  http::Fields fields;
};

std::string found(std::vector<std::string> lines, std::string_view name) {
  Cookies c(std::move(lines));
  auto cookie = find_cookie(c.fields, name);
  return std::to_string(cookie.count) + ":" + std::string(cookie.value);
}

std::string left(std::vector<std::string> lines, std::string_view name) {
  Cookies c(std::move(lines));
  remove_cookie(c.fields, name);
  return test::lines(c.fields);
}

// Each as "name=value ".
std::string found_with(std::vector<std::string> lines, std::string_view prefix, std::size_t most) {
  Cookies c(std::move(lines));
  std::string out;
  for (const auto& cookie : cookies_with(c.fields, prefix, most))
    out.append(cookie.name).append("=").append(cookie.value).append(" ");
  return out;
}

std::string left_without(std::vector<std::string> lines, std::string_view prefix) {
  Cookies c(std::move(lines));
  remove_cookies_with(c.fields, prefix);
  return test::lines(c.fields);
}

// So many names, as somebody may make them up.
std::string made_up(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += "key." + std::to_string(i) + "=; ";
  return out;
}

TEST(Cookies, AreFoundByTheBeginningOfTheirName) {
  EXPECT_EQ(found_with({"a=1; key.x=2", "key.y=3; Key.z=4; key=5"}, "key.", 9), "key.x=2 key.y=3 ");
  EXPECT_EQ(found_with({"key.x=1; key.y=2; key.x=3"}, "key.", 9), "key.x=1 key.y=2 ") << "each name once";
  EXPECT_EQ(found_with({"key.x=1; key.y=2", "key.z=3"}, "key.", 2), "key.x=1 key.y=2 ")
      << "no more than that";
  EXPECT_EQ(found_with({"a=1"}, "none", 9), "");
}

TEST(Cookies, AreTakenOutByTheBeginningOfTheirName) {
  EXPECT_EQ(left_without({"a=1; key.x=2; b=3; key.y=4; key.x=5", "key.z=6"}, "key."), "Cookie: a=1; b=3\n");
  EXPECT_EQ(left_without({"a=1;  b=2", "Key.x=3; key=4"}, "key."),
            "Cookie: a=1;  b=2\nCookie: Key.x=3; key=4\n")
      << "lines without one stay as they are";
}

TEST(Cookies, AreTakenOutInOnePassHoweverManyThereAre) {
  Cookies c({made_up(800) + "a=1"});
  const std::size_t line = c.text[0].size();

  remove_cookies_with(c.fields, "key.");

  EXPECT_EQ(test::lines(c.fields), "Cookie: a=1\n");
  EXPECT_LE(c.arena.held(), 4 * line);
}

TEST(Cookies, AreFoundByName) {
  EXPECT_EQ(found({"a=1; key=abc; b=2"}, "key"), "1:abc");
  EXPECT_EQ(found({"a=1;key=x=y ;b"}, "key"), "1:x=y");
  EXPECT_EQ(found({"a=1", "key=abc"}, "key"), "1:abc");
  EXPECT_EQ(found({"key=1; key=2"}, "key"), "2:1");
  EXPECT_EQ(found({"Key=1; mykey=2; key2=3; =key"}, "key"), "0:") << "names are compared as they are";
  EXPECT_EQ(found({"b"}, "b"), "1:");
  EXPECT_EQ(found({"", ";;", "="}, "key"), "0:");
}

TEST(Cookies, AreTakenOutAlone) {
  EXPECT_EQ(left({"a=1; key=abc; b=2"}, "key"), "Cookie: a=1; b=2\n");
  EXPECT_EQ(left({"a=1;b;c;key=abc"}, "key"), "Cookie: a=1; b; c\n");
  EXPECT_EQ(left({"key=abc; key=x"}, "key"), "");
  EXPECT_EQ(left({"a=1;  b=2", "key=x"}, "key"), "Cookie: a=1;  b=2\n") << "other lines stay as they are";
}

}  // namespace
}  // namespace sluice::chain::cookies_test

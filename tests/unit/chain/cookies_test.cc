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

TEST(Cookies, AreFoundByTheBeginningOfTheirName) {
  Cookies c({"a=1; key.x=2", "key.y=3; Key.z=4; key=5"});
  EXPECT_EQ(cookies_with(c.fields, "key."), (std::vector<std::string_view>{"key.x", "key.y"}));
  EXPECT_EQ(cookies_with(c.fields, "none"), std::vector<std::string_view>());
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

// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/example.h"

#include <gtest/gtest.h>

namespace sluice::routing::example_test {
namespace {

TEST(Example, ShowsTheRequestThatItIs) {
  Example example("POST", "api.example.com", "/a");
  EXPECT_EQ(example.text(), "POST http://api.example.com/a");
  EXPECT_EQ(example.head().method, http::Method::post);
  EXPECT_EQ(example.head().host, "api.example.com");

  example.add_parameter("a b", "c&d");
  example.add_parameter("e", "");
  example.add_field("X-A", "1");
  example.add_cookie("s", "t");

  EXPECT_EQ(example.text(), "POST http://api.example.com/a?a%20b=c%26d&e= with X-A: 1 and Cookie: s=t");
  EXPECT_TRUE(example.head().has_query);
  EXPECT_EQ(example.head().fields.value(http::FieldId::cookie), "s=t");
}

}  // namespace
}  // namespace sluice::routing::example_test

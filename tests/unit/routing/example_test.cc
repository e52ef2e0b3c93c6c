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

// The witness is asked with what it holds, and shown to whoever reads what `check` says.
TEST(Example, ShowsNoCredentials) {
  Example example("GET", "a.example", "/");
  example.add_parameter("auth_token", "secret-1");
  example.add_parameter("page", "2");
  example.add_field("Authorization", "Bearer secret-2");
  example.add_field("X-Api-Key", "secret-3");
  example.add_cookie("access_token", "secret-4");
  example.add_cookie("beta", "1");

  EXPECT_EQ(example.text(),
            "GET http://a.example/?auth_token=***&page=2 with Authorization: *** and X-Api-Key: *** and "
            "Cookie: access_token=*** and Cookie: beta=1");
  EXPECT_EQ(example.head().fields.value(http::FieldId::authorization), "Bearer secret-2");
}

}  // namespace
}  // namespace sluice::routing::example_test

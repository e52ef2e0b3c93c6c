// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/names.h"

#include <gtest/gtest.h>

namespace sluice::config::names_test {
namespace {

TEST(Names, AreUniquePerKind) {
  Names names;

  EXPECT_TRUE(names.define("upstream", "orders", {1, 2, 3}));
  EXPECT_FALSE(names.define("upstream", "orders", {1, 9, 9}));
  EXPECT_TRUE(names.define("policy", "orders"));

  EXPECT_EQ(names.place("upstream", "orders"), (Place{1, 2, 3}));
  EXPECT_EQ(names.place("policy", "orders"), Place{});
  EXPECT_EQ(names.place("upstream", "x"), Place{});
  EXPECT_EQ(names.place("route", "x"), Place{});
  EXPECT_TRUE(names.known("upstream", "orders"));
  EXPECT_FALSE(names.known("upstream", "users"));
  EXPECT_FALSE(names.known("route", "orders"));
  EXPECT_EQ(names.count("upstream"), 1u);
  EXPECT_EQ(names.count("route"), 0u);
}

TEST(Names, ProposeTheNearestOfTheKind) {
  Names names;
  names.define("upstream", "orders");
  names.define("policy", "borders");

  EXPECT_EQ(names.nearest("upstream", "oders"), "orders");
  EXPECT_EQ(names.nearest("upstream", "zzz"), "");
  EXPECT_EQ(names.nearest("route", "orders"), "");
}

}  // namespace
}  // namespace sluice::config::names_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/values.h"

#include <gtest/gtest.h>

namespace sluice::config::values_test {
namespace {

TEST(ByName, KeepsTheOrderAndFindsByName) {
  ByName<int> map;
  map.emplace("zebra") = 1;
  map.emplace("ant") = 2;
  map.emplace("monkey") = 3;

  EXPECT_EQ(map.size(), 3u);
  EXPECT_EQ(map[0].first, "zebra");
  EXPECT_EQ(map[2].first, "monkey");
  EXPECT_EQ(*map.find("ant"), 2);
  EXPECT_EQ(map.index_of("monkey"), 2u);
  EXPECT_EQ(map.find("bee"), nullptr);
  EXPECT_FALSE(map.index_of("").has_value());
}

TEST(ByName, GivesTheSameValueForTheSameName) {
  ByName<int> map;
  map.emplace("a") = 1;
  map.emplace("a") = 2;

  EXPECT_EQ(map.size(), 1u);
  EXPECT_EQ(*map.find("a"), 2);
}

TEST(ByName, IsComparedInOrder) {
  ByName<int> a, b;
  a.emplace("x") = 1;
  a.emplace("y") = 2;
  b.emplace("y") = 2;
  b.emplace("x") = 1;

  EXPECT_FALSE(a == b);
  EXPECT_TRUE(a == a);
}

TEST(ByName, CanBeCopied) {
  ByName<int> a;
  a.emplace("x") = 1;
  ByName<int> b = a;
  b.emplace("w") = 2;

  EXPECT_EQ(*b.find("x"), 1);
  EXPECT_EQ(a.find("w"), nullptr);
}

}  // namespace
}  // namespace sluice::config::values_test

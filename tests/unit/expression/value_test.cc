// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/value.h"

#include <gtest/gtest.h>

namespace sluice::expression::value_test {
namespace {

TEST(Value, ReadsNumbers) {
  EXPECT_EQ(Value::number("42").kind, Value::Kind::integer);
  EXPECT_EQ(Value::number("-9223372036854775808").integer, INT64_MIN);
  EXPECT_EQ(Value::number("9223372036854775808").kind, Value::Kind::real);
  EXPECT_EQ(Value::number("1e3").real, 1000);
  EXPECT_EQ(Value::number("x").kind, Value::Kind::absent);
  EXPECT_EQ(Value::number("").kind, Value::Kind::absent);
}

TEST(Value, ComparesWholeNumbersExactly) {
  EXPECT_EQ(order(Value::number("9007199254740993"), Value::number("9007199254740992")), 1);
  EXPECT_TRUE(equal(Value::number("1"), Value::number("1.0")));
}

TEST(Texts, HoldTextsAlone) {
  const std::string_view all[] = {"a", "7"};
  Texts texts(all);

  EXPECT_EQ(texts.size(), 2u);
  EXPECT_TRUE(texts.contains(Value::of(std::string_view("7"))));
  EXPECT_FALSE(texts.contains(Value::of(std::string_view("b"))));
  EXPECT_FALSE(texts.contains(Value::of(std::int64_t{7})));
}

TEST(Value, HasNoOrderBetweenKinds) {
  EXPECT_EQ(order(Value::of(true), Value::of(false)), 2);
  EXPECT_EQ(order(Value::of(std::string_view("1")), Value::of(std::int64_t{1})), 2);
  EXPECT_FALSE(equal(Value(), Value()));
  EXPECT_TRUE(equal(Value::null(), Value::null()));
}

}  // namespace
}  // namespace sluice::expression::value_test

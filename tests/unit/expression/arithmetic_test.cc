// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/arithmetic.h"

#include <gtest/gtest.h>

namespace sluice::expression::arithmetic_test {
namespace {

Value whole(std::int64_t i) { return Value::of(i); }

TEST(Arithmetic, KeepsWholeNumbersExact) {
  EXPECT_EQ(calculate(Op::add, whole(9007199254740992), whole(1)).integer, 9007199254740993);
  EXPECT_EQ(calculate(Op::divide, whole(-7), whole(2)).integer, -3);
  EXPECT_EQ(calculate(Op::remainder, whole(-7), whole(2)).integer, -1);
  EXPECT_EQ(calculate(Op::multiply, whole(3), whole(-4)).kind, Value::Kind::integer);
}

TEST(Arithmetic, IsRealWhereOneSideIs) {
  Value v = calculate(Op::divide, whole(7), Value::of(2.0));
  EXPECT_EQ(v.kind, Value::Kind::real);
  EXPECT_EQ(v.real, 3.5);
}

TEST(Arithmetic, HasNoValueForWhatDoesNotFit) {
  EXPECT_EQ(calculate(Op::add, whole(INT64_MAX), whole(1)).kind, Value::Kind::absent);
  EXPECT_EQ(calculate(Op::divide, whole(INT64_MIN), whole(-1)).kind, Value::Kind::absent);
  EXPECT_EQ(calculate(Op::remainder, whole(1), whole(0)).kind, Value::Kind::absent);
  EXPECT_EQ(calculate(Op::divide, Value::of(1.0), whole(0)).kind, Value::Kind::absent);
  EXPECT_EQ(calculate(Op::remainder, Value::of(5.5), whole(2)).kind, Value::Kind::absent);
  EXPECT_EQ(calculate(Op::add, Value::of(true), whole(2)).kind, Value::Kind::absent);
  EXPECT_EQ(negative(whole(INT64_MIN)).kind, Value::Kind::absent);
  EXPECT_EQ(negative(Value::null()).kind, Value::Kind::absent);
}

}  // namespace
}  // namespace sluice::expression::arithmetic_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/looked_at.h"

#include <gtest/gtest.h>

#include "tests/unit/json/padded.h"

namespace sluice::compose::looked_at_test {
namespace {

using expression::Value;
using json::Padded;

TEST(LookedAt, SeesJsonAsValues) {
  base::Arena arena;
  Padded number("7"), text(R"("a\u0062")"), list(R"([1,"b",null])"), object(R"({"k":1})");

  EXPECT_TRUE(equal(as_value(number, arena), Value::of(std::int64_t{7})));
  EXPECT_EQ(as_value(text, arena).text, "ab");
  EXPECT_TRUE(equal(as_value("null", arena), Value::null()));
  EXPECT_TRUE(equal(as_value("true", arena), Value::of(true)));
  Value items = as_value(list, arena);
  EXPECT_EQ(items.collection->size(), 3u);
  EXPECT_TRUE(items.collection->contains(Value::of(std::string_view("b"))));
  EXPECT_TRUE(items.collection->contains(Value::of(1.0)));
  EXPECT_FALSE(items.collection->contains(Value::of(std::string_view("1"))));
  Value members = as_value(object, arena);
  EXPECT_EQ(members.collection->size(), 1u);
  EXPECT_TRUE(members.collection->contains(Value::of(std::string_view("k"))));
}

}  // namespace
}  // namespace sluice::compose::looked_at_test

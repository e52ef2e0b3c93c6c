// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/joined_value.h"

#include <gtest/gtest.h>

namespace sluice::http::joined_value_test {
namespace {

struct JoinedValue : testing::Test {
  std::optional<std::string_view> of(std::string_view name) const {
    return joined_value(fields, field_id(name), name);
  }
  base::Arena arena;
  Fields fields{arena};
};

TEST_F(JoinedValue, IsNothingWithoutALine) {
  fields.add("X-Other", "1");
  EXPECT_EQ(of("X-Tier"), std::nullopt);
  EXPECT_EQ(of("Accept"), std::nullopt);
}

TEST_F(JoinedValue, IsTheLineItselfWhereThereIsOne) {
  std::string_view value = "gold";
  fields.add("X-Tier", value);
  EXPECT_EQ(of("x-tier")->data(), value.data());
}

TEST_F(JoinedValue, HasEveryLineInOrderEmptyOnesToo) {
  fields.add("X-Tier", "");
  fields.add("X-Other", "z");
  fields.add("x-tier", "a");
  fields.add("X-TIER", "b, c");
  fields.add("Accept", "text/html");
  fields.add("Accept", "*/*");
  EXPECT_EQ(of("X-Tier"), ", a, b, c");
  EXPECT_EQ(of("accept"), "text/html, */*");
}

TEST_F(JoinedValue, HasNoLineThatWasRemoved) {
  fields.add("X-Tier", "a");
  fields.remove("X-Tier");
  fields.add("X-Tier", "b");
  EXPECT_EQ(of("X-Tier"), "b");
}

TEST_F(JoinedValue, PutsCookiesTogetherAsOneLineHasThem) {
  fields.add("Cookie", "a=1");
  fields.add("Cookie", "b=2");
  EXPECT_EQ(of("Cookie"), "a=1; b=2");
}

}  // namespace
}  // namespace sluice::http::joined_value_test

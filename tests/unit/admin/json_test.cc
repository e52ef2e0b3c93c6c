// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/json.h"

#include <gtest/gtest.h>

namespace sluice::admin::json_test {
namespace {

using namespace std::chrono_literals;

TEST(Json, EscapesTexts) { EXPECT_EQ(json_text("a \"b\"\n"), "\"a \\\"b\\\"\\n\""); }

TEST(Json, WritesLists) {
  EXPECT_EQ(json_list({}), "[]");
  EXPECT_EQ(json_list({"a", "b"}), "[\"a\",\"b\"]");
}

TEST(Json, WritesTimesInUtcWithMilliseconds) {
  EXPECT_EQ(json_time(base::WallTime(1'700'000'000'042ms)), "\"2023-11-14T22:13:20.042Z\"");
  EXPECT_EQ(json_time({}), "null");
}

}  // namespace
}  // namespace sluice::admin::json_test

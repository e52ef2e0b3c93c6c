// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/assert.h"

#include <gtest/gtest.h>

namespace sluice::base::assert_test {
namespace {

TEST(AssertDeathTest, EndsTheProcessAndNamesConditionAndPlace) {
  int two = 2;

  EXPECT_DEATH(SLUICE_ASSERT(two == 3), "two == 3.*assert_test.cc|assert_test.cc.*two == 3");
}

TEST(Assert, ChecksItsConditionOnce) {
  int checks = 0;
  SLUICE_ASSERT(++checks == 1);

  EXPECT_EQ(checks, 1);
}

}  // namespace
}  // namespace sluice::base::assert_test

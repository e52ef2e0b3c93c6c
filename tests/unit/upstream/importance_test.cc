// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/importance.h"

#include <gtest/gtest.h>

namespace sluice::upstream::importance_test {
namespace {

TEST(Importance, IsOrderedFromWhatIsRefusedFirst) {
  EXPECT_LT(Importance::low, Importance::normal);
  EXPECT_LT(Importance::normal, Importance::critical);
}

TEST(Importance, HasTheNamesThatAreWritten) {
  EXPECT_EQ(name(Importance::low), "low");
  EXPECT_EQ(name(Importance::normal), "normal");
  EXPECT_EQ(name(Importance::critical), "critical");
}

}  // namespace
}  // namespace sluice::upstream::importance_test

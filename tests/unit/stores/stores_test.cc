// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/stores.h"

#include <gtest/gtest.h>

namespace sluice::stores {
namespace {

TEST(Stores, GiveTheSameCountersEveryTime) {
  Stores stores;
  EXPECT_EQ(stores.memory(), stores.memory());
  EXPECT_EQ(stores.in_flight(), stores.in_flight());
}

TEST(Stores, ReportTheTablesThatAreInUse) {
  Stores stores;
  EXPECT_TRUE(stores.tables(1).empty());
  stores.in_flight()->enter(1, "a", 1, 1);
  auto tables = stores.tables(1);
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].store, "in_flight");
}

TEST(Stores, TellLimitsApartAlikeInEveryProcess) {
  EXPECT_EQ(salt_of("per-key", "100/min"), salt_of("per-key", "100/min"));
  EXPECT_NE(salt_of("per-key", "100/min"), salt_of("per-key", "10/s"));
  EXPECT_NE(salt_of("per-key", "100/min"), salt_of("other", "100/min"));
}

}  // namespace
}  // namespace sluice::stores

// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/stores.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

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

// During an upgrade: the new process has the place, until it is known that it does not serve.
TEST(Stores, LeaveTheFileOfQuotasToAnotherProcessUntilItIsTakenBack) {
  std::string directory = testing::TempDir() + "sluice-stores-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  {
    Stores stores;
    stores.state_directory(directory);
    stores.quotas();
    ASSERT_TRUE(stores.keep());
    ASSERT_EQ(stores.kept_in(), directory);

    stores.let_go();
    EXPECT_TRUE(stores.keep()) << "as a reload does";
    EXPECT_EQ(stores.kept_in(), "");
    stores.state_directory("/elsewhere");

    EXPECT_TRUE(stores.take_back());
    EXPECT_EQ(stores.kept_in(), directory);
  }
  std::filesystem::remove_all(directory);
}

TEST(Stores, TellLimitsApartAlikeInEveryProcess) {
  EXPECT_EQ(salt_of("per-key", "100/min"), salt_of("per-key", "100/min"));
  EXPECT_NE(salt_of("per-key", "100/min"), salt_of("per-key", "10/s"));
  EXPECT_NE(salt_of("per-key", "100/min"), salt_of("other", "100/min"));
}

}  // namespace
}  // namespace sluice::stores

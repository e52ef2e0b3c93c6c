// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/stores.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "gateway/observe/series.h"

namespace sluice::stores::stores_test {
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
    stores.quotas();
    ASSERT_TRUE(stores.keep(directory));
    ASSERT_EQ(stores.kept_in(), directory);

    stores.let_go();
    EXPECT_TRUE(stores.keep("/elsewhere")) << "as a reload does";
    EXPECT_EQ(stores.kept_in(), "");

    EXPECT_TRUE(stores.take_back());
    EXPECT_EQ(stores.kept_in(), directory);
  }
  std::filesystem::remove_all(directory);
}

// Another load may have asked for that, and was rejected then.
TEST(Stores, KeepNothingWhereNobodySaysSo) {
  std::string directory = testing::TempDir() + "sluice-stores-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  {
    Stores stores;
    stores.quotas();
    stores.state_directory("/elsewhere");
    stores.let_go();
    EXPECT_TRUE(stores.take_back());
    EXPECT_EQ(stores.kept_in(), "");

    stores.let_go();
    EXPECT_TRUE(stores.keep(directory));
    EXPECT_TRUE(stores.take_back());
    EXPECT_EQ(stores.kept_in(), directory);
  }
  std::filesystem::remove_all(directory);
}

TEST(Stores, TellThePolicyInForceAfterALoadThatWasRejected) {
  Stores stores;
  auto plan = [&](std::string zone) {
    auto made = std::make_shared<QuotaPlan>(QuotaPlan{
        "plan", std::string(kMemory), std::move(zone), *Calendar::of("UTC"), {}, false, {}, nullptr});
    stores.announce(made);
    return made;
  };
  auto told = [&] {
    std::string zones;
    for (const auto& known : stores.plans()) zones += known->zone + " ";
    return zones;
  };
  auto in_force = plan("UTC");
  auto of_another_chain = plan("UTC");

  auto rejected = plan("Europe/Berlin");
  rejected.reset();
  EXPECT_EQ(told(), "UTC ");

  in_force = plan("Asia/Tokyo");
  EXPECT_EQ(told(), "Asia/Tokyo ");
  in_force.reset();
  EXPECT_EQ(told(), "UTC ");
  of_another_chain.reset();
  EXPECT_EQ(told(), "");
}

// A load with other settings is built beside what is in force, and may be rejected.
TEST(Stores, RenewTheTlsOfTheSettingsThatAreInForce) {
  base::VirtualClock clock;
  net::Loop loop(clock);
  upstream::TargetTable targets({&loop}, nullptr);
  observe::SeriesStore series{observe::MetricsOptions{}};
  StoreConfig config;
  config.redis.url.target = {"10.0.0.1", 6379};
  StoreConfig other = config;
  other.replicas = 2;
  Stores stores;
  auto in_force = stores.redis("shared", config, targets, nullptr, series);
  stores.redis("shared", other, targets, nullptr, series);
  auto target = targets.target(targets.group("store shared #1"), config.redis.url.target);
  auto renewed = std::make_shared<const upstream::TargetTls>();

  stores.renew_tls("shared", other, std::make_shared<const upstream::TargetTls>());
  EXPECT_EQ(target->tls(), nullptr);
  stores.renew_tls("shared", config, renewed);

  EXPECT_EQ(target->tls(), renewed);
  EXPECT_EQ(stores.redis("shared", config, targets, nullptr, series), in_force);
}

TEST(Stores, TellLimitsApartAlikeInEveryProcess) {
  EXPECT_EQ(salt_of("per-key", "100/min"), salt_of("per-key", "100/min"));
  EXPECT_NE(salt_of("per-key", "100/min"), salt_of("per-key", "10/s"));
  EXPECT_NE(salt_of("per-key", "100/min"), salt_of("other", "100/min"));
}

}  // namespace
}  // namespace sluice::stores::stores_test

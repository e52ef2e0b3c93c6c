// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/said_of_targets.h"

#include <gtest/gtest.h>

#include "gateway/upstream/target_table.h"

#include "tests/support/fake_resolver.h"

namespace sluice::upstream::said_of_targets_test {
namespace {

class SaidOfTargetsTest : public testing::Test {
 protected:
  std::shared_ptr<Target> target(const char* upstream, const std::string& host) {
    return table_.target(table_.group(upstream), TargetUrl{host, 80});
  }
  std::size_t remembered() {
    std::size_t n = 0;
    table_.said().each([&](const auto&, const auto&, const Said&) { ++n; });
    return n;
  }
  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  test::FakeResolver names_;
  TargetTable table_{{&loop_}, &names_.resolver()};
};

TEST_F(SaidOfTargetsTest, HoldsForTheNextTargetOfThatName) {
  auto before = target("orders", "10.0.0.1");
  table_.said().say(before, {7, true});
  EXPECT_TRUE(before->drained());
  before.reset();

  auto after = target("orders", "10.0.0.1");

  EXPECT_TRUE(after->drained());
  EXPECT_EQ(after->weight(), 7u);
  EXPECT_FALSE(target("users", "10.0.0.1")->drained());
  EXPECT_FALSE(target("orders", "10.0.0.2")->drained());
}

TEST_F(SaidOfTargetsTest, HoldsForAddressesOfANameToo) {
  auto group = table_.group("orders");
  auto address = *net::Address::parse("10.0.0.7", 80);
  table_.said().say(table_.at(group, TargetUrl{"svc", 80}, address), {{}, true});

  EXPECT_TRUE(table_.at(group, TargetUrl{"svc", 80}, address)->drained());
}

TEST_F(SaidOfTargetsTest, IsForgottenWhenItIsTakenBack) {
  auto t = target("orders", "10.0.0.1");
  table_.said().say(t, {{}, true});
  table_.said().say(t, {});
  EXPECT_FALSE(t->drained());
  t.reset();

  EXPECT_FALSE(target("orders", "10.0.0.1")->drained());
  EXPECT_EQ(remembered(), 0u);
}

TEST_F(SaidOfTargetsTest, HoldsForATargetThatComesLater) {
  table_.said().say("orders", "10.0.0.1:80", {{}, true});

  EXPECT_TRUE(target("orders", "10.0.0.1")->drained());
}

TEST_F(SaidOfTargetsTest, IsBoundedByWhatIsThere) {
  auto kept = target("orders", "10.0.0.1");
  table_.said().say(kept, {{}, true});
  for (std::size_t i = 0; i < SaidOfTargets::kMost + 5; ++i)
    table_.said().say("orders", "gone-" + std::to_string(i), {{}, true});

  EXPECT_EQ(remembered(), SaidOfTargets::kMost);
  kept.reset();
  EXPECT_TRUE(target("orders", "10.0.0.1")->drained()) << "it was there";
}

}  // namespace
}  // namespace sluice::upstream::said_of_targets_test

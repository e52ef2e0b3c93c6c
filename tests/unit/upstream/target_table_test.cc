// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/target_table.h"

#include <gtest/gtest.h>

#include "tests/support/fake_resolver.h"

namespace sluice::upstream::target_table_test {
namespace {

using namespace std::chrono_literals;

class TargetTableTest : public testing::Test {
 protected:
  std::shared_ptr<Target> target(const char* upstream, const char* host, std::uint16_t port = 80) {
    return table_.target(table_.group(upstream), TargetUrl{host, port});
  }
  test::FakeResolver names_;
  TargetTable table_{{}, &names_.resolver()};
};

TEST_F(TargetTableTest, FindsALivingTargetAgain) {
  auto before = target("orders", "a");
  ActiveRequest request(*before);

  auto after = target("orders", "a");

  EXPECT_EQ(after, before);
  EXPECT_EQ(after->active(), 1u);
  EXPECT_EQ(table_.size(), 1u);
}

TEST_F(TargetTableTest, TellsTargetsApartByUpstreamHostAndPort) {
  auto a = target("orders", "a");

  EXPECT_NE(target("users", "a"), a);
  EXPECT_NE(target("orders", "b"), a);
  EXPECT_NE(target("orders", "a", 81), a);
}

TEST_F(TargetTableTest, ForgetsWhatNobodyHolds) {
  auto kept = target("orders", "a");
  target("orders", "b");
  EXPECT_EQ(table_.size(), 1u);
  names_.answer();

  target("users", "c").reset();  // the next building pass
  names_.pass(1h);

  EXPECT_EQ(table_.size(), 1u);
  auto asked = names_.lookup().questions().size();
  names_.pass(1h);
  EXPECT_EQ(names_.lookup().questions().size(), asked + 1) << "only the one that lives is still looked up";
}

TEST_F(TargetTableTest, GivesTheTargetsOfOneUpstreamOneGroup) {
  auto group = table_.group("orders");

  EXPECT_EQ(table_.group("orders"), group);
  EXPECT_NE(table_.group("users"), group);
  EXPECT_EQ(group->upstream, "orders");
}

TEST_F(TargetTableTest, PublishesWhatTheResolverSays) {
  names_.lookup().resolves("a", {"10.0.0.1"});
  auto t = target("orders", "a", 8080);
  EXPECT_FALSE(t->usable());
  EXPECT_EQ(table_.unresolved(), 1u);

  names_.answer();

  EXPECT_TRUE(t->usable());
  EXPECT_EQ(t->addresses()->front().text(), "10.0.0.1:8080");
  EXPECT_EQ(table_.unresolved(), 0u);
}

TEST_F(TargetTableTest, CountsAFailedLookupAsAnAnswer) {
  auto t = target("orders", "nowhere");

  names_.answer();

  EXPECT_EQ(table_.unresolved(), 0u);
  EXPECT_FALSE(t->usable());
  EXPECT_EQ(t->why_unusable().detail, "nowhere: unknown name");
}

TEST_F(TargetTableTest, FollowsTheNameToItsNewAddresses) {
  names_.lookup().resolves("a", {"10.0.0.1"});
  auto t = target("orders", "a");
  names_.answer();

  names_.lookup().resolves("a", {"10.0.0.2"});
  names_.pass(33s);

  EXPECT_EQ(t->addresses()->front().text(), "10.0.0.2:80");
}

TEST_F(TargetTableTest, NeedsNoLookupForNumbers) {
  auto t = target("orders", "10.0.0.7");

  EXPECT_TRUE(t->usable());
  EXPECT_EQ(table_.unresolved(), 0u);
}

TEST_F(TargetTableTest, LetsTargetsOutliveIt) {
  std::shared_ptr<Target> t;
  {
    TargetTable table({}, &names_.resolver());
    t = table.target(table.group("orders"), TargetUrl{"a", 80});
  }

  names_.lookup().resolves("a", {"10.0.0.1"});
  names_.answer();

  EXPECT_TRUE(t->usable());
}

// How a server ends: the threads are gone, loops and targets follow in whatever order.
TEST(TargetTableAlone, LetsLoopsGoBeforeTargetsOnceSlotsAreDropped) {
  struct Slot final : PoolSlot {
    explicit Slot(int& c) : count(c) {}
    ~Slot() override { ++count; }
    int& count;
  };
  base::VirtualClock clock;
  auto loop = std::make_unique<net::Loop>(clock);
  TargetTable table({loop.get()}, nullptr);
  auto target = table.target(table.group("orders"), TargetUrl{"10.0.0.1", 80});
  int destroyed = 0;
  target->slot(0) = std::make_unique<Slot>(destroyed);

  table.drop_slots();
  EXPECT_EQ(destroyed, 1);
  loop.reset();
  target.reset();

  EXPECT_EQ(destroyed, 1);
}

TEST(TargetTableAlone, KnowsNumbersButNoNames) {
  TargetTable table({}, nullptr);
  auto group = table.group("orders");

  auto number = table.target(group, TargetUrl{"::1", 80});
  auto name = table.target(group, TargetUrl{"a", 80});

  EXPECT_TRUE(number->usable());
  EXPECT_FALSE(name->usable());
  EXPECT_EQ(table.unresolved(), 0u);
}

}  // namespace
}  // namespace sluice::upstream::target_table_test

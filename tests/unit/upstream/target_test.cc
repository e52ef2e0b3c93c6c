// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/target.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sluice::upstream::target_test {
namespace {

using namespace std::chrono_literals;

std::vector<net::Address> addresses(std::initializer_list<const char*> ips) {
  std::vector<net::Address> out;
  for (const char* ip : ips) out.push_back(*net::Address::parse(ip, 8080));
  return out;
}

class TargetTest : public testing::Test {
 protected:
  TargetTest() { group_->upstream = "orders"; }
  std::shared_ptr<TargetGroup> group_ = std::make_shared<TargetGroup>();
  base::RealClock clock_;
  net::Loop first_{clock_}, second_{clock_};
  std::shared_ptr<const WorkerLoops> loops_ =
      std::make_shared<const WorkerLoops>(WorkerLoops{&first_, &second_});
  std::shared_ptr<Target> target_ = Target::make(group_, TargetUrl{"orders-1", 8080}, loops_);
};

TEST_F(TargetTest, KnowsItsNames) {
  EXPECT_EQ(target_->upstream(), "orders");
  EXPECT_EQ(target_->text(), "orders-1:8080");
  EXPECT_EQ(target_->host_field(), "orders-1:8080");
}

TEST_F(TargetTest, OfOneAddressOfANameSaysWhich) {
  auto address = *net::Address::parse("10.0.0.7", 8080);

  auto target = Target::make(group_, TargetUrl{"orders", 8080}, loops_, &address);

  EXPECT_EQ(target->text(), "orders:8080 (10.0.0.7)");
  EXPECT_EQ(target->host_field(), "orders:8080");
  EXPECT_TRUE(target->usable());
  EXPECT_TRUE(target->one_of_name());
  EXPECT_EQ(target->identity(), "http://orders:8080 (10.0.0.7)");
  EXPECT_EQ(target_->identity(), "http://orders-1:8080");
}

TEST_F(TargetTest, IsToGoWhenItsLastListLeavesItAndTellsThePools) {
  struct Slot final : PoolSlot {
    int looked = 0;
    void look_again() noexcept override { ++looked; }
  };
  auto slot = std::make_unique<Slot>();
  Slot& pool = *slot;
  target_->slot(0) = std::move(slot);
  target_->join();
  target_->join();

  Target::leave(target_, true);
  EXPECT_FALSE(target_->draining());
  auto version = target_->version();
  Target::leave(target_, true);
  first_.run_once(0s);

  EXPECT_TRUE(target_->draining());
  EXPECT_GT(target_->version(), version);
  EXPECT_EQ(pool.looked, 1);
  target_->join();
  EXPECT_FALSE(target_->draining()) << "it is wanted again";
  target_->slot(0).reset();
}

// A request may keep it for hours, and what goes by how many are out would wait as long.
TEST_F(TargetTest, DoesNotCountAsOutOnceNoListNamesIt) {
  target_->publish(addresses({"10.0.0.1"}));
  for (bool drain : {true, false}) {
    target_->join();
    EXPECT_TRUE(target_->usable());
    target_->eject({}, "5 failures in a row", clock_.steady());
    EXPECT_EQ(group_->ejected, 1u);

    Target::leave(target_, drain);
    EXPECT_FALSE(target_->ejected());
    EXPECT_EQ(group_->ejected, 0u);
    EXPECT_EQ(target_->eject({}, "by a request that ends late", clock_.steady()), base::Duration::zero());
    EXPECT_EQ(group_->ejected, 0u);
  }

  target_->join();
  EXPECT_TRUE(target_->usable()) << "it comes back without it";
  target_.reset();
  EXPECT_EQ(group_->ejected, 0u);
}

TEST_F(TargetTest, IsUsableOnceItHasAnAddress) {
  EXPECT_FALSE(target_->usable());
  EXPECT_TRUE(target_->addresses()->empty());
  auto version = group_->version.load();

  target_->publish(addresses({"10.0.0.1"}));

  EXPECT_TRUE(target_->usable());
  EXPECT_EQ(target_->addresses()->size(), 1u);
  EXPECT_GT(group_->version.load(), version);
}

TEST_F(TargetTest, GetsNothingWhileAnOperatorDrainsIt) {
  target_->publish(addresses({"10.0.0.1"}));
  auto version = group_->version.load();

  target_->drain(true);

  EXPECT_FALSE(target_->usable());
  EXPECT_GT(group_->version.load(), version);
  EXPECT_EQ(target_->why_unusable().detail, "orders-1:8080 is drained by an operator");

  target_->drain(false);
  EXPECT_TRUE(target_->usable());
}

TEST_F(TargetTest, IsWhatWeighsMost) {
  EXPECT_EQ(target_->state(), ServiceState::unhealthy) << "it has no address";
  target_->publish(addresses({"10.0.0.1"}));
  target_->join();
  EXPECT_EQ(target_->state(), ServiceState::healthy);
  target_->eject({}, "5 failures in a row", clock_.steady());
  EXPECT_EQ(target_->state(), ServiceState::ejected);
  target_->check_health(true, clock_.wall());
  target_->take({CheckResult::failed, "status 503"}, {}, clock_.wall());
  EXPECT_EQ(target_->state(), ServiceState::unhealthy) << "it would stay out";
  target_->drain(true);
  EXPECT_EQ(target_->state(), ServiceState::drained);
}

TEST_F(TargetTest, HasTheWeightThatAnOperatorGaveIt) {
  EXPECT_EQ(target_->weight(), std::nullopt);
  auto version = group_->version.load();

  target_->set_weight(7);
  EXPECT_EQ(target_->weight(), 7u);
  EXPECT_GT(group_->version.load(), version);

  target_->set_weight(std::nullopt);
  EXPECT_EQ(target_->weight(), std::nullopt);
}

TEST_F(TargetTest, IsHealthyAgainWhenAnOperatorSaysSo) {
  target_->publish(addresses({"10.0.0.1"}));
  target_->check_health(true, base::WallTime{1s});
  target_->take({CheckResult::failed, "status 500"}, {1, 1}, base::WallTime{2s});
  ASSERT_FALSE(target_->usable());

  target_->reset_health(base::WallTime{3s});

  EXPECT_TRUE(target_->usable());
  EXPECT_EQ(target_->changes().back().cause, "reset by an operator");
}

TEST_F(TargetTest, RemembersWhatHasBecomeOfIt) {
  auto told = [&] {
    std::string out;
    for (const auto& c : target_->changes())
      out.append(name(c.from)).append(" -> ").append(name(c.state)).append(": ").append(c.cause) += '\n';
    return out;
  };
  target_->publish(addresses({"10.0.0.1"}));
  EXPECT_EQ(told(), "");
  target_->join();
  target_->check_health(true, base::WallTime{1s});

  target_->take({CheckResult::failed, "status 500"}, {1, 1}, base::WallTime{2s});
  target_->take({CheckResult::failed, "status 500"}, {1, 1}, base::WallTime{3s});
  target_->take({CheckResult::passed, "status 200"}, {1, 1}, base::WallTime{4s});
  target_->eject({}, "5 failures in a row", clock_.steady());
  target_->drain(true);
  target_->drain(true);
  target_->drain(false);
  target_->bring_back(clock_.steady() + 1h);
  Target::leave(target_, true);
  target_->join();
  target_->eject({}, "6 failures in a row", clock_.steady());
  Target::leave(target_, true);

  EXPECT_EQ(told(),
            "healthy -> unhealthy: status 500\n"
            "unhealthy -> healthy: status 200\n"
            "healthy -> ejected: 5 failures in a row\n"
            "ejected -> drained: drained by an operator\n"
            "drained -> ejected: put back by an operator\n"
            "ejected -> healthy: its time out of service is over\n"
            "healthy -> draining: no list names it any more\n"
            "draining -> healthy: a list names it again\n"
            "healthy -> ejected: 6 failures in a row\n"
            "ejected -> draining: no list names it any more\n");
  EXPECT_EQ(target_->changes()[1].when, base::WallTime{4s});
}

TEST_F(TargetTest, RemembersItsLastTwentyChanges) {
  target_->join();
  for (int i = 0; i < 15; ++i) {
    target_->eject({}, std::to_string(i), clock_.steady());
    target_->bring_back(clock_.steady(), "enough");
  }

  auto changes = target_->changes();
  ASSERT_EQ(changes.size(), 20u);
  EXPECT_EQ(changes.front().cause, "5");
  EXPECT_EQ(changes.back().cause, "enough");
}

TEST_F(TargetTest, KeepsItsAddressesWhenALookupFails) {
  target_->publish(addresses({"10.0.0.1"}));

  target_->publish(base::fail(base::Reason::upstream_resolve_failed, "no such host"));

  EXPECT_TRUE(target_->usable());
  EXPECT_EQ(target_->addresses()->size(), 1u);
}

TEST_F(TargetTest, SaysWhyItIsNotUsable) {
  EXPECT_EQ(target_->why_unusable().reason, base::Reason::upstream_resolve_failed);
  EXPECT_EQ(target_->why_unusable().detail, "orders-1: not resolved yet");

  target_->publish(base::fail(base::Reason::upstream_resolve_failed, "no such host"));

  EXPECT_EQ(target_->why_unusable().detail, "orders-1: no such host");
}

TEST_F(TargetTest, IsNotUsableWhileItFailsItsHealthChecks) {
  target_->publish(addresses({"10.0.0.1"}));
  target_->check_health(true, clock_.wall());
  auto version = group_->version.load();

  auto change = target_->take({CheckResult::failed, "status 503"}, {}, clock_.wall());

  ASSERT_TRUE(change);
  EXPECT_FALSE(target_->usable());
  EXPECT_GT(group_->version.load(), version);
  EXPECT_EQ(target_->why_unusable().reason, base::Reason::no_healthy_upstream);
  EXPECT_EQ(target_->why_unusable().detail, "orders-1:8080 fails its health checks: status 503");
}

TEST_F(TargetTest, IsReachableWhileItFailsItsHealthChecksAndTellsTheWorkersOfIt) {
  target_->check_health(true, clock_.wall());
  target_->take({CheckResult::failed, "status 503"}, {}, clock_.wall());
  EXPECT_FALSE(target_->reachable());
  auto version = group_->version.load();

  target_->publish(addresses({"10.0.0.1"}));

  EXPECT_TRUE(target_->reachable());
  EXPECT_FALSE(target_->usable());
  EXPECT_GT(group_->version.load(), version);
}

TEST_F(TargetTest, IsFreshOnceItIsUsableAgain) {
  target_->enter(false);
  target_->publish(addresses({"10.0.0.1"}));
  EXPECT_EQ(target_->fresh_since(), base::SteadyTime{}) << "it has been there from the start";
  target_->check_health(true, clock_.wall());
  target_->take({CheckResult::failed, ""}, {1, 1}, clock_.wall());
  EXPECT_EQ(target_->fresh_since(), base::SteadyTime{});

  target_->take({CheckResult::passed, ""}, {1, 1}, clock_.wall());

  EXPECT_GT(target_->fresh_since(), base::SteadyTime{});
}

TEST_F(TargetTest, TellsTheWorkersOfChangesAlone) {
  target_->publish(addresses({"10.0.0.1"}));
  target_->check_health(true, clock_.wall());
  auto version = group_->version.load();

  target_->take({CheckResult::passed, ""}, {}, clock_.wall());
  target_->take({CheckResult::failed, ""}, {}, clock_.wall());

  EXPECT_EQ(group_->version.load(), version);
}

TEST_F(TargetTest, IsUsableAgainWhenItIsNotCheckedAnyMore) {
  target_->publish(addresses({"10.0.0.1"}));
  target_->check_health(true, clock_.wall());
  target_->take({CheckResult::failed, "status 503"}, {}, clock_.wall());

  target_->check_health(false, clock_.wall());

  EXPECT_TRUE(target_->usable());
  EXPECT_FALSE(target_->take({CheckResult::failed, "late"}, {}, clock_.wall()));
  EXPECT_TRUE(target_->usable());
}

TEST_F(TargetTest, NeedsBothAnAddressAndItsHealth) {
  target_->check_health(true, clock_.wall());
  target_->take({CheckResult::failed, "status 503"}, {}, clock_.wall());
  target_->publish(addresses({"10.0.0.1"}));
  EXPECT_FALSE(target_->usable());

  for (int i = 0; i < 2; ++i) target_->take({CheckResult::passed, ""}, {}, clock_.wall());

  EXPECT_TRUE(target_->usable());
}

TEST_F(TargetTest, HasSessionsForALoopThatIsNoWorkers) {
  net::Loop prober(clock_);

  auto& sessions = target_->sessions(prober, nullptr);

  EXPECT_NE(sessions, target_->sessions(first_, nullptr));
  EXPECT_NE(sessions, target_->sessions(second_, nullptr));
  EXPECT_EQ(sessions, target_->sessions(prober, nullptr));
}

TEST_F(TargetTest, CountsRealChangesOfItsAddressesOnly) {
  target_->publish(addresses({"10.0.0.1", "10.0.0.2"}));
  auto version = target_->version();
  auto usable = group_->version.load();
  auto before = target_->addresses();

  target_->publish(addresses({"10.0.0.2", "10.0.0.1"}));
  EXPECT_EQ(target_->version(), version);
  target_->publish(addresses({"10.0.0.3"}));

  EXPECT_EQ(target_->version(), version + 1);
  EXPECT_EQ(before->size(), 2u) << "who holds the old list keeps it";
  EXPECT_EQ(group_->version.load(), usable) << "it was usable before";
}

TEST_F(TargetTest, CountsRequestsInFlightOfAllWorkers) {
  std::vector<std::thread> workers;
  std::atomic<bool> wrong = false;
  for (int t = 0; t < 2; ++t)
    workers.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        ActiveRequest request(*target_);
        if (target_->active() < 1 || target_->active() > 2) wrong = true;
      }
    });
  for (auto& w : workers) w.join();

  EXPECT_FALSE(wrong);
  EXPECT_EQ(target_->active(), 0u);
}

TEST_F(TargetTest, OpensNoMoreConnectionsThanAllowedAcrossWorkers) {
  std::atomic<int> opened = 0;
  std::vector<std::thread> workers;
  for (int t = 0; t < 4; ++t)
    workers.emplace_back([&] {
      for (int i = 0; i < 1000; ++i)
        if (target_->try_open(100)) ++opened;
    });
  for (auto& w : workers) w.join();
  EXPECT_EQ(opened, 100);

  target_->closed();

  EXPECT_EQ(target_->connections(), 99u);
  EXPECT_TRUE(target_->try_open(100));
  EXPECT_FALSE(target_->try_open(100));
}

TEST_F(TargetTest, AvoidsAnAddressForAWhile) {
  base::SteadyTime now(1000h);
  target_->avoid(0, now);
  target_->avoid(3, now + 5s);
  target_->avoid(64, now + 5s);  // beyond what is kept in mind

  EXPECT_EQ(target_->avoided(now + 5s), 0b1001u);
  EXPECT_EQ(target_->avoided(now + 15s - 1ns), 0b1001u);
  EXPECT_EQ(target_->avoided(now + 15s), 0u);
  target_->avoid(1, now + 20s);
  EXPECT_EQ(target_->avoided(now + 20s), 0b10u) << "what was long ago is forgotten";
  target_->publish(addresses({"10.0.0.9"}));
  EXPECT_EQ(target_->avoided(now + 20s), 0u) << "positions have changed";
}

// A slot that notes the thread that destroys it, and uses its target at that moment as a pool does.
struct Slot final : PoolSlot {
  Slot(Target& t, std::vector<std::thread::id>& g) : target(t), gone(g) { target.try_open(10); }
  ~Slot() override {
    target.closed();
    gone.push_back(std::this_thread::get_id());
  }
  Target& target;
  std::vector<std::thread::id>& gone;
};

TEST_F(TargetTest, SendsEachSlotToItsWorkerWhenTheLastOwnerIsGone) {
  std::vector<std::thread::id> first, second;
  target_->slot(0) = std::make_unique<Slot>(*target_, first);
  target_->slot(1) = std::make_unique<Slot>(*target_, second);
  auto another_owner = target_;

  target_.reset();
  first_.run_once(0s);
  EXPECT_TRUE(first.empty());
  std::thread([&] { another_owner.reset(); }).join();
  EXPECT_TRUE(first.empty() && second.empty());
  first_.run_once(0s);
  EXPECT_EQ(first, std::vector{std::this_thread::get_id()});
  std::thread worker([&] { second_.run_once(1h); });
  auto worker_id = worker.get_id();
  worker.join();

  EXPECT_EQ(second, std::vector{worker_id});
}

TEST_F(TargetTest, LeavesNoSlotBehindWhenALoopEndsBeforeItGetsThere) {
  std::vector<std::thread::id> gone;
  {
    net::Loop loop(clock_);
    auto target =
        Target::make(group_, TargetUrl{"a", 80}, std::make_shared<const WorkerLoops>(WorkerLoops{&loop}));
    target->slot(0) = std::make_unique<Slot>(*target, gone);
    target.reset();
    EXPECT_TRUE(gone.empty());
  }

  EXPECT_EQ(gone.size(), 1u);
}

TEST_F(TargetTest, KeepsTheCountersOfWorkersOnALineOfTheirOwn) { EXPECT_GE(alignof(Target), 64u); }

}  // namespace
}  // namespace sluice::upstream::target_test

// SPDX-License-Identifier: Apache-2.0
// How pools and tunnels go about it is in pool_test.cc and tests/flow/passthrough_test.cc.
#include "gateway/upstream/room.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "gateway/base/job.h"

namespace sluice::upstream::room_test {
namespace {

using base::Reason;
using namespace std::chrono_literals;

// Unused connections of a worker, each of which counts at its target.
struct Unused final : PoolSlot {
  Unused(Target& t, unsigned worker, std::uint32_t count) : PoolSlot(t.group()->pools, t, worker), target(t) {
    for (std::uint32_t i = 0; i < count; ++i) EXPECT_TRUE(t.try_open(Target::kNoLimit));
    set_unused(count);
  }
  bool give_up_unused() noexcept override {
    if (unused() == 0) return false;
    set_unused(unused() - 1);
    target.closed();
    return true;
  }
  Target& target;
};

// Two workers, both on the thread of the test.
class RoomTest : public testing::Test {
 protected:
  // What comes of asking the others; "" as long as nothing does.
  std::string asks_others() {
    base::Job<std::string> job(&scope_);
    job.start(asking());
    return outcome(job);
  }
  base::Task<std::string> asking() {
    auto opened = co_await open_after_others(*target_, 0, first_, settings_, 1s);
    co_return opened ? "opened" : std::string(base::row(opened.error().reason).name);
  }
  std::string outcome(base::Job<std::string>& job) {
    for (int i = 0; i < 10 && job.running(); ++i) turn();
    return job.running() ? "" : job.join().await_resume();
  }
  // Lets happen what the workers have asked each other for.
  void turn() {
    second_.run_once(0s);
    first_.run_once(0s);
  }

  base::VirtualClock clock_;
  net::Loop first_{clock_}, second_{clock_};
  base::Scope scope_;
  std::shared_ptr<TargetGroup> group_ = std::make_shared<TargetGroup>();
  std::shared_ptr<const WorkerLoops> loops_ =
      std::make_shared<const WorkerLoops>(WorkerLoops{&first_, &second_});
  std::shared_ptr<Target> target_ = Target::make(group_, TargetUrl{"orders", 80}, loops_);
  std::shared_ptr<Target> other_ = Target::make(group_, TargetUrl{"orders", 81}, loops_);
  PoolSettings settings_;
};

TEST_F(RoomTest, IsThereWhileFewerAreOpenThanMayBe) {
  settings_.keep.max_connections = 1;

  EXPECT_TRUE(try_open(*target_, 0, settings_));
  EXPECT_FALSE(try_open(*target_, 0, settings_));

  EXPECT_EQ(target_->connections(), 1u);
}

TEST_F(RoomTest, IsMadeByAnUnusedOneOfTheSameWorker) {
  settings_.max_in_all = 2;
  Unused unused(*other_, 0, 2);

  EXPECT_TRUE(try_open(*target_, 0, settings_));

  EXPECT_EQ(unused.unused(), 1u);
  EXPECT_EQ(group_->connections.load(), 2u);
}

TEST_F(RoomTest, IsMadeByAnUnusedOneOfAnotherWorkerOnceItWasAsked) {
  settings_.keep.max_connections = 1;
  Unused unused(*target_, 1, 1), elsewhere(*other_, 1, 1);
  EXPECT_FALSE(try_open(*target_, 0, settings_));

  EXPECT_EQ(asks_others(), "opened");

  EXPECT_EQ(unused.unused(), 0u);
  EXPECT_EQ(elsewhere.unused(), 1u) << "that one is in nobody's way";
  EXPECT_EQ(target_->connections(), 1u);
}

TEST_F(RoomTest, IsNotTakenByOneThatHasGoneMeanwhile) {
  settings_.keep.max_connections = 1;
  Unused unused(*target_, 1, 1);
  base::Scope client;
  base::Job<std::string> gone(&client);
  gone.start(asking());

  client.cancel(Reason::client_closed);
  EXPECT_EQ(outcome(gone), "client_closed");
  turn();

  EXPECT_EQ(unused.unused(), 0u) << "that was on its way";
  EXPECT_EQ(target_->connections(), 0u);
  EXPECT_TRUE(try_open(*target_, 0, settings_));
}

TEST_F(RoomTest, IsForTheNextOneWhereTheFirstOneHasGone) {
  settings_.keep.max_connections = 1;
  Unused unused(*target_, 1, 1);
  base::Scope client;
  base::Job<std::string> gone(&client), next(&scope_);
  gone.start(asking());
  next.start(asking());

  client.cancel(Reason::client_closed);

  EXPECT_EQ(outcome(next), "opened");
  EXPECT_EQ(outcome(gone), "client_closed");
  EXPECT_EQ(target_->connections(), 1u);
}

TEST_F(RoomTest, IsNowhereWhereAllAreInUse) {
  settings_.keep.max_connections = 1;
  ASSERT_TRUE(target_->try_open(1));

  EXPECT_EQ(asks_others(), "upstream_limit");

  EXPECT_EQ(target_->connections(), 1u);
}

}  // namespace
}  // namespace sluice::upstream::room_test

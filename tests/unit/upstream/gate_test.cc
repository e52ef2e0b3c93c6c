// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/gate.h"

#include <gtest/gtest.h>

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/job.h"

namespace sluice::upstream::gate_test {
namespace {

using namespace std::chrono_literals;

class GateTest : public testing::Test {
 protected:
  GateTest() { gate_->serve({&first_, &second_}); }

  // A request that waits for its place and then stays inside until it is told to leave.
  struct Request {
    explicit Request(base::Scope* parent) : scope(parent) {}
    base::Scope scope;
    std::string state = "waits";
    Gate::Place place;
    base::Job<void> job{&scope};
  };
  base::Task<void> enter(Request& r, unsigned worker) {
    auto entering = co_await gate_->enter(worker, rules_, "orders");
    if (!entering) {
      r.state = std::string(base::row(entering.error().reason).name);
      co_return;
    }
    r.place = std::move(*entering);
    r.state = "inside";
  }
  Request& request(unsigned worker = 0) {
    auto& r = requests_.emplace_back(&root_);
    r.job.start(enter(r, worker));
    return r;
  }
  // Lets happen what is due, and what workers send each other.
  void pass(base::Duration time = {}) {
    clock_.advance(time);
    for (int i = 0; i < 3; ++i) {
      first_.run_once(0s);
      second_.run_once(0s);
    }
  }

  base::VirtualClock clock_;
  net::Loop first_{clock_}, second_{clock_};
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  Gate::Rules rules_{2, 3, 1s};
  base::Scope root_;
  std::list<Request> requests_;
};

TEST_F(GateTest, LetsInAsManyAsItMay) {
  EXPECT_EQ(request().state, "inside");
  EXPECT_EQ(request().state, "inside");
  EXPECT_EQ(gate_->inside(), 2u);

  requests_.clear();

  EXPECT_EQ(gate_->inside(), 0u);
}

TEST_F(GateTest, RefusesTheRestWhereNobodyMayWait) {
  rules_.waiting = 0;
  request();
  request();

  EXPECT_EQ(request().state, "upstream_limit");
  EXPECT_EQ(gate_->inside(), 2u);
}

TEST_F(GateTest, LetsThemInInTheOrderInWhichTheyCame) {
  auto& a = request();
  auto& b = request();
  auto& c = request();
  auto& d = request();
  EXPECT_EQ(gate_->waiting(), 2u);

  a.place = {};
  pass();

  EXPECT_EQ(c.state, "inside");
  EXPECT_EQ(d.state, "waits");
  b.place = {};
  pass();
  EXPECT_EQ(d.state, "inside");
  EXPECT_EQ(gate_->inside(), 2u);
  EXPECT_EQ(gate_->waiting(), 0u);
}

TEST_F(GateTest, RefusesWhoFindsTheQueueFull) {
  for (int i = 0; i < 5; ++i) request();

  EXPECT_EQ(request().state, "upstream_limit");
  EXPECT_EQ(gate_->waiting(), 3u);
}

TEST_F(GateTest, RefusesWhoHasWaitedForSoLong) {
  request();
  request();
  auto& c = request();

  for (int i = 0; i < 12; ++i) pass(100ms);

  EXPECT_EQ(c.state, "upstream_limit");
  EXPECT_EQ(gate_->waiting(), 0u);
  EXPECT_EQ(gate_->inside(), 2u);
}

TEST_F(GateTest, LetsTheNewestInFirstOnceTheOldestIsLate) {
  auto& a = request();
  request();
  auto& c = request();
  for (int i = 0; i < 6; ++i) pass(100ms);
  auto& d = request();

  a.place = {};
  pass();

  EXPECT_EQ(c.state, "waits");
  EXPECT_EQ(d.state, "inside");
}

TEST_F(GateTest, ForgetsAtOnceWhoGoesAway) {
  auto& a = request();
  request();
  auto& c = request();
  auto& d = request();

  c.scope.cancel(base::Reason::client_closed);
  pass();

  EXPECT_EQ(c.state, "client_closed");
  EXPECT_EQ(gate_->waiting(), 1u);
  a.place = {};
  pass();
  EXPECT_EQ(d.state, "inside");
}

// Given and gone in the same round: the next one gets it.
TEST_F(GateTest, LosesNoPlaceThatIsGivenToWhoGoesAway) {
  auto& a = request();
  request();
  auto& c = request();
  auto& d = request();

  c.scope.cancel(base::Reason::client_closed);
  a.place = {};
  pass();

  EXPECT_EQ(d.state, "inside");
  EXPECT_EQ(gate_->inside(), 2u);
}

TEST_F(GateTest, LetsThemInForWhomThereIsRoomAllAtOnce) {
  request();
  request();
  auto& c = request(0);
  auto& d = request(1);
  auto& e = request(1);

  gate_->allow(4, 0);
  pass();

  EXPECT_EQ(c.state, "inside");
  EXPECT_EQ(d.state, "inside");
  EXPECT_EQ(e.state, "waits");
  EXPECT_EQ(gate_->inside(), 4u);
}

TEST_F(GateTest, LetsThemInForWhomAReloadMakesRoom) {
  request();
  request();
  auto& c = request(0);
  auto& d = request(1);

  gate_->now_allows(4);
  EXPECT_EQ(c.state, "waits") << "the control thread touches no worker's list";
  pass();

  EXPECT_EQ(c.state, "inside");
  EXPECT_EQ(d.state, "inside");
}

TEST_F(GateTest, GoesByWhatItWasToldRatherThanByTheRulesOfWhoeverBeginsToWait) {
  gate_->now_allows(4);
  pass();
  auto& a = request();
  rules_.at_most = 4;
  for (int i = 0; i < 3; ++i) request();
  rules_.at_most = 2;  // those of a configuration before
  auto& late = request();

  a.place = {};
  pass();

  EXPECT_EQ(late.state, "inside");
}

TEST_F(GateTest, GivesNoPlaceAwayOnceThereAreFewer) {
  auto& a = request();
  auto& b = request();
  auto& c = request();

  gate_->allow(1, 0);
  a.place = {};
  pass();
  EXPECT_EQ(c.state, "waits");

  b.place = {};
  pass();
  EXPECT_EQ(c.state, "inside");
}

TEST_F(GateTest, RefusesForTheReasonOfItsRules) {
  rules_ = {1, 0, 1s, base::Reason::upstream_saturated, " is slow"};
  request();

  EXPECT_EQ(request().state, "upstream_saturated");
}

TEST_F(GateTest, LosesNoPlaceOfACoroutineThatIsDestroyed) {
  auto& a = request();
  request();
  request();
  a.place = {};

  requests_.clear();

  EXPECT_EQ(gate_->inside(), 0u);
  EXPECT_EQ(gate_->waiting(), 0u);
}

TEST_F(GateTest, SendsAPlaceToAnotherWorkerWhereNobodyWaitsHere) {
  auto& a = request(0);
  request(0);
  auto& c = request(1);

  a.place = {};
  pass();

  EXPECT_EQ(c.state, "inside");
}

TEST_F(GateTest, DoesNotForgetAnotherWorkerForItsOwn) {
  rules_ = {1, 100, 1h};
  std::vector<Request*> own;
  for (int i = 0; i < 20; ++i) own.push_back(&request(0));
  auto& other = request(1);

  int served = 0;
  while (other.state == "waits" && served < 20) {
    own[static_cast<std::size_t>(served++)]->place = {};
    pass();
  }

  EXPECT_EQ(other.state, "inside");
  EXPECT_LE(served, 8);
}

TEST_F(GateTest, LetsFewerInAfterTheLimitWasLowered) {
  auto& a = request();
  auto& b = request();
  rules_.at_most = 1;
  auto& c = request();

  a.place = {};
  pass();
  EXPECT_EQ(c.state, "waits");
  b.place = {};
  pass();

  EXPECT_EQ(c.state, "inside");
  EXPECT_EQ(gate_->inside(), 1u);
}

}  // namespace
}  // namespace sluice::upstream::gate_test

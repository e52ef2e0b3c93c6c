// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/protection.h"

#include <gmock/gmock.h>

#include <list>
#include <string>
#include <vector>

#include "gateway/base/log.h"
#include "gateway/observe/metrics.h"
#include "gateway/upstream/attempt.h"
#include "gateway/upstream/upstream.h"

#include "tests/unit/observe/scraped.h"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using observe::Family;
using testing::ElementsAre;
using testing::HasSubstr;

class ProtectionTest : public testing::Test {
 protected:
  ProtectionTest() {
    config_.balance = Balance::round_robin;
    base::set_log_sink([this](base::Level, std::string_view line) { log_.emplace_back(line); });
  }
  ~ProtectionTest() override { base::set_log_sink(nullptr); }

  void make(unsigned targets) {
    for (unsigned i = 0; i < targets; ++i)
      config_.targets.push_back({{"10.0.0." + std::to_string(i + 1), 80}, 1});
    upstream_.emplace("orders", config_, DefaultsConfig{}, table_);
    metrics_ = std::make_shared<observe::UpstreamMetrics>(store_, "orders");
    upstream_->count_with(metrics_);
    upstream_->put_in_force(clock_.wall());
  }
  const Protection& protection() const { return upstream_->protection(); }
  Target& target(std::size_t i) const { return *upstream_->targets()[i]; }
  // Attempts at one target that end like this.
  void answers(std::size_t i, int status, int times = 1) {
    for (int n = 0; n < times; ++n)
      AttemptInFlight(target(i), *upstream_, 0, loop_).answered(status, clock_.steady());
  }
  void fails(std::size_t i, Reason reason, int times = 1) {
    for (int n = 0; n < times; ++n) AttemptInFlight(target(i), *upstream_, 0, loop_).failed(reason);
  }
  void pass(base::Duration time) {
    clock_.advance(time);
    loop_.run_once(0s);
    protection().bring_back_due(upstream_->targets(), loop_.now());
  }
  std::string usable() const {
    std::string out;
    for (const auto& t : upstream_->targets()) out += t->usable() ? '+' : '-';
    return out;
  }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  TargetTable table_{{&loop_}, nullptr};
  observe::SeriesStore store_{observe::MetricsOptions{}};
  std::shared_ptr<observe::UpstreamMetrics> metrics_;
  UpstreamConfig config_;
  std::optional<Upstream> upstream_;
  std::vector<std::string> log_;
};

// --- outliers

TEST_F(ProtectionTest, TakesATargetOutThatFailsFiveTimesInARow) {
  make(3);
  fails(1, Reason::upstream_connect_failed, 4);
  EXPECT_EQ(usable(), "+++");

  fails(1, Reason::timeout_first_byte);

  EXPECT_EQ(usable(), "+-+");
  EXPECT_THAT(log_,
              ElementsAre("upstream orders: 10.0.0.2:80 is out of service for 30s: 5 failures in a row, the "
                          "last one with timeout_first_byte"));
  EXPECT_EQ(target(1).why_unusable().reason, Reason::no_healthy_upstream);
  EXPECT_EQ(observe::counter(store_, Family::sluice_upstream_ejections_total,
                             {{"upstream", "orders"}, {"cause", "failures"}}),
            1);
}

TEST_F(ProtectionTest, BringsItBackAfterItsTime) {
  make(3);
  fails(1, Reason::upstream_reset, 5);

  pass(29s);
  EXPECT_EQ(usable(), "+-+");
  pass(1s);

  EXPECT_EQ(usable(), "+++");
  EXPECT_EQ(log_.back(), "upstream orders: 10.0.0.2:80 is back in service");
  fails(1, Reason::upstream_reset, 5);
  EXPECT_THAT(log_.back(), HasSubstr("out of service for 1m"));
}

TEST_F(ProtectionTest, ForgetsFailuresWhenARequestGoesWell) {
  make(3);
  for (int i = 0; i < 3; ++i) {
    fails(0, Reason::upstream_reset, 4);
    answers(0, 500, 2);
  }
  EXPECT_EQ(usable(), "+++") << "500 is the application's own";
}

TEST_F(ProtectionTest, GoesByTheShareWhereFailuresAreNotInARow) {
  make(2);
  for (int i = 0; i < 12; ++i) {
    answers(0, 503);
    answers(0, 200);
  }

  EXPECT_EQ(usable(), "-+");
  EXPECT_EQ(observe::counter(store_, Family::sluice_upstream_ejections_total,
                             {{"upstream", "orders"}, {"cause", "failure_rate"}}),
            1);
}

TEST_F(ProtectionTest, BlamesNoTargetForItsClientsAndItsManners) {
  make(2);
  for (Reason reason : {Reason::client_closed, Reason::stale_connection, Reason::upstream_refused,
                        Reason::timeout_total, Reason::response_invalid, Reason::overload})
    fails(0, reason, 10);
  for (int status : {400, 404, 429, 500, 501, 505}) answers(0, status, 10);

  EXPECT_EQ(usable(), "++");
}

TEST_F(ProtectionTest, LeavesHalfOfTheTargetsIn) {
  make(3);
  for (std::size_t i : {0u, 1u, 2u}) fails(i, Reason::upstream_reset, 10);

  EXPECT_EQ(usable(), "-++");
}

TEST_F(ProtectionTest, NeverTakesTheLastOneOut) {
  config_.outlier.max_ejected = config::Percent{100};
  make(2);
  for (std::size_t i : {0u, 1u}) fails(i, Reason::upstream_reset, 10);

  EXPECT_EQ(usable(), "-+");
}

TEST_F(ProtectionTest, NeverTakesTheOnlyOneOut) {
  make(1);
  fails(0, Reason::upstream_reset, 100);

  EXPECT_EQ(usable(), "+");
}

TEST_F(ProtectionTest, BringsAllBackWhereNothingElseIsLeft) {
  config_.health = HealthConfig{};
  make(2);
  fails(0, Reason::upstream_reset, 5);
  target(1).take({CheckResult::failed, "status 500"}, {}, clock_.wall());
  ASSERT_EQ(usable(), "--");

  EXPECT_TRUE(protection().bring_back_all(upstream_->targets(), clock_.steady()));

  EXPECT_EQ(usable(), "+-");
  EXPECT_FALSE(protection().bring_back_all(upstream_->targets(), clock_.steady()));
}

TEST_F(ProtectionTest, BringsTargetsBackRatherThanAskOnesThatFailTheirChecks) {
  config_.health = HealthConfig{};
  make(2);
  fails(0, Reason::upstream_reset, 5);
  target(1).take({CheckResult::failed, "status 500"}, {}, clock_.wall());

  for (int i = 0; i < 5; ++i) EXPECT_EQ(upstream_->pick(0, {}), &target(0));

  EXPECT_EQ(usable(), "+-");
  EXPECT_FALSE(upstream_->panicking()) << "that is half of them";
}

TEST_F(ProtectionTest, BringsTargetsBackInTimeWhenOneIsPicked) {
  make(2);
  fails(0, Reason::upstream_reset, 5);
  EXPECT_EQ(upstream_->pick(0, {}), &target(1));
  clock_.advance(1min);
  loop_.run_once(0s);

  upstream_->pick(0, {});

  EXPECT_EQ(usable(), "++");
}

TEST_F(ProtectionTest, ForgetsNoTargetThatAnOlderSnapshotDoesNotHave) {
  make(4);
  UpstreamConfig fewer = config_;
  fewer.targets.pop_back();
  Upstream before("orders", fewer, DefaultsConfig{}, table_);
  fails(0, Reason::upstream_reset, 5);
  pass(10s);
  fails(3, Reason::upstream_reset, 5);
  ASSERT_EQ(usable(), "-++-");

  clock_.advance(20s);
  loop_.run_once(0s);
  before.protection().bring_back_due(before.targets(), loop_.now());
  EXPECT_EQ(usable(), "+++-");
  pass(10s);

  EXPECT_EQ(usable(), "++++");
}

TEST_F(ProtectionTest, KeepsATargetOutAcrossReloads) {
  make(3);
  fails(1, Reason::upstream_reset, 5);

  Upstream next("orders", config_, DefaultsConfig{}, table_);
  next.count_with(metrics_);
  next.put_in_force(clock_.wall());

  EXPECT_EQ(usable(), "+-+");
}

TEST_F(ProtectionTest, BringsTargetsBackWhereAReloadTurnsThatOff) {
  make(3);
  fails(1, Reason::upstream_reset, 5);

  config_.outlier.on = false;
  Upstream next("orders", config_, DefaultsConfig{}, table_);
  next.count_with(metrics_);
  next.put_in_force(clock_.wall());

  EXPECT_EQ(usable(), "+++");
  AttemptInFlight(target(1), next, 0, loop_).failed(Reason::upstream_reset);
  EXPECT_EQ(usable(), "+++");
}

// --- circuit breaker

TEST_F(ProtectionTest, AdmitsEverythingWithoutACircuitBreaker) {
  make(1);
  fails(0, Reason::upstream_reset, 1000);

  EXPECT_TRUE(protection().admits(loop_.now()));
}

TEST_F(ProtectionTest, OpensTheCircuitForAllTargets) {
  config_.circuit_breaker = CircuitConfig{};
  config_.outlier.on = false;
  make(2);
  for (int i = 0; i < 10; ++i) {
    fails(0, Reason::upstream_reset);
    answers(1, 503);
  }

  EXPECT_FALSE(protection().admits(loop_.now()));
  EXPECT_GT(protection().closed_for(loop_.now()), 4s);
  EXPECT_THAT(log_, ElementsAre("upstream orders: the circuit is open, as too many requests fail"));
  EXPECT_EQ(observe::gauge(store_, Family::sluice_upstream_circuit_state, {{"upstream", "orders"}}), 2);
  pass(5s);
  EXPECT_TRUE(protection().admits(loop_.now()));
  answers(0, 200);
  EXPECT_EQ(observe::gauge(store_, Family::sluice_upstream_circuit_state, {{"upstream", "orders"}}), 1);
  pass(5s);
  EXPECT_TRUE(protection().admits(loop_.now()));
  EXPECT_EQ(log_.back(), "upstream orders: the circuit is closed");
}

// --- retry budget

TEST_F(ProtectionTest, AllowsThreeRetriesAtAnyRate) {
  make(1);
  std::vector<Tally::Token> tokens;
  for (int i = 0; i < 3; ++i) {
    tokens.push_back(protection().retry({}, upstream_->targets()));
    EXPECT_TRUE(tokens.back());
  }
  EXPECT_FALSE(protection().retry({}, upstream_->targets()));
  tokens.pop_back();
  EXPECT_TRUE(protection().retry({}, upstream_->targets()));
}

TEST_F(ProtectionTest, AllowsAFifthOfTheRequestsUnderWay) {
  make(2);
  std::list<ActiveRequest> active;
  for (int i = 0; i < 50; ++i) active.emplace_back(target(static_cast<std::size_t>(i % 2)));
  std::vector<Tally::Token> tokens;
  for (int i = 0; i < 100; ++i)
    if (auto token = protection().retry({}, upstream_->targets())) tokens.push_back(std::move(token));

  EXPECT_EQ(tokens.size(), 10u);
}

}  // namespace
}  // namespace sluice::upstream

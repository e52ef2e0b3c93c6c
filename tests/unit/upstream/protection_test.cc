// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/protection.h"

#include <gmock/gmock.h>

#include <list>
#include <string>
#include <vector>

#include "gateway/base/job.h"
#include "gateway/base/log.h"
#include "gateway/observe/metrics.h"
#include "gateway/upstream/attempt.h"
#include "gateway/upstream/upstream.h"

#include "tests/unit/observe/scraped.h"

namespace sluice::upstream::protection_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using observe::Family;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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
  // Whether somebody may try; where it is one of few, nothing ever comes of it.
  bool admits() {
    Circuit::Trial trial;
    bool admitted = protection().admits(loop_.now(), trial);
    trial.judged();
    return admitted;
  }
  // Attempts at one target that end like this.
  void answers(std::size_t i, int status, int times = 1) {
    for (int n = 0; n < times; ++n)
      AttemptInFlight(target(i), *upstream_, 0, loop_).answered(status, clock_.steady());
  }
  void fails(std::size_t i, Reason reason, int times = 1) {
    for (int n = 0; n < times; ++n) AttemptInFlight(target(i), *upstream_, 0, loop_).failed(reason);
  }
  // What comes of it without waiting.
  static base::Result<Gate::Place> at_once(base::Task<base::Result<Gate::Place>> entering) {
    base::Result<Gate::Place> out = base::fail(Reason::internal, "it waits");
    base::Scope scope;
    base::Job<void> job(&scope);
    job.start([](auto& task, auto& to) -> base::Task<void> { to = co_await task; }(entering, out));
    return out;
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

TEST_F(ProtectionTest, LetsItBeSeenThatRequestsGoWellWhereChecksFail) {
  make(1);
  target(0).check_health(true, clock_.wall());
  target(0).take({CheckResult::failed, "status 503"}, {}, clock_.wall());
  answers(0, 200);
  EXPECT_EQ(target(0).disagreement(), "");

  pass(4s);
  answers(0, 200);

  EXPECT_EQ(target(0).disagreement(), "checks fail (status 503), but requests are answered with 2xx");
  fails(0, Reason::upstream_reset);
  EXPECT_EQ(target(0).disagreement(), "");
}

TEST_F(ProtectionTest, LetsItBeSeenThatChecksPassOfATargetThatIsOut) {
  make(3);
  target(1).check_health(true, clock_.wall());
  target(1).take({CheckResult::passed, "status 200"}, {}, clock_.wall());
  pass(1s);
  fails(1, Reason::upstream_connect_failed, 5);
  EXPECT_EQ(target(1).disagreement(), "") << "the check is older than the failures";

  target(1).take({CheckResult::passed, "status 200"}, {}, clock_.wall());

  EXPECT_EQ(target(1).disagreement(),
            "checks pass (status 200), but requests fail: 5 failures in a row, the last one with "
            "upstream_connect_failed");
  target(1).check_health(false, clock_.wall());
  EXPECT_EQ(target(1).disagreement(), "");
}

TEST_F(ProtectionTest, SeesFailuresBesideChecksWhereNobodyLooksForOutliers) {
  config_.outlier.on = false;
  make(1);
  target(0).check_health(true, clock_.wall());
  target(0).take({CheckResult::passed, "status 200"}, {}, clock_.wall());
  fails(0, Reason::upstream_reset);
  pass(4s);

  fails(0, Reason::upstream_reset);

  EXPECT_EQ(target(0).disagreement(), "checks pass (status 200), but requests fail");
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

  EXPECT_TRUE(admits());
}

TEST_F(ProtectionTest, OpensTheCircuitForAllTargets) {
  config_.circuit_breaker = CircuitConfig{};
  config_.outlier.on = false;
  make(2);
  for (int i = 0; i < 10; ++i) {
    fails(0, Reason::upstream_reset);
    answers(1, 503);
  }

  EXPECT_FALSE(admits());
  EXPECT_GT(protection().closed_for(loop_.now()), 4s);
  EXPECT_THAT(log_, ElementsAre("upstream orders: the circuit is open, as too many requests fail"));
  EXPECT_EQ(observe::gauge(store_, Family::sluice_upstream_circuit_state, {{"upstream", "orders"}}), 2);
  pass(5s);
  EXPECT_TRUE(admits());
  answers(0, 200);
  EXPECT_EQ(observe::gauge(store_, Family::sluice_upstream_circuit_state, {{"upstream", "orders"}}), 1);
  pass(5s);
  EXPECT_TRUE(admits());
  EXPECT_EQ(log_.back(), "upstream orders: the circuit is closed");
}

TEST_F(ProtectionTest, LetsTheNextOneTryForAnAttemptOfWhichNothingCame) {
  config_.circuit_breaker = CircuitConfig{};
  make(1);
  answers(0, 503, 20);
  pass(5s);
  Circuit::Trial trial;
  ASSERT_TRUE(protection().admits(loop_.now(), trial));
  AttemptInFlight left(target(0), *upstream_, 0, loop_, std::move(trial));
  EXPECT_FALSE(admits()) << "one of ten";

  left.failed(Reason::client_closed);

  EXPECT_TRUE(admits());
}

TEST_F(ProtectionTest, LetsTheNextOneTryForAnAttemptThatIsDropped) {
  config_.circuit_breaker = CircuitConfig{};
  make(1);
  answers(0, 503, 20);
  pass(5s);
  {
    Circuit::Trial trial;
    ASSERT_TRUE(protection().admits(loop_.now(), trial));
    AttemptInFlight dropped(target(0), *upstream_, 0, loop_, std::move(trial));
    EXPECT_FALSE(admits()) << "one of ten";
  }

  EXPECT_TRUE(admits());
}

TEST_F(ProtectionTest, KeepsTheCircuitOpenAcrossReloads) {
  config_.circuit_breaker = CircuitConfig{};
  config_.outlier.on = false;
  make(1);
  fails(0, Reason::upstream_reset, 20);
  ASSERT_FALSE(admits());
  pass(1s);

  Upstream next("orders", config_, DefaultsConfig{}, table_);
  next.count_with(metrics_);
  next.put_in_force(clock_.wall());

  Circuit::Trial trial;
  EXPECT_FALSE(next.protection().admits(loop_.now(), trial));
  EXPECT_EQ(observe::gauge(store_, Family::sluice_upstream_circuit_state, {{"upstream", "orders"}}), 2);
  pass(4s);
  EXPECT_TRUE(next.protection().admits(loop_.now(), trial)) << "no later than without a reload";
  trial.judged();
}

// --- limits

TEST_F(ProtectionTest, LetsThoseInWhoWaitWhenAReloadRaisesTheLimit) {
  config_.limits.max_requests = 1;
  config_.queue = QueueConfig{.max = 5, .timeout = 1min};
  make(1);
  auto first = at_once(protection().enter(0));
  ASSERT_TRUE(first);
  base::Result<Gate::Place> second = base::fail(Reason::internal, "it waits");
  base::Scope scope;
  base::Job<void> job(&scope);
  job.start(
      [](auto task, auto& to) -> base::Task<void> { to = co_await task; }(protection().enter(0), second));
  ASSERT_FALSE(second);

  config_.limits.max_requests = 2;
  Upstream next("orders", config_, DefaultsConfig{}, table_);
  next.count_with(metrics_);
  next.put_in_force(clock_.wall());
  for (int i = 0; i < 3; ++i) loop_.run_once(0s);

  EXPECT_TRUE(second);
}

// --- adaptive concurrency

class AdaptiveProtectionTest : public ProtectionTest {
 protected:
  AdaptiveProtectionTest() { config_.adaptive_concurrency = AdaptiveConfig{}; }
  // Three seconds in which three hundred answers come after `took`, with so many in flight.
  void answers_after(base::Duration took, std::uint32_t in_flight) {
    for (int i = 0; i < 300; ++i) {
      clock_.advance(10ms);
      protection().answered(0, took, in_flight, clock_.steady());
    }
  }
  base::Result<Gate::Place> enter(Importance importance = Importance::normal) {
    return at_once(protection().enter_unanswered(0, importance, {}, clock_.steady()));
  }
  std::optional<std::uint32_t> limit() const { return protection().concurrency()->limit; }
  const TargetGroup& group() const { return *target(0).group(); }
};

TEST_F(AdaptiveProtectionTest, ShowsALimitOnceAnswersAreLate) {
  make(1);
  answers_after(10ms, 20);
  EXPECT_EQ(limit(), std::nullopt);
  EXPECT_THAT(log_, IsEmpty());

  answers_after(100ms, 200);

  EXPECT_EQ(limit(), 214u) << "what is in flight, and its square root";
  EXPECT_NEAR(protection().concurrency()->floor, 10'000, 100);
  EXPECT_NEAR(protection().concurrency()->latency, 100'000, 1'000);
  EXPECT_EQ(observe::gauge(store_, Family::sluice_upstream_concurrency_limit, {{"upstream", "orders"}}), 214);
  EXPECT_THAT(log_,
              ElementsAre("upstream orders: at most 214 requests in flight, as latency is 10.0 times its "
                          "floor"));
}

TEST_F(AdaptiveProtectionTest, SaysWhenTheLimitIsGone) {
  make(1);
  answers_after(10ms, 20);
  answers_after(100ms, 200);

  for (int i = 0; i < 30; ++i) answers_after(10ms, 5);

  EXPECT_EQ(limit(), std::nullopt);
  EXPECT_EQ(log_.back(), "upstream orders: no limit of requests in flight any more");
}

TEST_F(AdaptiveProtectionTest, KeepsALimitAcrossReloads) {
  make(1);
  answers_after(10ms, 20);
  answers_after(100ms, 200);
  ASSERT_EQ(limit(), 214u);

  Upstream next("orders", config_, DefaultsConfig{}, table_);
  next.count_with(metrics_);
  next.put_in_force(clock_.wall());

  EXPECT_EQ(next.protection().concurrency()->limit, 214u);
  EXPECT_EQ(observe::gauge(store_, Family::sluice_upstream_concurrency_limit, {{"upstream", "orders"}}), 214);
}

TEST_F(AdaptiveProtectionTest, ForgetsALimitThatAReloadTurnsOff) {
  make(1);
  answers_after(10ms, 20);
  answers_after(100ms, 200);
  UpstreamConfig off = config_;
  off.adaptive_concurrency->on = false;

  Upstream next("orders", off, DefaultsConfig{}, table_);
  next.count_with(metrics_);
  next.put_in_force(clock_.wall());

  EXPECT_FALSE(next.protection().adapts());
  EXPECT_EQ(limit(), std::nullopt);
}

// By their own rules they would have the gate hold back those who wait, for as long as the limit stays away.
TEST_F(AdaptiveProtectionTest, LetsThoseInWhoWaitByTheRulesInForceWhateverOlderAnswersFindOut) {
  config_.adaptive_concurrency->min = 1;
  config_.adaptive_concurrency->max = 4;
  config_.queue = QueueConfig{.max = 5, .timeout = 1min};
  make(1);
  answers_after(10ms, 20);
  answers_after(100ms, 200);
  ASSERT_EQ(limit(), 4u);
  config_.adaptive_concurrency->max = 6;
  Upstream next("orders", config_, DefaultsConfig{}, table_);
  next.count_with(metrics_);
  next.put_in_force(clock_.wall());
  loop_.run_once(0s);

  for (int i = 0; i < 30; ++i) answers_after(10ms, 1);
  ASSERT_EQ(group().adaptive.limit(), AdaptiveLimit::kNone);
  auto entering = [&] {
    return next.protection().enter_unanswered(0, Importance::normal, {}, clock_.steady());
  };
  std::vector<Gate::Place> places;
  for (int i = 0; i < 6; ++i) {
    auto place = at_once(entering());
    ASSERT_TRUE(place) << i;
    places.push_back(std::move(*place));
  }
  base::Result<Gate::Place> waits = base::fail(Reason::internal, "it waits");
  base::Scope scope;
  base::Job<void> job(&scope);
  job.start([](auto task, auto& to) -> base::Task<void> { to = co_await task; }(entering(), waits));
  ASSERT_TRUE(job.running());

  places.pop_back();
  loop_.run_once(0s);

  EXPECT_TRUE(waits);
}

TEST_F(AdaptiveProtectionTest, RefusesFirstWhatIsLessImportant) {
  config_.adaptive_concurrency->min = 1;
  config_.adaptive_concurrency->max = 20;
  make(1);
  auto let_in = [this](Importance importance) {
    std::vector<Gate::Place> places;
    for (auto place = enter(importance); place; place = enter(importance))
      places.push_back(std::move(*place));
    return places;
  };

  auto low = let_in(Importance::low);
  EXPECT_EQ(low.size(), 15u);
  auto normal = let_in(Importance::normal);
  EXPECT_EQ(normal.size(), 5u);
  auto critical = let_in(Importance::critical);
  EXPECT_EQ(critical.size(), 2u);
  EXPECT_EQ(enter(Importance::low).error().reason, Reason::upstream_saturated);
}

// --- what else it could bear

TEST_F(AdaptiveProtectionTest, IsAtEaseWhileNothingSpeaksAgainstIt) {
  config_.limits.max_requests = 1;
  config_.adaptive_concurrency->min = 1;
  config_.adaptive_concurrency->max = 150;
  config_.circuit_breaker = CircuitConfig{};
  make(2);
  EXPECT_TRUE(protection().at_ease());

  answers_after(10ms, 20);
  answers_after(100ms, 140);

  EXPECT_FALSE(protection().at_ease()) << "a limit was found out";
}

TEST_F(AdaptiveProtectionTest, IsNotAtEaseAtItsGreatestLimit) {
  config_.adaptive_concurrency->min = 1;
  config_.adaptive_concurrency->max = 1;
  make(1);

  auto place = enter();

  EXPECT_TRUE(place);
  EXPECT_FALSE(protection().at_ease());
  EXPECT_EQ(enter().error().reason, Reason::upstream_saturated);
}

TEST_F(ProtectionTest, IsNotAtEaseWithATargetOut) {
  make(3);
  EXPECT_TRUE(protection().at_ease());

  answers(1, 503, 5);

  EXPECT_FALSE(protection().at_ease());
}

TEST_F(ProtectionTest, IsNotAtEaseWithACircuitThatIsNotClosed) {
  config_.circuit_breaker = CircuitConfig{};
  config_.outlier.on = false;
  make(1);
  answers(0, 503, 20);
  EXPECT_FALSE(protection().at_ease());
}

TEST_F(ProtectionTest, IsNotAtEaseAtItsLimit) {
  config_.limits.max_requests = 1;
  make(1);
  auto place = at_once(protection().enter(0));

  EXPECT_FALSE(protection().at_ease());
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
}  // namespace sluice::upstream::protection_test

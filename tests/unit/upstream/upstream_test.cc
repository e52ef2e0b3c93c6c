// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/upstream.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "gateway/base/log.h"
#include "gateway/upstream/maglev.h"
#include "gateway/upstream/source_table.h"

#include "tests/support/fake_resolver.h"

namespace sluice::upstream::upstream_test {
namespace {

using namespace std::chrono_literals;

UpstreamConfig with_targets(std::initializer_list<const char*> hosts,
                            Balance balance = Balance::round_robin) {
  UpstreamConfig c;
  for (const char* host : hosts) c.targets.push_back({{host, 80}, 1});
  c.balance = balance;
  return c;
}

class UpstreamTest : public testing::Test {
 protected:
  std::unique_ptr<Upstream> make(const UpstreamConfig& config, const DefaultsConfig& defaults = {}) {
    return std::make_unique<Upstream>("orders", config, defaults, table_);
  }
  // Which targets n picks give: "abab".
  static std::string picks(Upstream& upstream, int n, unsigned worker = 0) {
    std::string out;
    for (int i = 0; i < n; ++i) {
      Target* t = upstream.pick(worker, {});
      out += t ? t->url().host : "-";
    }
    return out;
  }

  base::VirtualClock clock_;
  net::Loop first_{clock_}, second_{clock_};
  test::FakeResolver names_;
  TargetTable table_{{&first_, &second_}, &names_.resolver()};
};

TEST_F(UpstreamTest, ShowsWhatIsWrittenAboutItsTargets) {
  UpstreamConfig config = with_targets({"10.0.0.1", "a", "10.0.0.3"});
  config.targets[0].zone = "one";
  config.targets[1].zone = "two";
  config.targets[1].metadata.emplace("rack") = "7";
  auto upstream = make(config);
  names_.lookup().resolves("a", {"10.0.0.7", "10.0.0.8"});
  names_.answer();

  std::string zones;
  for (const auto& shown : upstream->shown()) zones += (shown.labels ? shown.labels->zone : "-") + " ";

  EXPECT_EQ(zones, "one two two - ");
  EXPECT_EQ(*upstream->shown()[1].labels->metadata.find("rack"), "7");
}

TEST_F(UpstreamTest, ShowsWhatAListSaysAboutItsTargets) {
  auto upstream = make(with_targets({"10.0.0.1"}));
  auto list = table_.sources().list(upstream->group(), "file");
  auto say = [&](const char* zone) {
    UpstreamConfig config = with_targets({"10.0.0.2", "10.0.0.3"});
    config.targets[0].zone = zone;
    list->says(table_.sources().parts(upstream->group(), config.targets));
  };
  say("one");
  upstream->use_instead(list);
  auto before = list->members();

  EXPECT_EQ(upstream->shown()[0].labels->zone, "one");
  EXPECT_EQ(upstream->shown()[1].labels, nullptr);
  say("two");
  EXPECT_EQ(upstream->shown()[0].labels->zone, "two");
  EXPECT_EQ(list->members(), before) << "no worker has to look again for that";
}

TEST_F(UpstreamTest, MergesDefaultsAndItsOwnSettings) {
  DefaultsConfig defaults;
  defaults.timeouts.connect = 1s;
  defaults.timeouts.idle = 10s;
  defaults.retry = RetryConfig{1, {}};
  UpstreamConfig config = with_targets({"a"});
  config.timeouts.idle = 20s;
  config.pool.max_idle = 3;
  config.host = {HostPolicy::Kind::upstream, {}};

  auto upstream = make(config, defaults);

  EXPECT_EQ(upstream->name(), "orders");
  EXPECT_EQ(upstream->timeouts(), (Timeouts{1s, 30s, 20s, 60s}));
  EXPECT_EQ(upstream->retry(), (RetryConfig{1, {}}));
  EXPECT_EQ(upstream->pool().keep.max_idle, 3u);
  EXPECT_EQ(upstream->host().kind, HostPolicy::Kind::upstream);
}

TEST_F(UpstreamTest, TakesItsOwnRetryBeforeThatOfDefaultsAndSafeBeforeNone) {
  DefaultsConfig defaults;
  defaults.retry = RetryConfig{1, {}};
  UpstreamConfig config = with_targets({"a"});
  EXPECT_EQ(make(config)->retry(), (RetryConfig{2, {}}));

  config.retry = RetryConfig{3, {}};

  EXPECT_EQ(make(config, defaults)->retry(), (RetryConfig{3, {}}));
}

TEST_F(UpstreamTest, PicksNoTargetThatFailsItsHealthChecks) {
  auto config = with_targets({"10.0.0.1", "10.0.0.2", "10.0.0.3"});
  config.health = HealthConfig{};
  auto upstream = make(config);
  names_.answer();
  upstream->put_in_force(clock_.wall());
  auto targets = upstream->targets();

  targets[1]->take({CheckResult::failed, "status 500"}, {}, clock_.wall());

  std::set<Target*> picked;
  for (int i = 0; i < 10; ++i) picked.insert(upstream->pick(0, {}));
  EXPECT_EQ(picked, (std::set<Target*>{targets[0].get(), targets[2].get()}));
}

// A pool with two unused connections.
struct UnusedPool final : PoolSlot {
  UnusedPool() { set_unused(2); }
  bool give_up_unused() noexcept override {
    if (unused() == 0) return false;
    set_unused(unused() - 1);
    return true;
  }
};

TEST_F(UpstreamTest, GivesUpUnusedConnectionsToTargetsThatGetNoRequests) {
  auto config = with_targets({"10.0.0.1", "10.0.0.2"});
  config.health = HealthConfig{};
  auto upstream = make(config);
  upstream->put_in_force(clock_.wall());
  auto targets = upstream->targets();
  for (const auto& t : targets) t->slot(0) = std::make_unique<UnusedPool>();
  auto unused = [&](std::size_t i) { return targets[i]->slot(0)->unused(); };

  upstream->pick(0, {});
  EXPECT_EQ(unused(1), 2u);
  targets[1]->take({CheckResult::failed, "status 500"}, {}, clock_.wall());
  upstream->pick(0, {});

  EXPECT_EQ(unused(0), 2u);
  EXPECT_EQ(unused(1), 0u);
  targets[0]->drain(true);
  upstream->pick(0, {});
  EXPECT_EQ(unused(0), 2u) << "nothing else is left";
}

// The same, among the pools of the upstream.
struct KnownPool final : PoolSlot {
  explicit KnownPool(Target& target) : PoolSlot(target.group()->pools, target, 0) { set_unused(2); }
  bool give_up_unused() noexcept override {
    if (unused() == 0) return false;
    set_unused(unused() - 1);
    return true;
  }
};

TEST_F(UpstreamTest, LeavesConnectionsToTargetsThatOthersHaveReplaced) {
  std::shared_ptr<Upstream> upstream = make(with_targets({"10.0.0.1"}));
  upstream->put_in_force(clock_.wall());
  auto before = upstream->targets()[0];
  upstream->pick(0, {});
  before->slot(0) = std::make_unique<KnownPool>(*before);
  auto list = table_.sources().list(upstream->group(), "the admin server");
  list->says(table_.sources().parts(upstream->group(), with_targets({"10.0.0.2"}).targets));

  upstream->use_instead(list);
  first_.run_once(base::Duration::zero());

  EXPECT_EQ(before->slot(0)->unused(), 0u)
      << "the configuration still names it, and nobody asks for anything";
}

TEST_F(UpstreamTest, LeavesConnectionsToTargetsThatAReloadHasTakenOut) {
  auto old = make(with_targets({"10.0.0.1", "10.0.0.2"}));
  old->put_in_force(clock_.wall());
  auto targets = old->targets();
  for (const auto& t : targets) t->slot(0) = std::make_unique<KnownPool>(*t);
  std::shared_ptr<Upstream> now = make(with_targets({"10.0.0.2"}));
  now->put_in_force(clock_.wall());

  first_.run_once(base::Duration::zero());  // nobody asks for anything
  old->pick(0, {});                         // by an exchange that began before

  EXPECT_EQ(targets[0]->slot(0)->unused(), 0u) << "an older snapshot still has it";
  EXPECT_EQ(targets[1]->slot(0)->unused(), 2u);
}

TEST_F(UpstreamTest, LetsATargetThatLeftGoWhenItLooksAgainAfterItsLastRequest) {
  auto upstream = make(with_targets({"a"}));
  names_.lookup().resolves("a", {"10.0.0.1", "10.0.0.2"}, 1s);
  names_.answer();
  upstream->pick(0, {});
  std::weak_ptr<Target> left = upstream->targets()[0];
  std::optional<ActiveRequest> request(std::in_place, *left.lock());
  left.lock()->eject({}, "5 failures in a row", clock_.steady());
  EXPECT_FALSE(upstream->protection().at_ease());

  names_.lookup().resolves("a", {"10.0.0.2"}, 1s);
  names_.pass(40s);
  upstream->pick(0, {});
  EXPECT_TRUE(upstream->protection().at_ease()) << "what is left is well";
  EXPECT_FALSE(left.expired());
  request.reset();
  upstream->targets()[0]->set_weight(7);
  upstream->pick(0, {});

  EXPECT_TRUE(left.expired());
}

TEST_F(UpstreamTest, SaysWhyItsTargetsAreIllBeforeThatNamesAreNotResolved) {
  auto config = with_targets({"a", "10.0.0.2"});
  config.health = HealthConfig{};
  config.panic_threshold = {0};
  auto upstream = make(config);
  names_.answer();
  upstream->put_in_force(clock_.wall());

  upstream->targets()[0]->take({CheckResult::failed, "status 500"}, {}, clock_.wall());

  EXPECT_EQ(upstream->pick(0, {}), nullptr);
  EXPECT_EQ(upstream->why_unusable().reason, base::Reason::no_healthy_upstream);
  EXPECT_EQ(upstream->why_unusable().detail,
            "10.0.0.2:80 fails its health checks: status 500 (and 1 more targets of orders)");
}

TEST_F(UpstreamTest, HasItsTargetsCheckedAsItsConfigurationSays) {
  auto config = with_targets({"a", "b"});
  std::vector<Watched> checked;
  make(config)->add_checks(checked);
  EXPECT_TRUE(checked.empty());

  config.health.emplace().path = "/healthz";
  config.protocol = ProtocolChoice::h2;
  for (const char* host : {"a", "b"}) names_.lookup().resolves(host, {"10.0.0.1"});
  auto upstream = make(config);
  names_.answer();
  upstream->add_checks(checked);

  ASSERT_EQ(checked.size(), 2u);
  EXPECT_EQ(checked[1].target, upstream->targets()[1]);
  EXPECT_EQ(checked[1].settings->health.path, "/healthz");
  EXPECT_EQ(checked[1].settings->protocol, ProtocolChoice::h2);
}

TEST_F(UpstreamTest, PicksNothingBeforeAnythingIsResolved) {
  auto upstream = make(with_targets({"a", "b", "c"}));

  EXPECT_EQ(upstream->pick(0, {}), nullptr);
  EXPECT_EQ(upstream->why_unusable().reason, base::Reason::upstream_resolve_failed);
  EXPECT_EQ(upstream->why_unusable().detail, "a: not resolved yet (and 2 more targets of orders)");
}

TEST_F(UpstreamTest, PicksAmongWhatIsResolvedSoFar) {
  auto upstream = make(with_targets({"a", "b"}));
  names_.lookup().resolves("b", {"10.0.0.2"});
  names_.answer();
  EXPECT_EQ(picks(*upstream, 3), "bbb");

  names_.lookup().resolves("a", {"10.0.0.1"});
  names_.pass(2s);

  EXPECT_EQ(picks(*upstream, 4), "abab");
}

TEST_F(UpstreamTest, KeepsAWorkerForEachOfItsViews) {
  for (const char* host : {"a", "b"}) names_.lookup().resolves(host, {"10.0.0.1"});
  auto upstream = make(with_targets({"a", "b"}));
  names_.answer();

  EXPECT_EQ(picks(*upstream, 3, 0), "aba");
  EXPECT_EQ(picks(*upstream, 3, 1), "bab");
}

TEST_F(UpstreamTest, AvoidsTargetsThatWereTriedAsLongAsThereIsAnother) {
  for (const char* host : {"a", "b", "c"}) names_.lookup().resolves(host, {"10.0.0.1"});
  for (Balance balance : {Balance::round_robin, Balance::least_request}) {
    auto upstream = make(with_targets({"a", "b", "c"}, balance));
    names_.answer();
    for (int i = 0; i < 50; ++i) {
      std::vector<Target*> tried{upstream->pick(0, {})};
      tried.push_back(upstream->pick(0, {}, tried));
      EXPECT_NE(tried[1], tried[0]);
      tried.push_back(upstream->pick(0, {}, tried));
      EXPECT_EQ(std::set<Target*>(tried.begin(), tried.end()).size(), 3u);

      EXPECT_NE(upstream->pick(0, {}, tried), nullptr) << "better the same one again than none";
    }
  }
}

TEST_F(UpstreamTest, PicksTheOnlyTargetAlthoughItWasTried) {
  auto upstream = make(with_targets({"10.0.0.1"}));
  Target* only = upstream->pick(0, {});

  EXPECT_EQ(upstream->pick(0, {}, std::span(&only, 1)), only);
}

TEST_F(UpstreamTest, SharesLivingTargetsWithTheSnapshotBefore) {
  auto before = make(with_targets({"10.0.0.1", "10.0.0.2"}));
  Target* kept = before->targets()[1].get();

  auto after = make(with_targets({"10.0.0.2", "10.0.0.3"}));
  before.reset();

  EXPECT_EQ(after->targets()[0].get(), kept);
  EXPECT_EQ(table_.size(), 2u);
}

TEST_F(UpstreamTest, GoesByTheWeightsOfItsOwnSnapshot) {
  UpstreamConfig equal = with_targets({"10.0.0.1", "10.0.0.2"});
  UpstreamConfig heavy = equal;
  heavy.targets[0].weight = 3;
  auto before = make(equal);
  auto after = make(heavy);

  std::map<Target*, int> old_counts, new_counts;
  for (int i = 0; i < 8; ++i) {
    ++old_counts[before->pick(0, {})];
    ++new_counts[after->pick(0, {})];
  }

  EXPECT_EQ(old_counts[before->targets()[0].get()], 4);
  EXPECT_EQ(new_counts[after->targets()[0].get()], 6);
}

TEST_F(UpstreamTest, LetsWorkersPickWhileTheResolverPublishes) {
  auto upstream = make(with_targets({"a", "b", "10.0.0.9"}, Balance::least_request));
  names_.lookup().resolves("a", {"10.0.0.1"});
  names_.lookup().resolves("b", {"10.0.0.2"});
  std::vector<std::thread> workers;
  std::atomic<int> missing = 0;
  for (unsigned w = 0; w < 2; ++w)
    workers.emplace_back([&, w] {
      std::set<Target*> seen;
      while (seen.size() < 3) {
        Target* t = upstream->pick(w, {});
        if (!t || t->addresses()->empty()) ++missing;
        seen.insert(t);
      }
    });

  names_.answer();
  for (auto& w : workers) w.join();

  EXPECT_EQ(missing, 0);
}

// What is logged of panic while it lives.
struct Logged {
  Logged() {
    base::set_log_sink([this](base::Level, std::string_view line) {
      if (line.find("panic") != std::string_view::npos) lines.emplace_back(line);
    });
  }
  Logged(const Logged&) = delete;
  ~Logged() { base::set_log_sink(nullptr); }
  std::vector<std::string> lines;
};

class PanicTest : public UpstreamTest {
 protected:
  // Four targets with addresses and one without.
  std::unique_ptr<Upstream> four(double threshold = 50) {
    auto config = with_targets({"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "nowhere"});
    config.health = HealthConfig{};
    config.panic_threshold = {threshold};
    auto upstream = make(config);
    upstream->put_in_force(clock_.wall());
    names_.answer();
    return upstream;
  }
  void turn(Upstream& upstream, std::size_t from, std::size_t to, bool well) {
    for (std::size_t i = from; i < to; ++i)
      upstream.targets()[i]->take({well ? CheckResult::passed : CheckResult::failed, "x"}, {1, 1},
                                  clock_.wall());
  }
  static std::size_t different(Upstream& upstream) {
    std::set<Target*> picked;
    for (int i = 0; i < 20; ++i)
      if (Target* t = upstream.pick(0, {})) picked.insert(t);
    return picked.size();
  }
};

TEST_F(PanicTest, IsNoneWhileHalfOfTheTargetsAreHealthy) {
  auto upstream = four();
  turn(*upstream, 0, 2, false);

  EXPECT_EQ(different(*upstream), 2u);
  EXPECT_FALSE(upstream->panicking());
}

TEST_F(PanicTest, SendsRequestsToAllThatHaveAnAddressBelowThat) {
  auto upstream = four();
  turn(*upstream, 0, 3, false);

  EXPECT_EQ(different(*upstream), 4u);
  EXPECT_TRUE(upstream->panicking());
  EXPECT_EQ(upstream->share().healthy, 1u);
  EXPECT_EQ(upstream->share().all, 4u);

  turn(*upstream, 3, 4, false);
  EXPECT_EQ(different(*upstream), 4u) << "checks that all fail are rather wrong than all targets";
}

TEST_F(PanicTest, EndsWhenEnoughAreHealthyAgain) {
  auto upstream = four();
  turn(*upstream, 0, 4, false);
  different(*upstream);

  turn(*upstream, 0, 2, true);

  EXPECT_EQ(different(*upstream), 2u);
  EXPECT_FALSE(upstream->panicking());
}

TEST_F(PanicTest, IsOffAtZeroAndEagerAtAHundred) {
  auto off = four(0);
  turn(*off, 0, 3, false);
  EXPECT_EQ(different(*off), 1u);
  turn(*off, 3, 4, false);
  EXPECT_EQ(off->pick(0, {}), nullptr);
  EXPECT_FALSE(off->panicking());

  auto eager = four(100);
  turn(*eager, 0, 4, true);
  EXPECT_EQ(different(*eager), 4u);
  EXPECT_FALSE(eager->panicking());
  turn(*eager, 0, 1, false);
  EXPECT_TRUE(eager->panicking());
}

TEST_F(PanicTest, DoesNotComeOfTargetsWithoutAnAddress) {
  auto upstream = make(with_targets({"a", "b", "c", "10.0.0.4"}));

  EXPECT_EQ(different(*upstream), 1u);
  EXPECT_FALSE(upstream->panicking());
}

TEST_F(PanicTest, AvoidsTargetsThatWereTried) {
  auto upstream = four();
  turn(*upstream, 0, 3, false);
  Target* tried[] = {upstream->targets()[3].get()};

  for (int i = 0; i < 10; ++i) EXPECT_NE(upstream->pick(0, {}, tried), tried[0]);
}

TEST_F(PanicTest, IsLoggedOnceForEachChangeByWhoeverSeesItFirst) {
  Logged logged;
  auto upstream = four();
  upstream->pick(0, {});
  EXPECT_TRUE(logged.lines.empty());

  turn(*upstream, 0, 3, false);
  for (unsigned worker : {0u, 1u}) upstream->pick(worker, {});
  upstream->tell_panic();
  ASSERT_EQ(logged.lines.size(), 1u);
  EXPECT_EQ(logged.lines[0],
            "upstream orders: panic: 1 of 4 targets are healthy, requests go to all of them");

  auto next = four();  // a reload
  next->pick(0, {});
  EXPECT_EQ(logged.lines.size(), 1u);
  turn(*next, 0, 4, true);
  upstream->pick(0, {});  // an exchange of the snapshot before
  EXPECT_EQ(logged.lines.size(), 1u);
  next->tell_panic();
  ASSERT_EQ(logged.lines.size(), 2u);
  EXPECT_EQ(logged.lines[1], "upstream orders: no panic any more: 4 of 4 targets are healthy");
}

class SlowStartOfUpstream : public UpstreamTest {
 protected:
  UpstreamConfig slow(std::initializer_list<const char*> hosts, Balance balance = Balance::round_robin) {
    auto config = with_targets(hosts, balance);
    config.slow_start = 30s;
    return config;
  }
  // How many of 3000 picks go to the last target.
  int last(Upstream& upstream) {
    first_.run_once(0s);
    int n = 0;
    for (int i = 0; i < 3000; ++i) n += upstream.pick(0, {}) == upstream.targets().back().get();
    return n;
  }
};

TEST_F(SlowStartOfUpstream, DoesNotComeWithTheStartOfTheProcess) {
  auto upstream = make(slow({"10.0.0.1", "10.0.0.2", "c"}));
  names_.lookup().resolves("c", {"10.0.0.3"});
  names_.answer();
  upstream->put_in_force(clock_.wall());

  EXPECT_EQ(last(*upstream), 1000);
}

TEST_F(SlowStartOfUpstream, BringsATargetOfTheNextSnapshotUpToItsWeight) {
  for (Balance balance :
       {Balance::round_robin, Balance::random, Balance::least_request, Balance::peak_ewma}) {
    auto before = make(slow({"10.0.0.1", "10.0.0.2"}, balance));
    before->put_in_force(clock_.wall());
    auto after = make(slow({"10.0.0.1", "10.0.0.2", "10.0.0.3"}, balance));
    after->put_in_force(clock_.wall());
    for (const auto& t : after->targets()) t->latency().observe(1ms, clock_.steady());

    EXPECT_LT(last(*after), 50);
    clock_.advance(15s);
    EXPECT_NEAR(last(*after), 600, 100) << "half a weight of two and a half";
    clock_.advance(15s);
    EXPECT_NEAR(last(*after), 1000, 120);
  }
}

TEST_F(SlowStartOfUpstream, IsNotOfTargetsThatStay) {
  auto before = make(slow({"10.0.0.1", "10.0.0.2", "10.0.0.3"}));
  before->put_in_force(clock_.wall());
  auto after = make(slow({"10.0.0.2", "10.0.0.3"}));
  after->put_in_force(clock_.wall());

  EXPECT_EQ(last(*after), 1500);
}

TEST_F(SlowStartOfUpstream, GivesWhoeverIsAloneEverything) {
  auto config = slow({"10.0.0.1", "10.0.0.2"});
  config.health = HealthConfig{};
  config.panic_threshold = {0};
  auto upstream = make(config);
  upstream->put_in_force(clock_.wall());
  for (const auto& t : upstream->targets()) t->take({CheckResult::failed, "x"}, {1, 1}, clock_.wall());
  upstream->targets()[1]->take({CheckResult::passed, "x"}, {1, 1}, clock_.wall());

  EXPECT_EQ(last(*upstream), 3000);
}

TEST_F(UpstreamTest, KeepsRequestsTogetherThatAreAlike) {
  auto config = with_targets({"10.0.0.1", "10.0.0.2", "10.0.0.3"}, Balance::consistent_hash);
  config.hash_by.push_back({config::KeyPart::Kind::header, "X-User"});
  auto upstream = make(config);
  auto again = make(config);
  std::set<Target*> all;

  for (std::uint64_t k = 0; k < 50; ++k) {
    PickKey key{.hash = affinity_hash(std::to_string(k))};
    Target* t = upstream->pick(0, key);
    all.insert(t);
    EXPECT_EQ(upstream->pick(1, key), t) << "whatever the worker";
    EXPECT_EQ(again->pick(0, key), t) << "and the snapshot";
  }

  EXPECT_EQ(all.size(), 3u);
}

TEST_F(UpstreamTest, LeavesNoTableToBeMadeByAWorkerOnceItIsInForce) {
  auto config = with_targets({"a", "10.0.0.9"}, Balance::consistent_hash);
  auto upstream = std::make_shared<Upstream>("orders", config, DefaultsConfig{}, table_);
  EXPECT_TRUE(upstream->prepare());

  upstream->put_in_force({});
  EXPECT_FALSE(upstream->prepare());
  names_.lookup().resolves("a", {"10.0.0.1", "10.0.0.2"});
  names_.answer();

  EXPECT_EQ(upstream->targets(0).size(), 3u);
  EXPECT_FALSE(upstream->prepare());
}

TEST_F(UpstreamTest, PreparesNothingWhereNothingIsComputedOfTheTargets) {
  auto upstream = std::make_shared<Upstream>("orders", with_targets({"10.0.0.9"}), DefaultsConfig{}, table_);

  EXPECT_FALSE(upstream->prepare());
}

TEST_F(UpstreamTest, GivesAClientTheTargetThatItHadWhileThatIsWell) {
  auto config = with_targets({"10.0.0.1", "10.0.0.2", "10.0.0.3"});
  config.health = HealthConfig{};
  config.sticky.emplace();
  config.sticky->cookie = "where";
  config.sticky->secret = {{std::string(32, 's')}};
  auto upstream = make(config);
  upstream->put_in_force(clock_.wall());
  Target* had = upstream->targets()[1].get();
  PickKey key{.wanted = had};

  for (int i = 0; i < 5; ++i) EXPECT_EQ(upstream->choose(0, key).target, had);
  EXPECT_NE(upstream->choose(0, key, std::span(&had, 1)).target, had) << "it has failed this exchange";
  had->take({CheckResult::failed, "x"}, {1, 1}, clock_.wall());
  for (int i = 0; i < 5; ++i) EXPECT_NE(upstream->choose(0, key).target, had);
}

TEST_F(UpstreamTest, LearnsHowLongAnswersTakeOnlyWhereThatIsAskedFor) {
  auto plain = make(with_targets({"10.0.0.1"}));
  plain->learn(*plain->targets()[0], 200, base::Reason::none, 5ms, clock_.steady());
  EXPECT_LT(plain->targets()[0]->latency().at(clock_.steady()), 0);

  auto upstream = make(with_targets({"10.0.0.1"}, Balance::peak_ewma));
  upstream->learn(*upstream->targets()[0], 200, base::Reason::none, 5ms, clock_.steady());
  EXPECT_FLOAT_EQ(upstream->targets()[0]->latency().at(clock_.steady()), 5000);
}

// Sources outlive reloads, also those that are rejected.
TEST_F(UpstreamTest, GivesItsSourcesItsGraceOnceItIsInForce) {
  auto config = with_targets({"a"});
  auto in_force = make(config);
  in_force->put_in_force(clock_.wall());
  names_.lookup().resolves("a", {"10.0.0.1"}, 1s);
  names_.pass(40s);
  config.grace = 0s;
  auto built = make(config);
  names_.lookup().knows_none("a");

  names_.pass(40s);
  EXPECT_EQ(in_force->targets().size(), 1u);
  built->put_in_force(clock_.wall());
  names_.pass(40s);

  EXPECT_TRUE(built->targets().empty());
}

TEST_F(UpstreamTest, SaysSoWhenItHasNoTargets) {
  auto upstream = make(UpstreamConfig{});

  EXPECT_EQ(upstream->pick(0, {}), nullptr);
  EXPECT_EQ(upstream->why_unusable().reason, base::Reason::no_healthy_upstream);
}

}  // namespace
}  // namespace sluice::upstream::upstream_test

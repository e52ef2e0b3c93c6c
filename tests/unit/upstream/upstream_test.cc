// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/upstream.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <thread>

#include "tests/support/fake_resolver.h"

namespace sluice::upstream {
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

TEST_F(UpstreamTest, SaysWhyItsTargetsAreIllBeforeThatNamesAreNotResolved) {
  auto config = with_targets({"a", "10.0.0.2"});
  config.health = HealthConfig{};
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

TEST_F(UpstreamTest, SaysSoWhenItHasNoTargets) {
  auto upstream = make(UpstreamConfig{});

  EXPECT_EQ(upstream->pick(0, {}), nullptr);
  EXPECT_EQ(upstream->why_unusable().reason, base::Reason::no_healthy_upstream);
}

}  // namespace
}  // namespace sluice::upstream

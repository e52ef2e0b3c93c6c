// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/source_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/upstream/target_table.h"
#include "gateway/upstream/upstream.h"

#include "tests/support/fake_resolver.h"

namespace sluice::upstream::source_table_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TargetUrl service(std::string name, bool tls = false) { return {std::move(name), 80, {}, tls, true}; }

class SourceTableTest : public testing::Test {
 protected:
  std::shared_ptr<Source> of(const TargetUrl& url) { return table_.sources().of(group_, url); }
  // "target weight priority" of each.
  static std::vector<std::string> members(const Source& source) {
    std::vector<std::string> out;
    for (const Member& m : *source.members())
      out.push_back(m.target->text() + " " + std::to_string(m.weight) + " " + std::to_string(m.priority));
    return out;
  }

  test::FakeResolver names_;
  TargetTable table_{{}, &names_.resolver()};
  std::shared_ptr<TargetGroup> group_ = table_.group("orders");
};

TEST_F(SourceTableTest, FindsALivingSourceAgain) {
  auto a = of({"a", 80});

  EXPECT_EQ(of({"a", 80}), a);
  EXPECT_NE(of({"a", 81}), a);
  EXPECT_NE(table_.sources().of(table_.group("users"), {"a", 80}), a);
}

TEST_F(SourceTableTest, TakesNumbersSocketsAndLocalhostForOneTarget) {
  EXPECT_THAT(members(*of({"10.0.0.1", 80})), ElementsAre("10.0.0.1:80 1 0"));
  EXPECT_THAT(members(*of({"localhost", 80, "/run/a.sock"})), ElementsAre("unix:/run/a.sock 1 0"));
  EXPECT_THAT(members(*of({"localhost", 80})), ElementsAre("localhost:80 1 0"));
}

TEST_F(SourceTableTest, CountsWhatWaitsForAnAnswer) {
  auto name = of({"a", 80});
  auto number = of({"10.0.0.1", 80});
  EXPECT_EQ(table_.unresolved(), 1u);

  names_.answer();

  EXPECT_EQ(table_.unresolved(), 0u);
}

TEST_F(SourceTableTest, FollowsAServiceToItsPlaces) {
  names_.lookup().places("_http._tcp.orders", {{"a", 8080, 1, 5}, {"b", 8081, 0, 7}}, 1s);
  names_.lookup().resolves("a", {"10.0.0.1"}, 1s);
  names_.lookup().resolves("b", {"10.0.0.2", "10.0.0.3"}, 1s);
  auto source = of(service("_http._tcp.orders"));

  while (names_.answer()) {
  }

  EXPECT_THAT(members(*source),
              ElementsAre("a:8080 (10.0.0.1) 5 1", "b:8081 (10.0.0.2) 7 0", "b:8081 (10.0.0.3) 7 0"));
  names_.lookup().places("_http._tcp.orders", {{"a", 8080, 1, 5}}, 1s);
  names_.pass(2s);
  EXPECT_THAT(members(*source), ElementsAre("a:8080 (10.0.0.1) 5 1"));
}

TEST_F(SourceTableTest, GivesPlacesWithoutWeightNextToNothingBesideOthers) {
  names_.lookup().places("s", {{"a", 80, 0, 0}, {"b", 80, 0, 2}}, 1s);
  names_.lookup().places("t", {{"a", 80, 0, 0}, {"b", 80, 0, 0}}, 1s);
  for (const char* host : {"a", "b"}) names_.lookup().resolves(host, {"10.0.0.1"}, 1s);
  auto some = of(service("s")), none = of(service("t"));

  while (names_.answer()) {
  }

  EXPECT_THAT(members(*some), ElementsAre("a:80 (10.0.0.1) 1 0", "b:80 (10.0.0.1) 200 0"));
  EXPECT_THAT(members(*none), ElementsAre("a:80 (10.0.0.1) 1 0", "b:80 (10.0.0.1) 1 0"));
}

TEST_F(SourceTableTest, KeepsThePlacesOfAServiceThatFailsOrIsNowhere) {
  names_.lookup().places("s", {{"a", 80, 0, 1}}, 1s);
  names_.lookup().resolves("a", {"10.0.0.1"}, 1s);
  auto source = of(service("s"));
  while (names_.answer()) {
  }
  names_.lookup().fails("s", "timeout");
  names_.pass(2s);
  EXPECT_EQ(source->members()->size(), 1u);

  names_.lookup().knows_none("s");
  names_.pass(40s);
  EXPECT_EQ(source->members()->size(), 1u);
  EXPECT_TRUE(source->facts().kept);
  names_.pass(6min);

  EXPECT_TRUE(source->members()->empty());
}

TEST_F(SourceTableTest, LetsSourcesOutliveIt) {
  std::shared_ptr<Source> source;
  {
    TargetTable table({}, &names_.resolver());
    source = table.sources().of(table.group("users"), {"a", 80});
  }
  names_.lookup().resolves("a", {"10.0.0.1"});

  names_.answer();

  EXPECT_TRUE(source->members()->empty()) << "without a table nothing new is found";
}

TEST_F(SourceTableTest, TellsOfChanges) {
  int changes = 0;
  table_.sources().on_change([&] { ++changes; });
  names_.lookup().resolves("a", {"10.0.0.1"}, 1s);
  auto source = of({"a", 80});

  names_.answer();
  EXPECT_EQ(changes, 1);
  names_.pass(2s);

  EXPECT_EQ(changes, 1) << "the same answer";
}

// The pick of an upstream whose members change under it.
class ChangingUpstream : public testing::Test {
 protected:
  std::string picked() {
    Target* t = upstream_->pick(0, {});
    return t ? t->text() : "-";
  }
  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  test::FakeResolver names_;
  TargetTable table_{{&loop_}, &names_.resolver()};
  std::unique_ptr<Upstream> upstream_;

  void make(std::vector<TargetConfig> targets) {
    UpstreamConfig config;
    config.targets = std::move(targets);
    config.balance = Balance::round_robin;
    upstream_ = std::make_unique<Upstream>("orders", config, DefaultsConfig{}, table_);
  }
};

TEST_F(ChangingUpstream, PicksNoAddressThatIsGoneAndKeepsItsTargetWhileARequestUsesIt) {
  names_.lookup().resolves("a", {"10.0.0.1"}, 1s);
  make({{{"a", 80}, 1}});
  names_.answer();
  Target* old = upstream_->pick(0, {});
  auto request = std::make_unique<ActiveRequest>(*old);

  names_.lookup().resolves("a", {"10.0.0.2"}, 1s);
  names_.pass(2s);
  EXPECT_EQ(picked(), "a:80 (10.0.0.2)");
  EXPECT_EQ(old->text(), "a:80 (10.0.0.1)");
  EXPECT_EQ(table_.size(), 2u);
  ASSERT_EQ(upstream_->shown().size(), 2u);
  EXPECT_TRUE(upstream_->shown()[1].draining);

  request.reset();
  names_.lookup().resolves("a", {"10.0.0.3"}, 1s);
  names_.pass(2s);
  EXPECT_EQ(picked(), "a:80 (10.0.0.3)");

  EXPECT_EQ(table_.size(), 1u) << "nobody uses the others any more";
}

TEST_F(ChangingUpstream, KeepsNoMoreThanItUsesHoweverOftenTheAddressesChange) {
  names_.lookup().resolves("a", {"10.0.0.1", "10.0.0.2"}, 1s);
  make({{{"a", 80}, 1}});
  names_.answer();
  ActiveRequest request(*upstream_->pick(0, {}));

  for (int i = 3; i < 200; ++i) {
    names_.lookup().resolves("a", {"10.0.0.1", "10.0.0.2", "10.0.0." + std::to_string(i)}, 1s);
    names_.pass(2s);
    picked();
  }

  EXPECT_LE(table_.size(), 4u);
}

TEST_F(ChangingUpstream, MakesCookiesAndHashTableAnewForOtherTargets) {
  names_.lookup().resolves("a", {"10.0.0.1", "10.0.0.2"}, 1s);
  UpstreamConfig config;
  config.targets = {{{"a", 80}, 1}};
  config.balance = Balance::consistent_hash;
  config.sticky.emplace();
  config.sticky->cookie = "where";
  config.sticky->secret = {{std::string(32, 's')}};
  upstream_ = std::make_unique<Upstream>("orders", config, DefaultsConfig{}, table_);
  names_.answer();
  PickKey key;
  key.hash = 7;
  Target* had = upstream_->choose(0, key).target;
  ASSERT_NE(had, nullptr);
  ActiveRequest request(*had);  // so that its place in memory stays its own
  std::string cookie(upstream_->cookies(0).set_cookie(*had));
  EXPECT_EQ(upstream_->choose(0, key).target, had);

  std::string other = had->text() == "a:80 (10.0.0.1)" ? "10.0.0.2" : "10.0.0.1";
  names_.lookup().resolves("a", {other, "10.0.0.3"}, 1s);
  names_.pass(2s);
  key.wanted = had;

  for (int i = 0; i < 10; ++i) EXPECT_NE(upstream_->choose(0, key).target, had);
  EXPECT_FALSE(upstream_->cookies(0).names(had));
  EXPECT_NE(cookie, "");
}

TEST_F(ChangingUpstream, UsesTheNextPriorityWhenNothingOfTheFirstIsUsable) {
  names_.lookup().places("s", {{"a", 80, 0, 1}, {"b", 80, 5, 1}}, 1s);
  names_.lookup().resolves("a", {"10.0.0.1"}, 1s);
  names_.lookup().resolves("b", {"10.0.0.2"}, 1s);
  make({{service("s"), 1}});
  while (names_.answer()) {
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(picked(), "a:80 (10.0.0.1)");
  Target* first = upstream_->pick(0, {});

  first->check_health(true, clock_.wall());
  first->take({CheckResult::failed, "status 500"}, {}, clock_.wall());

  EXPECT_EQ(picked(), "b:80 (10.0.0.2)");
}

TEST_F(ChangingUpstream, AvoidsAnAddressThatCouldNotBeReachedJustNow) {
  names_.lookup().resolves("a", {"10.0.0.1", "10.0.0.2"}, 1s);
  make({{{"a", 80}, 1}});
  names_.answer();
  Target* silent = upstream_->pick(0, {});
  silent->avoid(0, loop_.now());

  for (int i = 0; i < 5; ++i) EXPECT_NE(upstream_->pick(0, {}), silent);
  Target* other = upstream_->pick(0, {});
  EXPECT_EQ(upstream_->pick(0, {}, std::span(&other, 1)), silent) << "rather than the same one again";
  other->avoid(0, loop_.now());

  EXPECT_NE(upstream_->pick(0, {}), nullptr) << "only a hint";
}

}  // namespace
}  // namespace sluice::upstream::source_table_test

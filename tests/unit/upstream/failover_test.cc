// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/failover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "gateway/upstream/maglev.h"
#include "gateway/upstream/upstream.h"

#include "tests/support/fake_resolver.h"

namespace sluice::upstream::failover_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::vector<std::uint32_t> parts(std::vector<Share> shares) { return divide(shares).parts; }
bool covered(std::vector<Share> shares) { return divide(shares).covered; }

TEST(Division, LeavesEverythingToTheFirstWhileItCanBearIt) {
  EXPECT_THAT(parts({{4, 4}, {4, 4}}), ElementsAre(10'000, 0));
  EXPECT_THAT(parts({{3, 4}, {4, 4}}), ElementsAre(10'000, 0)) << "75 % times 1.4 is more than enough";
  EXPECT_THAT(parts({{72, 100}, {4, 4}}), ElementsAre(10'000, 0));
}

TEST(Division, LetsTheRestSpillOver) {
  EXPECT_THAT(parts({{70, 100}, {4, 4}}), ElementsAre(9'800, 200));
  EXPECT_THAT(parts({{2, 4}, {4, 4}}), ElementsAre(7'000, 3'000));
  EXPECT_THAT(parts({{1, 4}, {1, 4}, {4, 4}}), ElementsAre(3'500, 3'500, 3'000));
}

TEST(Division, MovesEverythingWhenNothingIsHealthy) {
  EXPECT_THAT(parts({{0, 4}, {4, 4}}), ElementsAre(0, 10'000));
  EXPECT_THAT(parts({{0, 0}, {0, 2}, {1, 1}}), ElementsAre(0, 0, 10'000));
}

TEST(Division, SharesOutWhatThereIsWhereThatIsTooLittle) {
  EXPECT_THAT(parts({{1, 4}, {1, 4}}), ElementsAre(5'000, 5'000));
  EXPECT_THAT(parts({{1, 10}, {1, 5}}), ElementsAre(3'334, 6'666));
}

TEST(Division, StaysWithTheFirstThatCanBeReachedWhereNobodyIsHealthy) {
  EXPECT_THAT(parts({{0, 4}, {0, 4}}), ElementsAre(10'000, 0));
  EXPECT_THAT(parts({{0, 0}, {0, 4}}), ElementsAre(0, 10'000));
  EXPECT_THAT(parts({{0, 0}, {0, 0}}), ElementsAre(10'000, 0));
}

TEST(Division, SaysWhetherHealthyTargetsCanBearIt) {
  EXPECT_TRUE(covered({{1, 4}, {4, 4}}));
  EXPECT_TRUE(covered({{0, 4}, {3, 4}}));
  EXPECT_FALSE(covered({{1, 4}, {1, 4}}));
  EXPECT_FALSE(covered({{0, 0}}));
}

class FailoverTest : public testing::Test {
 protected:
  std::shared_ptr<Upstream> make(std::string name, int subnet, int targets) {
    UpstreamConfig c;
    c.health.emplace();
    c.sticky.emplace();
    c.sticky->cookie = name;
    c.sticky->secret = {{std::string(32, 's')}};
    for (int i = 1; i <= targets; ++i)
      c.targets.push_back({{"10.0." + std::to_string(subnet) + "." + std::to_string(i), 80}, 1});
    auto made = std::make_shared<Upstream>(std::move(name), c, DefaultsConfig{}, table_);
    made->put_in_force(clock_.wall());
    names_.answer();
    return made;
  }
  void turn(Upstream& upstream, std::size_t from, std::size_t to, bool well) {
    for (std::size_t i = from; i < to; ++i)
      upstream.targets()[i]->take({well ? CheckResult::passed : CheckResult::failed, "x"}, {1, 1},
                                  clock_.wall());
  }
  // Of so many picks, how many go to each upstream.
  std::map<std::string, int> picks(int n = 10'000, std::optional<std::uint64_t> hash = {}) {
    std::map<std::string, int> out;
    for (int i = 0; i < n; ++i) {
      auto at = near_->choose(0, {.hash = hash});
      if (!at.target) continue;
      EXPECT_EQ(at.target->upstream(), at.upstream->name());
      EXPECT_TRUE(at.target->usable());
      ++out[at.upstream->name()];
    }
    return out;
  }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  test::FakeResolver names_;
  TargetTable table_{{&loop_}, &names_.resolver()};
  std::shared_ptr<Upstream> near_ = make("near", 1, 4), far_ = make("far", 2, 4), last_ = make("last", 3, 1);

  FailoverTest() { near_->fail_over_to({far_, last_}); }
};

TEST_F(FailoverTest, StaysWhileTheFirstIsWell) {
  EXPECT_EQ(picks(), (std::map<std::string, int>{{"near", 10'000}}));
}

TEST_F(FailoverTest, SpillsOverAndComesBack) {
  turn(*near_, 0, 2, false);
  auto now = picks();
  EXPECT_NEAR(now["near"], 7'000, 200);
  EXPECT_NEAR(now["far"], 3'000, 200);

  turn(*near_, 0, 4, false);
  EXPECT_EQ(picks(), (std::map<std::string, int>{{"far", 10'000}}));

  turn(*far_, 0, 4, false);
  EXPECT_EQ(picks(), (std::map<std::string, int>{{"last", 10'000}}));

  turn(*near_, 0, 3, true);
  EXPECT_EQ(picks(), (std::map<std::string, int>{{"near", 10'000}}));
}

TEST_F(FailoverTest, PanicsOnlyWhereHealthyTargetsCannotBearIt) {
  turn(*near_, 0, 3, false);
  EXPECT_FALSE(near_->panicking());
  picks();  // none of an unhealthy one

  turn(*far_, 0, 4, false);
  turn(*last_, 0, 1, false);
  EXPECT_TRUE(near_->panicking());
  std::map<Target*, int> targets;
  for (int i = 0; i < 1000; ++i) ++targets[near_->choose(0, {}).target];
  EXPECT_EQ(targets.size(), 4u) << "of the first, healthy or not";
}

TEST_F(FailoverTest, KeepsAKeyOnItsSide) {
  turn(*near_, 0, 2, false);
  std::map<std::string, int> keys;
  for (std::uint64_t k = 0; k < 2'000; ++k) {
    auto side = picks(5, affinity_hash(std::to_string(k)));
    ASSERT_EQ(side.size(), 1u);
    ++keys[side.begin()->first];
  }

  EXPECT_NEAR(keys["near"], 1'400, 80);
}

TEST_F(FailoverTest, TriesAnotherUpstreamOnceEveryTargetHasFailedTheExchange) {
  std::vector<Target*> tried;
  for (int i = 0; i < 4; ++i) {
    auto at = near_->choose(0, {}, tried);
    EXPECT_EQ(at.upstream, near_.get());
    tried.push_back(at.target);
  }

  EXPECT_EQ(near_->choose(0, {}, tried).upstream, far_.get());
}

// Of an upstream that takes over, whose circuit is half-open.
class HalfOpenFailover : public FailoverTest {
 protected:
  HalfOpenFailover() {
    UpstreamConfig c;
    c.circuit_breaker = CircuitConfig{};
    c.outlier.on = false;
    c.targets = {{{"10.0.9.1", 80}, 1}};
    weak_ = std::make_shared<Upstream>("weak", c, DefaultsConfig{}, table_);
    weak_->put_in_force(clock_.wall());
    near_->fail_over_to({weak_});
    turn(*near_, 0, 4, false);
    Circuit& circuit = weak_->group()->circuit;
    for (int i = 0; i < 20; ++i) circuit.failed(*c.circuit_breaker, clock_.steady(), clock_.steady());
    clock_.advance(5s);
    loop_.run_once(0s);
  }

  std::shared_ptr<Upstream> weak_;
};

TEST_F(HalfOpenFailover, LetsOneOfTenTry) {
  auto first = near_->choose(0, {});

  EXPECT_EQ(first.upstream, weak_.get());
  EXPECT_NE(first.target, nullptr);
  EXPECT_EQ(near_->choose(0, {}).target, nullptr);
}

TEST_F(HalfOpenFailover, LetsTheNextOneTryInPlaceOfOneThatWasChosenAndNotMade) {
  (void)near_->choose(0, {});

  EXPECT_NE(near_->choose(0, {}).target, nullptr);
}

// By a target of it that the exchange has tried already the upstream is asked and not used.
TEST_F(HalfOpenFailover, LosesNoTryWhereItsTargetsHaveFailedTheExchange) {
  turn(*near_, 0, 1, true);
  Target* tried[] = {near_->targets()[0].get(), weak_->targets()[0].get()};
  for (int i = 0; i < 5; ++i) {
    auto again = near_->choose(0, {}, tried);
    EXPECT_NE(again.target, nullptr) << i;
  }
  turn(*near_, 0, 1, false);

  EXPECT_NE(near_->choose(0, {}).target, nullptr);
}

TEST_F(FailoverTest, DoesNotKeepAClientFromTheTargetThatItHad) {
  turn(*near_, 1, 4, false);
  Target* had = near_->targets()[0].get();

  for (int i = 0; i < 100; ++i) EXPECT_EQ(near_->choose(0, {.wanted = had}).target, had);
  turn(*near_, 0, 1, false);
  EXPECT_EQ(near_->choose(0, {.wanted = had}).upstream, far_.get());
}

// The key of each upstream that is asked for one.
struct OwnKeys final : HashesElsewhere {
  std::optional<std::uint64_t> of(std::size_t other) const override {
    asked.push_back(other);
    return hash;
  }
  std::optional<std::uint64_t> hash;
  mutable std::vector<std::size_t> asked;
};

TEST_F(FailoverTest, GoesByTheKeyOfTheUpstreamThatServes) {
  UpstreamConfig c;
  c.balance = Balance::consistent_hash;
  c.hash_by = {{config::KeyPart::Kind::header, "X-User"}};
  for (int i = 1; i <= 4; ++i) c.targets.push_back({{"10.0.8." + std::to_string(i), 80}, 1});
  auto hashed = std::make_shared<Upstream>("hashed", c, DefaultsConfig{}, table_);
  near_->fail_over_to({far_, hashed});
  auto first = affinity_hash("of the first one");
  OwnKeys own;

  near_->choose(0, {.hash = first, .elsewhere = &own});
  turn(*near_, 0, 4, false);
  EXPECT_EQ(near_->choose(0, {.hash = first, .elsewhere = &own}).upstream, far_.get());
  EXPECT_THAT(own.asked, testing::IsEmpty()) << "nobody has asked for a key";

  turn(*far_, 0, 4, false);
  std::map<Target*, int> met;
  for (int k = 0; k < 50; ++k) {
    own.hash = affinity_hash(std::to_string(k));
    auto at = near_->choose(0, {.hash = first, .elsewhere = &own});
    EXPECT_EQ(at.upstream, hashed.get());
    EXPECT_EQ(at.target, hashed->pick(0, {.hash = own.hash})) << k;
    ++met[at.target];
  }
  EXPECT_EQ(met.size(), 4u);
  EXPECT_THAT(own.asked, testing::Each(1u));
}

TEST_F(FailoverTest, HasNothingToGiveWhereNobodyHasAnAddress) {
  UpstreamConfig c;
  c.targets.push_back({{"nowhere", 80}, 1});
  auto first = std::make_shared<Upstream>("first", c, DefaultsConfig{}, table_);
  auto second = std::make_shared<Upstream>("second", c, DefaultsConfig{}, table_);
  first->fail_over_to({second});

  EXPECT_EQ(first->choose(0, {}).target, nullptr);
  EXPECT_EQ(first->choose(0, {}).upstream, first.get());
}

}  // namespace
}  // namespace sluice::upstream::failover_test

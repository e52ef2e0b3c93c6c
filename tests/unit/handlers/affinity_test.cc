// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/affinity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/as_asked.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::handlers::affinity_test {
namespace {

using config::KeyPart;
using test::FakeExchange;
using testing::HasSubstr;
using testing::StartsWith;
using upstream::Balance;

class AffinityTest : public testing::Test {
 protected:
  AffinityTest() { config_.targets = {{{"10.0.0.1", 80}, 1}, {{"10.0.0.2", 80}, 1}}; }
  void stick() {
    auto& sticky = config_.sticky.emplace();
    sticky.cookie = "shop";
    sticky.secret.push_back({std::string(32, 's')});
  }
  void hash_by(std::vector<KeyPart> parts) {
    config_.balance = Balance::consistent_hash;
    config_.hash_by = std::move(parts);
  }
  Affinity make(bool cookies = true) {
    upstream_ = std::make_unique<upstream::Upstream>("orders", config_, upstream::DefaultsConfig{}, table_);
    return {*upstream_, builder_, cookies};
  }
  // Of the same targets, and balanced by those parts if there are any.
  std::shared_ptr<upstream::Upstream> other(const std::string& name, std::vector<KeyPart> parts) {
    upstream::UpstreamConfig config;
    config.targets = config_.targets;
    config.balance = parts.empty() ? Balance::least_request : Balance::consistent_hash;
    config.hash_by = std::move(parts);
    return std::make_shared<upstream::Upstream>(name, config, upstream::DefaultsConfig{}, table_);
  }
  const upstream::Target& target(std::size_t i) { return *upstream_->targets()[i]; }
  // The name and value that a browser would keep.
  static std::string kept(FakeExchange& fake) {
    std::string line(fake.response().fields.value(http::FieldId::set_cookie));
    return line.substr(0, line.find(';'));
  }

  upstream::UpstreamConfig config_;
  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  upstream::TargetTable table_{{&loop_}, nullptr};
  test::FakeBuilder builder_;
  std::unique_ptr<upstream::Upstream> upstream_;
};

TEST_F(AffinityTest, IsNothingUnlessAskedFor) { EXPECT_FALSE(make()); }

TEST_F(AffinityTest, TellsRequestsApartByTheirKey) {
  hash_by({{KeyPart::Kind::header, "X-User"}, {KeyPart::Kind::query, "q"}});
  auto affinity = make();
  auto hash = [&](std::string_view target, std::string_view user) {
    FakeExchange fake(target);
    if (!user.empty()) fake.request().fields.add("X-User", user);
    return affinity.key(fake.ex).hash;
  };

  EXPECT_TRUE(affinity);
  EXPECT_EQ(hash("/a?q=1", "u"), hash("/b?q=1", "u"));
  EXPECT_NE(hash("/a?q=1", "u"), hash("/a?q=1", "v"));
  EXPECT_NE(hash("/a?q=1", "u"), hash("/a?q=2", "u"));
  EXPECT_FALSE(hash("/a", "u")) << "a part is missing";
  EXPECT_FALSE(hash("/a?q=1", ""));
}

TEST_F(AffinityTest, HasTheKeyOfEachUpstreamThatTakesOver) {
  auto plain = other("plain", {}), by_query = other("by_query", {{KeyPart::Kind::query, "q"}});
  auto first = other("first", {});
  first->fail_over_to({plain, by_query});
  Affinity affinity(*first, builder_, true), direct(*by_query, builder_, true);
  FakeExchange with("/a?q=1"), without("/a");

  EXPECT_TRUE(affinity);
  auto key = affinity.key(with.ex);
  EXPECT_FALSE(key.hash);
  ASSERT_TRUE(key.elsewhere);
  EXPECT_FALSE(key.elsewhere->of(0));
  EXPECT_TRUE(key.elsewhere->of(1));
  EXPECT_EQ(key.elsewhere->of(1), direct.key(with.ex).hash);
  EXPECT_FALSE(affinity.key(without.ex).elsewhere->of(1)) << "a part is missing";
}

TEST_F(AffinityTest, HasNoKeysElsewhereWhereNobodyWantsOne) {
  auto first = other("first", {}), by_user = other("by_user", {{KeyPart::Kind::header, "X-User"}});
  first->fail_over_to({other("plain", {})});
  by_user->fail_over_to({other("plain", {})});
  FakeExchange fake;

  EXPECT_FALSE(Affinity(*first, builder_, true));
  EXPECT_EQ(Affinity(*by_user, builder_, true).key(fake.ex).elsewhere, nullptr);
}

TEST_F(AffinityTest, WarnsOfARouteThatCapturesNothingForAnUpstreamThatTakesOver) {
  auto first = other("first", {});
  first->fail_over_to({other("far", {{KeyPart::Kind::path, "id"}})});

  Affinity affinity(*first, builder_, true);

  EXPECT_THAT(builder_.problems, HasSubstr("the upstream `far` is balanced by `path.id`"));
}

TEST_F(AffinityTest, WarnsOfARouteThatCapturesNothingOfThatName) {
  hash_by({{KeyPart::Kind::path, "id"}});
  make();
  EXPECT_THAT(builder_.problems,
              HasSubstr("balanced by `path.id`, and this route's path has no part of that name"));

  builder_.problems.clear();
  builder_.facts.captures = {"id"};
  make();
  EXPECT_EQ(builder_.problems, "");
}

TEST_F(AffinityTest, BringsAClientBackByTheCookieThatItSet) {
  stick();
  auto affinity = make();
  FakeExchange first;
  auto key = affinity.key(first.ex);
  EXPECT_EQ(key.wanted, nullptr);
  affinity.tell(first.ex, key, target(1));
  EXPECT_THAT(kept(first), StartsWith("shop="));

  FakeExchange next;
  std::string cookies = "a=b; " + kept(first);
  next.request().fields.add(http::FieldId::cookie, cookies);
  key = affinity.key(next.ex);
  EXPECT_EQ(key.wanted, &target(1));

  affinity.tell(next.ex, key, target(1));
  EXPECT_EQ(kept(next), "") << "it has it already";
  affinity.tell(next.ex, key, target(0));
  EXPECT_THAT(kept(next), StartsWith("shop="));
  EXPECT_NE(kept(next), kept(first));
}

TEST_F(AffinityTest, KnowsTheCookieThatTheTargetDoesNotGet) {
  stick();
  auto affinity = make();
  FakeExchange first, next;
  affinity.tell(first.ex, affinity.key(first.ex), target(1));
  std::string cookie = kept(first);
  next.request().fields.add(http::FieldId::cookie, cookie);
  chain::keep_fields(next.ex);
  next.request().fields.remove(http::FieldId::cookie);

  EXPECT_EQ(affinity.key(next.ex).wanted, &target(1));
}

TEST_F(AffinityTest, BelievesNoCookieThatItDidNotSet) {
  stick();
  auto affinity = make();
  FakeExchange fake;
  fake.request().fields.add(http::FieldId::cookie, "shop=10.0.0.1:80");

  auto key = affinity.key(fake.ex);

  EXPECT_EQ(key.wanted, nullptr);
  affinity.tell(fake.ex, key, target(0));
  EXPECT_THAT(kept(fake), StartsWith("shop="));
}

TEST_F(AffinityTest, LeavesTheCookieAloneWhileAnotherUpstreamServes) {
  stick();
  auto affinity = make();
  upstream::Upstream other("other", config_, upstream::DefaultsConfig{}, table_);
  FakeExchange fake;

  affinity.tell(fake.ex, affinity.key(fake.ex), *other.targets()[0]);

  EXPECT_EQ(kept(fake), "");
}

TEST_F(AffinityTest, SetsNoCookieForCallsOfTheGatewaysOwn) {
  stick();

  EXPECT_FALSE(make(false));
}

}  // namespace
}  // namespace sluice::handlers::affinity_test

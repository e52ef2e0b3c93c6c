// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/token_claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/consumer.h"
#include "gateway/chain/consumer_config.h"
#include "gateway/config/report.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::chain::token_claims_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<TokenClaims> facts(std::string_view claims, std::string_view groups = "groups") {
  return std::make_shared<TokenClaims>(*jose::Json::parse(claims), groups);
}
std::vector<std::string> list(std::span<const std::string_view> all) { return {all.begin(), all.end()}; }

TEST(TokenClaims, ShowMembersOfObjectsUnderDottedNames) {
  auto f =
      facts(R"({"sub":"alice","n":7,"address":{"country":"de","geo":{"lat":1}},"roles":["a"],"off":false})");

  EXPECT_EQ(f->subject(), "alice");
  EXPECT_EQ(f->claim("n"), "7");
  EXPECT_EQ(f->claim("address.country"), "de");
  EXPECT_EQ(f->claim("address.geo.lat"), "1");
  EXPECT_EQ(f->claim("address.geo"), R"({"lat":1})");
  EXPECT_EQ(f->claim("roles"), R"(["a"])");
  EXPECT_EQ(f->claim("off"), "false");
  EXPECT_EQ(f->claim("none"), "");
}

TEST(TokenClaims, ReadScopesAndGroupsHoweverTheyAreWritten) {
  EXPECT_THAT(list(facts(R"({"scope":"a  b c"})")->scopes()), ElementsAre("a", "b", "c"));
  EXPECT_THAT(list(facts(R"({"scp":["a","b",1]})")->scopes()), ElementsAre("a", "b"));
  EXPECT_THAT(list(facts(R"({"scope":7})")->scopes()), ElementsAre());
  EXPECT_THAT(list(facts(R"({"realm_access":{"roles":["x","y"]}})", "realm_access.roles")->groups()),
              ElementsAre("x", "y"));
}

TEST(TokenClaims, SayWhatTheyLack) {
  TokenRulesConfig rules;
  rules.require_scopes = {"orders"};
  rules.require_claims.emplace("tenant") = "acme";
  EXPECT_THAT(what_lacks(*facts(R"({"scope":"ordersx"})"), rules), HasSubstr("scope `orders`"));
  EXPECT_THAT(what_lacks(*facts(R"({"scope":"orders"})"), rules), HasSubstr("claim `tenant`"));
  EXPECT_THAT(what_lacks(*facts(R"({"scope":"orders","tenant":"acme2"})"), rules),
              HasSubstr("claim `tenant`"));
  EXPECT_EQ(what_lacks(*facts(R"({"scope":"x orders","tenant":"acme"})"), rules), "");
  EXPECT_EQ(what_lacks(*facts(R"({"scope":"orders","tenant":["a","acme"]})"), rules), "");
}

class TokenBearer : public testing::Test {
 protected:
  static constexpr base::Duration kLeft =
      std::chrono::hours(7);  // until carol's tokens are not taken any more
  TokenBearer() {
    ConsumerConfig acme;
    acme.name = "acme";
    acme.groups = {"partners"};
    acme.scopes = {"all"};
    acme.tokens.push_back({"https://idp", "sub", "alice", {}});
    acme.tokens.push_back({"https://idp", "sub", "carol", config::Instant{fake_.clock.wall() + kLeft}});
    table_.emplace(std::vector<ConsumerConfig>{acme}, report_);
    fake_.ex.consumers = &*table_;
  }
  Verdict identify(std::string_view claims, const TokenRulesConfig& rules = {}) {
    auto f = facts(claims);
    f->lacks = what_lacks(*f, rules);
    return identify_by_token(fake_.ex, f, rules, {"jwt", "https://idp", "Bearer", &revoked_});
  }

  config::Diagnostics diagnostics_;
  config::Document document_ = config::parse("{}", diagnostics_);
  config::Report report_{document_, diagnostics_};
  std::optional<ConsumerTable> table_;
  Revocations revoked_;
  test::FakeExchange fake_;
};

TEST_F(TokenBearer, IsTheConsumerWhoListsTheToken) {
  EXPECT_TRUE(identify(R"({"sub":"alice","groups":["g"]})"));

  const Identity& id = fake_.ex.identity;
  EXPECT_EQ(id.consumer, "acme");
  EXPECT_EQ(id.credential, "alice");
  EXPECT_THAT(list(id.groups), ElementsAre("partners", "g"));
  EXPECT_THAT(list(id.scopes), ElementsAre("all"));
}

TEST_F(TokenBearer, IsNobodyOnceTheConsumersTokensHaveExpired) {
  EXPECT_TRUE(identify(R"({"sub":"carol"})"));
  EXPECT_EQ(fake_.ex.identity.consumer, "acme");

  fake_.ex.identity = {};
  fake_.clock.advance(kLeft);

  auto verdict = identify(R"({"sub":"carol"})");
  EXPECT_EQ(verdict.outcome, Verdict::Outcome::refused);
  EXPECT_THAT(verdict.detail, HasSubstr("not taken any more"));
  EXPECT_FALSE(fake_.ex.identity);
  EXPECT_TRUE(identify(R"({"sub":"alice"})")) << "who has no such date";
}

TEST_F(TokenBearer, HasNoMoreScopesThanTheTokenNames) {
  EXPECT_TRUE(identify(R"({"sub":"alice","scope":"read"})"));
  EXPECT_THAT(list(fake_.ex.identity.scopes), ElementsAre("read"));
}

TEST_F(TokenBearer, HasNoScopesIfTheTokenNamesAnEmptyList) {
  for (std::string_view none : {R"("scope":"")", R"("scope":" ")", R"("scp":[])", R"("scope":"","scp":[])"}) {
    fake_.ex.identity = {};
    EXPECT_TRUE(identify(R"({"sub":"alice",)" + std::string(none) + "}"));
    EXPECT_THAT(list(fake_.ex.identity.scopes), testing::IsEmpty()) << none;
  }
}

TEST_F(TokenBearer, IsKnownWithTheIssuerOfTheToken) {
  EXPECT_TRUE(identify(R"({"sub":"bob"})"));
  EXPECT_EQ(fake_.ex.identity.issuer, "https://idp");
}

TEST_F(TokenBearer, IsFoundByTheClaimThatNamesAConsumer) {
  TokenRulesConfig rules;
  rules.consumer_claim = "client_id";
  EXPECT_TRUE(identify(R"({"sub":"bob","client_id":"acme"})", rules));
  EXPECT_EQ(fake_.ex.identity.consumer, "acme");
}

TEST_F(TokenBearer, MayBeNoConsumerUnlessOneIsRequired) {
  EXPECT_TRUE(identify(R"({"sub":"bob"})"));
  EXPECT_EQ(fake_.ex.identity.consumer, "");
  EXPECT_TRUE(fake_.ex.identity);

  fake_.ex.identity = {};
  TokenRulesConfig rules;
  rules.require_consumer = true;
  EXPECT_EQ(identify(R"({"sub":"bob"})", rules).outcome, Verdict::Outcome::forbidden);
  EXPECT_FALSE(fake_.ex.identity);
}

TEST_F(TokenBearer, IsForbiddenWhatTheTokenLacks) {
  TokenRulesConfig rules;
  rules.require_scopes = {"orders"};
  auto verdict = identify(R"({"sub":"alice"})", rules);
  EXPECT_EQ(verdict.outcome, Verdict::Outcome::forbidden);
  EXPECT_THAT(verdict.detail, HasSubstr("the scope `orders`"));
}

TEST_F(TokenBearer, IsNobodyOnceTheTokenWasRevoked) {
  auto at = [](long seconds) { return base::WallTime(std::chrono::seconds(seconds)); };
  auto now = fake_.clock.wall();
  ASSERT_TRUE(revoked_.revoke({"https://idp", "j1", "", {}, now + std::chrono::hours(1)}, now));
  ASSERT_TRUE(revoked_.revoke({"https://idp", "", "bob", at(1000), now + std::chrono::hours(1)}, now));

  EXPECT_EQ(identify(R"({"sub":"alice","jti":"j1"})").outcome, Verdict::Outcome::refused);
  EXPECT_EQ(identify(R"({"sub":"bob","iat":999})").outcome, Verdict::Outcome::refused);
  EXPECT_TRUE(identify(R"({"sub":"bob","iat":1001})"));
  EXPECT_TRUE(identify(R"({"sub":"alice","jti":"j2"})"));
}

TEST(ClaimFields, AreSetAndNeverTakenOver) {
  test::FakeBuilder builder;
  config::ByName<std::string> headers;
  headers.emplace("X-User") = "sub";
  headers.emplace("X-Tenant") = "tenant";
  ClaimFields fields(headers, builder);
  test::FakeExchange fake;
  fake.request().fields.add("X-Tenant", "forged");
  auto f = facts(R"({"sub":"a b"})");
  auto of_another = facts(R"({"sub":"mallory","tenant":"theirs"})");
  fake.ex.identity.claims = of_another->claims();

  fields.set(fake.ex, f->claims());

  EXPECT_EQ(test::lines(fake.request().fields), "X-User: a b\n");
}

// They would be somebody else's to the upstream.
TEST(ClaimFields, AreLeftOutWhereAFieldCannotHoldTheClaimAsItIs) {
  test::FakeBuilder builder;
  config::ByName<std::string> headers;
  headers.emplace("X-User") = "sub";
  ClaimFields fields(headers, builder);
  for (std::string_view sub : {R"(alice\n)", R"(\u0000alice)", R"( alice)", R"(alice\t)", R"(a\r\nb)", ""}) {
    test::FakeExchange fake;
    fake.request().fields.add("X-User", "forged");
    auto f = facts(R"({"sub":")" + std::string(sub) + R"("})");

    fields.set(fake.ex, f->claims());

    EXPECT_EQ(test::lines(fake.request().fields), "") << sub;
  }
}

}  // namespace
}  // namespace sluice::chain::token_claims_test

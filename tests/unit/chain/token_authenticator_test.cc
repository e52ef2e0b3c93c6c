// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/token_authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::chain::token_authenticator_test {
namespace {

using test::FakeExchange;

// Takes every token whose text are its claims.
class Gullible final : public TokenAuthenticator {
 public:
  Gullible(const TokenFilterConfig& c, Builder& builder) : TokenAuthenticator("gullible", c, builder) {}

 private:
  base::Task<Verdict> judge(Exchange& ex, std::string_view token) const override {
    auto claims = jose::Json::parse(token);
    if (!claims) return bad("the token is nonsense");
    auto facts = std::make_shared<TokenClaims>(std::move(*claims), rules().groups_claim);
    facts->lacks = what_lacks(*facts, rules());
    return identify(ex, facts, "https://idp");
  }
};

class TokenAuthenticatorTest : public testing::Test {
 protected:
  TokenAuthenticatorTest() {
    config.realm = "shop";
    config.headers.emplace("X-User") = "sub";
    config.require_scopes = {"orders"};
  }
  // The status of the answer and its challenge; "passes" if there is none.
  std::string ask(std::initializer_list<std::string_view> tokens) {
    filter = std::make_unique<Gullible>(config, builder);
    fake = std::make_unique<FakeExchange>();
    fake->request().fields.add("X-User", "mallory");
    for (auto token : tokens)
      fake->request().fields.add("Authorization", fake->ex.arena.join("Bearer ", token));
    auto task = filter->on_request(fake->ex);
    EXPECT_TRUE(task.await_ready());
    if (task.await_resume() == Step::next) return "passes";
    const auto* challenge = fake->response().fields.find("WWW-Authenticate");
    return std::to_string(fake->response().status) + (challenge ? " " + std::string(challenge->value) : "");
  }

  test::FakeBuilder builder;
  TokenFilterConfig config;
  std::unique_ptr<Gullible> filter;
  std::unique_ptr<FakeExchange> fake;
};

constexpr std::string_view kAlice = R"({"sub":"alice","scope":"orders"})";

TEST_F(TokenAuthenticatorTest, TellsTheUpstreamOfTheCallerInPlaceOfTheToken) {
  EXPECT_EQ(ask({kAlice}), "passes");

  EXPECT_EQ(fake->ex.identity.method, "gullible");
  EXPECT_EQ(fake->ex.identity.credential, "alice");
  EXPECT_EQ(test::lines(fake->request().fields), "X-User: alice\n");
}

TEST_F(TokenAuthenticatorTest, LetsTheUpstreamSeeTheTokenWhereThatIsAskedFor) {
  config.keep = true;

  EXPECT_EQ(ask({kAlice}), "passes");

  EXPECT_NE(fake->request().fields.find("Authorization"), nullptr);
}

TEST_F(TokenAuthenticatorTest, TellsWhatIsWrongWithTheRequest) {
  EXPECT_EQ(ask({}), "401 Bearer realm=\"shop\"");
  EXPECT_EQ(ask({kAlice, kAlice}), "401 Bearer realm=\"shop\", error=\"invalid_request\"");
  EXPECT_EQ(ask({"x"}), "401 Bearer realm=\"shop\", error=\"invalid_token\"");
  EXPECT_EQ(fake->ex.identity.method, "");
}

TEST_F(TokenAuthenticatorTest, AsksForAnotherTokenWhereOneLacksSomething) {
  EXPECT_EQ(ask({R"({"sub":"alice"})"}), "403 Bearer realm=\"shop\", error=\"insufficient_scope\"");
}

TEST_F(TokenAuthenticatorTest, RefusesWhatWasRevoked) {
  test::FakeBuilder::revoked.revoke({"https://idp", "stolen", "", {}, base::WallTime::max()},
                                    base::WallTime{});

  EXPECT_EQ(ask({R"({"jti":"stolen","sub":"alice","scope":"orders"})"}),
            "401 Bearer realm=\"shop\", error=\"invalid_token\"");
}

// Issuers mean different things by the same names.
TEST_F(TokenAuthenticatorTest, TellsTheClaimsOfItsOwnTokenBesideAnotherFilters) {
  filter = std::make_unique<Gullible>(config, builder);
  fake = std::make_unique<FakeExchange>();
  const Claim theirs[] = {{"sub", "of another issuer"}};
  fake->ex.identity.method = "first";
  fake->ex.identity.claims = theirs;
  fake->request().fields.add("Authorization", fake->ex.arena.join("Bearer ", kAlice));

  auto task = filter->on_request(fake->ex);

  ASSERT_TRUE(task.await_ready());
  EXPECT_EQ(fake->ex.identity.claims.size(), 3u);
  EXPECT_EQ(test::lines(fake->request().fields), "X-User: alice\n");
}

// As where another part of `any` was enough.
TEST_F(TokenAuthenticatorTest, TellsNothingOfACallerWhomItHasNotIdentified) {
  filter = std::make_unique<Gullible>(config, builder);
  fake = std::make_unique<FakeExchange>();
  fake->request().fields.add("X-User", "told by another");
  fake->request().fields.add("Authorization", "Bearer unused");

  filter->hide(fake->ex);

  EXPECT_EQ(test::lines(fake->request().fields), "X-User: told by another\n");
}

}  // namespace
}  // namespace sluice::chain::token_authenticator_test

// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/base64.h"
#include "gateway/chain/authenticator.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"
#include "tests/support/signer.h"

namespace sluice::filters::jwt_test {
namespace {

using namespace std::chrono_literals;
using test::FakeExchange;
using test::Signer;
using testing::HasSubstr;

// The virtual clock's wall time begins at 1700000000.
constexpr const char* kClaims =
    R"("iss":"https://idp","aud":"api","sub":"alice","scope":"orders read","exp":1700000600)";
std::string claims(std::string_view more = "") {
  return "{" + std::string(kClaims) + std::string(more) + "}";
}

std::string indented(const std::string& pem) {
  std::string out;
  for (char c : pem) out += c == '\n' ? std::string("\\n") : std::string(1, c);
  return "\"" + out + "\"";
}

class Jwt : public testing::Test {
 protected:
  // A filter that has the keys of `issuer_` in its settings.
  void use(std::string_view more = "") {
    use_all("{issuer: \"https://idp\", audience: api, keys: " + indented(issuer_.pem()) + std::string(more) +
            "}");
  }
  void use_all(std::string_view settings) {
    built_ = test::filter("jwt: " + std::string(settings));
    problems_ = built_.problems;
  }
  // The answer to a request with that Authorization: "200", or status and challenge.
  std::string ask(std::string_view authorization) {
    FakeExchange fake;
    return ask(fake, authorization);
  }
  std::string ask(FakeExchange& fake, std::string_view authorization) {
    if (!authorization.empty()) fake.request().fields.add("Authorization", fake.ex.arena.copy(authorization));
    return step(fake);
  }
  std::string step(FakeExchange& fake) {
    auto step = built_.get().on_request(fake.ex);
    if (step.await_ready()) return outcome(fake, step.await_resume());
    auto done = std::make_shared<std::optional<chain::Step>>();
    fake.run([](base::Task<chain::Step> task,
                std::shared_ptr<std::optional<chain::Step>> out) -> base::Task<void> {
      *out = co_await task;
    }(std::move(step), done));
    for (int i = 0; i < 3 && !*done; ++i) {
      fake.loop.run_once(0ms);
      base::run_ready();
    }
    return *done ? outcome(fake, **done) : "waits";
  }
  static std::string outcome(FakeExchange& fake, chain::Step step) {
    if (step == chain::Step::next) return "200";
    const auto* challenge = fake.response().fields.find("WWW-Authenticate");
    return std::to_string(fake.response().status) + (challenge ? " " + std::string(challenge->value) : "");
  }
  std::string bearer(std::string_view more = "") const { return "Bearer " + issuer_.token(claims(more)); }

  const std::string invalid_ = "401 Bearer realm=\"sluice\", error=\"invalid_token\"";
  Signer issuer_{"ES256", "k1"};
  test::Built<chain::Filter> built_;
  std::string problems_;
};

TEST_F(Jwt, TellsTheCaller) {
  use();
  ASSERT_EQ(problems_, "");
  FakeExchange fake;

  EXPECT_EQ(ask(fake, bearer(R"(,"realm":{"roles":["a","b"]},"groups":["staff"])")), "200");

  const auto& id = fake.ex.identity;
  EXPECT_EQ(id.method, "jwt");
  EXPECT_EQ(id.credential, "alice");
  EXPECT_THAT(std::vector<std::string_view>(id.scopes.begin(), id.scopes.end()),
              testing::ElementsAre("orders", "read"));
  EXPECT_THAT(std::vector<std::string_view>(id.groups.begin(), id.groups.end()),
              testing::ElementsAre("staff"));
  std::string roles;
  for (const auto& c : id.claims)
    if (c.name == "realm.roles") roles = c.text;
  EXPECT_EQ(roles, R"(["a","b"])");
}

TEST_F(Jwt, TakesTheTokenOutOfTheRequestUnlessItIsToBeKept) {
  use();
  FakeExchange hidden, kept;
  ask(hidden, bearer());
  EXPECT_EQ(test::lines(hidden.request().fields), "");

  use(", keep: true");
  ask(kept, bearer());
  EXPECT_THAT(test::lines(kept.request().fields), HasSubstr("Authorization: Bearer ey"));
}

TEST_F(Jwt, ChallengesAsRfc6750Says) {
  use();
  EXPECT_EQ(ask(""), "401 Bearer realm=\"sluice\"");
  EXPECT_EQ(ask("Basic YTpi"), "401 Bearer realm=\"sluice\"");
  EXPECT_EQ(ask("Bearer"), invalid_);
  EXPECT_EQ(ask("Bearer x"), invalid_);
  EXPECT_EQ(ask("bearer " + issuer_.token(claims())), "200");
  FakeExchange twice;
  twice.request().fields.add("Authorization", "Bearer a");
  EXPECT_EQ(ask(twice, bearer()), "401 Bearer realm=\"sluice\", error=\"invalid_request\"");
}

TEST_F(Jwt, RefusesWhatTheIssuerDidNotSign) {
  use();
  Signer other("ES256", "k1"), hmac("HS256", "k1");
  EXPECT_EQ(ask("Bearer " + other.token(claims())), invalid_);
  EXPECT_EQ(ask("Bearer " + hmac.token(claims())), invalid_);
  EXPECT_EQ(ask("Bearer " + base::encode_base64url(R"({"alg":"none"})") + "." +
                base::encode_base64url(claims()) + "."),
            invalid_);
  EXPECT_EQ(ask("Bearer " + std::string(20000, 'a')), invalid_);
  EXPECT_EQ(ask(bearer() + "x"), invalid_);
}

TEST_F(Jwt, RefusesOtherAlgorithmsThanThoseNamed) {
  use(", algorithms: [RS256, PS256]");
  EXPECT_EQ(ask(bearer()), invalid_);
  use(", algorithms: ES256");
  EXPECT_EQ(ask(bearer()), "200");
}

TEST_F(Jwt, RefusesClaimsThatAreNotForThisServiceOrTime) {
  use();
  auto with = [&](std::string_view all) { return ask("Bearer " + issuer_.token(all)); };
  EXPECT_EQ(with(R"({"iss":"https://evil","aud":"api","exp":1700000600})"), invalid_);
  EXPECT_EQ(with(R"({"iss":"https://idp","aud":"other","exp":1700000600})"), invalid_);
  EXPECT_EQ(with(R"({"iss":"https://idp","aud":"api","exp":1699999900})"), invalid_);
  EXPECT_EQ(with(R"({"iss":"https://idp","aud":"api","exp":1700000600,"nbf":1700000500})"), invalid_);
  EXPECT_EQ(ask("Bearer " + issuer_.token(R"({"alg":"ES256","typ":"logout+jwt"})", claims())), invalid_);
}

TEST_F(Jwt, ForbidsTokensWithoutWhatIsRequired) {
  use(", require_scopes: [orders, write]");
  EXPECT_EQ(ask(bearer()), "403 Bearer realm=\"sluice\", error=\"insufficient_scope\"");
  EXPECT_EQ(ask(bearer()), "403 Bearer realm=\"sluice\", error=\"insufficient_scope\"");  // remembered
  use(", require_scopes: orders, require_claims: {tenant: acme, roles: b}");
  EXPECT_THAT(ask(bearer()), HasSubstr("403"));
  EXPECT_EQ(ask(bearer(R"(,"tenant":"acme","roles":["a","b"])")), "200");
  EXPECT_THAT(ask(bearer(R"(,"tenant":["acm"],"roles":["b"])")), HasSubstr("403"));
}

TEST_F(Jwt, RemembersAGoodTokenUntilItExpires) {
  use();
  std::string token = bearer();
  auto at = [&](base::Duration later) {
    FakeExchange fake;
    fake.clock.advance(later / 7);  // the wall runs seven times as fast
    return ask(fake, token);
  };
  EXPECT_EQ(at(0s), "200");
  EXPECT_EQ(at(595s), "200");
  EXPECT_EQ(at(665s), invalid_);
  EXPECT_EQ(at(0s), "200");
}

TEST_F(Jwt, RemembersNoTokenBeforeItsTimeWhenTheClockStepsBack) {
  use();
  std::string token = bearer(R"(,"iat":1700000700)");
  FakeExchange later, now;
  later.clock.advance(100s);
  EXPECT_EQ(
      ask(later, "Bearer " +
                     issuer_.token(R"({"iss":"https://idp","aud":"api","exp":1700009000,"iat":1700000700})")),
      "200");
  EXPECT_EQ(
      ask(now, "Bearer " +
                   issuer_.token(R"({"iss":"https://idp","aud":"api","exp":1700009000,"iat":1700000700})")),
      invalid_);
}

TEST_F(Jwt, ReadsTheTokenOnlyWhereItIsToldTo) {
  use(", from: {cookie: access}");
  FakeExchange cookie("/"), query("/a?access_token=x");
  cookie.request().fields.add("Cookie",
                              cookie.ex.arena.copy("a=b; access=" + issuer_.token(claims()) + "; c=d"));
  EXPECT_EQ(step(cookie), "200");
  EXPECT_EQ(test::lines(cookie.request().fields), "Cookie: a=b; c=d\n");
  EXPECT_EQ(ask(bearer()), "401 Bearer realm=\"sluice\"");

  use(", from: {query: access_token}");
  FakeExchange asked("/a?x=1&access_token=" + issuer_.token(claims()) + "&y=2");
  EXPECT_EQ(step(asked), "200");
  EXPECT_EQ(asked.request().query, "x=1&y=2");
  EXPECT_EQ(asked.request().target, "/a?x=1&y=2");

  use(", from: {header: X-Token}");
  FakeExchange own;
  own.request().fields.add("X-Token", own.ex.arena.copy(issuer_.token(claims())));
  EXPECT_EQ(step(own), "200");
}

TEST_F(Jwt, TellsTheUpstreamOfClaimsButOfNoneThatWouldLeaveItsLine) {
  use(", headers: {X-User: sub, X-Tenant: tenant, X-Note: note}");
  FakeExchange fake;
  fake.request().fields.add("X-Tenant", "forged");

  EXPECT_EQ(ask(fake, bearer(R"(,"note":"a\r\nX-Admin: yes")")), "200");

  EXPECT_EQ(test::lines(fake.request().fields), "X-User: alice\n");
}

TEST_F(Jwt, TakesHsTokensOnlyWithASecretOfItsOwn) {
  Signer hmac("HS256");
  use_all("{issuer: \"https://idp\", audience: api, algorithms: HS256, secret: \"" + hmac.secret() + "\"}");
  ASSERT_EQ(problems_, "");
  EXPECT_EQ(ask("Bearer " + hmac.token(claims())), "200");
  EXPECT_EQ(ask(bearer()), invalid_);
}

TEST_F(Jwt, SaysWhatIsWrongWithItsSettings) {
  auto problem = [&](std::string_view settings) {
    use_all(settings);
    return problems_;
  };
  EXPECT_THAT(problem("{audience: api}"), HasSubstr("issuer"));
  EXPECT_THAT(problem("{issuer: idp, audience: api}"), HasSubstr("is no URL, so its keys cannot be found"));
  EXPECT_THAT(problem("{issuer: idp, algorithms: [RS256, HS256], jwks: \"https://idp/k\"}"),
              HasSubstr("must not name HS algorithms beside others"));
  EXPECT_THAT(problem("{issuer: idp, secret: abc, algorithms: HS256}"), HasSubstr("at least 32 bytes"));
  EXPECT_THAT(problem("{issuer: idp, secret: \"0123456789abcdef0123456789abcdef\"}"),
              HasSubstr("needs `algorithms`"));
  EXPECT_THAT(problem("{issuer: idp, keys: a, jwks: \"https://idp/k\"}"), HasSubstr("jwks"));
  EXPECT_THAT(problem("{issuer: idp, audience: api, keys: hello}"), HasSubstr("the key set is not JSON"));
  EXPECT_THAT(problem("{issuer: idp, audience: api, algorithms: none, keys: x}"), HasSubstr("none"));
  EXPECT_THAT(
      problem("{issuer: idp, audience: api, keys: " + indented(Signer("RS256", "w", 1024).pem()) + "}"),
      HasSubstr("1024 bits only"));
  EXPECT_THAT(problem("{issuer: idp, audience: api, keys: " + indented(issuer_.private_pem()) + "}"),
              HasSubstr("is private"));
  EXPECT_THAT(problem("{issuer: idp, jwks: \"https://idp/k\"}"),
              HasSubstr("warning: : tokens that the issuer made"));
  EXPECT_THAT(problem("{issuer: idp, audience: api, jwks: \"http://idp/k\"}"), HasSubstr("warning: jwks"));
}

class JwtOfAnIssuer : public Jwt {
 protected:
  // A filter whose keys are fetched by the test.
  void use_fetched() {
    config::Diagnostics diagnostics;
    std::string problems;
    auto use =
        test::bound(R"(jwt: {issuer: "https://idp", audience: api, jwks: "https://idp/keys"})", problems);
    ASSERT_EQ(problems, "");
    test::FakeBuilder builder;
    builder.keys = source_;
    auto link = chain::make_link(use.filter, "policy", builder);
    built_.made = std::move(link.filter);
    built_.hooks = link.hooks;
    EXPECT_EQ(builder.problems, "");
    EXPECT_EQ(builder.asked_keys.url.text(), "https://idp/keys");
    EXPECT_FALSE(builder.asked_keys.discovery);
  }
  std::shared_ptr<const jose::KeySet> set_of(const Signer& signer) const {
    return std::make_shared<const jose::KeySet>(*jose::parse_jwks(signer.jwks(), false));
  }
  // Longer than a request waits for keys.
  static void wait_in_vain(FakeExchange& fake) {
    fake.clock.advance(3s);
    for (int i = 0; i < 3; ++i) {
      fake.loop.run_once(0ms);
      base::run_ready();
    }
  }
  base::SteadyTime never() const { return base::SteadyTime::max(); }

  int wanted_ = 0;
  std::function<void()> then_;  // what whoever fetches does when asked
  std::shared_ptr<jose::KeySource> source_ = std::make_shared<jose::KeySource>([this] {
    ++wanted_;
    if (then_) then_();
  });
};

TEST_F(JwtOfAnIssuer, IsUnavailableWithoutKeysAndNeverWrong) {
  use_fetched();
  source_->fail("cannot be asked", never());

  EXPECT_EQ(ask(bearer()), "503");
  EXPECT_EQ(ask(""), "401 Bearer realm=\"sluice\"");
  EXPECT_EQ(ask("Bearer x.y.z"), invalid_);
  // Of another issuer, or expired: wrong whatever keys there are.
  EXPECT_EQ(ask("Bearer " + issuer_.token(R"({"iss":"https://evil","aud":"api","exp":1700000600})")),
            invalid_);
  EXPECT_EQ(ask("Bearer " + issuer_.token(R"({"iss":"https://idp","aud":"api","exp":1})")), invalid_);
}

TEST_F(JwtOfAnIssuer, WaitsForTheFirstKeys) {
  use_fetched();
  then_ = [&] { source_->answer(set_of(issuer_), true, never()); };

  EXPECT_EQ(ask(bearer()), "200");
  EXPECT_EQ(wanted_, 1);
}

TEST_F(JwtOfAnIssuer, AsksForNewerKeysWhenATokenNamesOneThatIsNotKnown) {
  use_fetched();
  Signer before("ES256", "k0");
  source_->answer(set_of(before), true, {});
  then_ = [&] { source_->answer(set_of(issuer_), true, never()); };

  EXPECT_EQ(ask(bearer()), "200");
  EXPECT_EQ(wanted_, 1);
  EXPECT_EQ(ask("Bearer " + Signer("ES256", "k9").token(claims())), invalid_);  // not again so soon
  EXPECT_EQ(wanted_, 1);
}

TEST_F(JwtOfAnIssuer, AsksForNewerKeysWhenATokenNamesNoneAndNoneHasSignedIt) {
  use_fetched();
  Signer before("ES256", "k0");
  source_->answer(set_of(before), true, {});
  then_ = [&] { source_->answer(set_of(issuer_), true, never()); };

  EXPECT_EQ(ask("Bearer " + issuer_.token(R"({"alg":"ES256"})", claims())), "200");
  EXPECT_EQ(wanted_, 1);
  EXPECT_EQ(ask("Bearer " + Signer("ES256").token(R"({"alg":"ES256"})", claims())), invalid_);
  EXPECT_EQ(wanted_, 1);  // not again so soon
}

// Nobody makes a token without a key's name good by hoping for one.
TEST_F(JwtOfAnIssuer, RefusesATokenThatNoKeyHasSignedWhileTheIssuerIsDown) {
  use_fetched();
  source_->answer(set_of(issuer_), true, {});
  then_ = [&] { source_->fail("cannot be asked", never()); };

  EXPECT_EQ(ask("Bearer " + Signer("ES256").token(R"({"alg":"ES256"})", claims())), invalid_);
}

TEST_F(JwtOfAnIssuer, RefusesAKeyThatTheIssuerDoesNotHave) {
  use_fetched();
  source_->answer(set_of(issuer_), true, {});
  then_ = [&] { source_->answer(nullptr, false, never()); };

  EXPECT_EQ(ask("Bearer " + Signer("ES256", "k9").token(claims())), invalid_);
}

// It may be a key that the issuer has made since.
TEST_F(JwtOfAnIssuer, CannotTellAboutAnUnknownKeyWhileTheIssuerIsDown) {
  use_fetched();
  source_->answer(set_of(issuer_), true, {});
  then_ = [&] { source_->fail("cannot be asked", never()); };

  EXPECT_EQ(ask("Bearer " + Signer("ES256", "k9").token(claims())), "503");
  EXPECT_EQ(ask(bearer()), "200");  // its last keys are good
}

TEST_F(JwtOfAnIssuer, CannotTellAboutAnUnknownKeyWhileTheIssuerDoesNotAnswer) {
  use_fetched();
  source_->answer(set_of(issuer_), true, {});
  FakeExchange fake;

  EXPECT_EQ(ask(fake, "Bearer " + Signer("ES256", "k9").token(claims())), "waits");
  wait_in_vain(fake);

  EXPECT_EQ(fake.response().status, 503);
}

// Another worker may have asked, and have heard of it alone.
TEST_F(JwtOfAnIssuer, GoesByWhatTheIssuerAnsweredLastWhoeverAsked) {
  use_fetched();
  source_->answer(set_of(issuer_), true, never());
  std::string token = "Bearer " + Signer("ES256", "k9").token(claims());
  EXPECT_EQ(ask(token), invalid_);

  source_->fail("cannot be asked", never());
  EXPECT_EQ(ask(token), "503");

  source_->answer(nullptr, false, never());
  EXPECT_EQ(ask(token), invalid_);
}

TEST_F(JwtOfAnIssuer, ComputesTheSignatureOfATokenOnce) {
  use_fetched();
  auto keys = std::make_shared<jose::KeySet>(*jose::parse_jwks(issuer_.jwks(), false));
  source_->answer(keys, true, never());
  std::string token = bearer();
  EXPECT_EQ(ask(token), "200");

  *keys = jose::KeySet();  // and nobody is told: no signature can be checked any more

  EXPECT_EQ(ask(token), "200");
  EXPECT_EQ(ask(bearer(R"(,"jti":"2")")), invalid_) << "it was not seen before";
}

TEST_F(JwtOfAnIssuer, ForgetsTokensWhenTheirKeyIsWithdrawn) {
  use_fetched();
  source_->answer(set_of(issuer_), true, never());
  std::string token = bearer();
  EXPECT_EQ(ask(token), "200");

  source_->answer(set_of(Signer("ES256", "k2")), true, never());

  EXPECT_EQ(ask(token), invalid_);
}

TEST_F(JwtOfAnIssuer, GivesUpWaitingInTime) {
  use_fetched();
  FakeExchange fake;

  EXPECT_EQ(ask(fake, bearer()), "waits");
  wait_in_vain(fake);

  EXPECT_EQ(fake.response().status, 503);
}

}  // namespace
}  // namespace sluice::filters::jwt_test

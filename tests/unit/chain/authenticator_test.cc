// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/net/sleep.h"

#include "tests/support/consumers.h"
#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::chain::authenticator_test {
namespace {

using base::Reason;
using test::FakeExchange;
using testing::ElementsAre;
using testing::HasSubstr;

// Says what it is told to.
class Oracle final : public Authenticator {
 public:
  explicit Oracle(Builder& builder) : Authenticator("oracle", builder) {}
  base::Task<Verdict> authenticate(Exchange& ex) const override {
    EXPECT_FALSE(ex.identity) << "whatever was found out before";
    if (waits) return later(ex);
    if (verdict) ex.identity = identity;
    return verdict;
  }
  void hide(Exchange& ex) const override { ex.request.fields.remove("X-Secret"); }

  Verdict verdict = Verdict::ok();
  Identity identity{"oracle", "", "acme", "key", {}, {}, {}, {}, nullptr, nullptr};
  bool waits = false;

 private:
  base::Task<Verdict> later(Exchange& ex) const {
    co_await net::sleep(ex.worker.loop, std::chrono::seconds(1));
    if (verdict) ex.identity = identity;
    co_return verdict;
  }
};

class AuthenticatorTest : public testing::Test {
 protected:
  AuthenticatorTest() : oracle(builder) { fake.request().fields.add("X-Secret", "s"); }

  Step step() {
    auto task = oracle.on_request(fake.ex);
    EXPECT_TRUE(task.await_ready());
    return task.await_resume();
  }
  // Takes its time.
  base::Task<void> wait(std::optional<Step>& came) {
    base::Task<Step> task = oracle.on_request(fake.ex);
    came = co_await task;
  }
  std::string challenge() { return std::string(fake.response().fields.find("WWW-Authenticate")->value); }
  bool secret_left() { return fake.request().fields.find("X-Secret") != nullptr; }

  test::FakeBuilder builder;
  Oracle oracle;
  FakeExchange fake;
};

TEST_F(AuthenticatorTest, LetsPassAndTakesTheCredentialOut) {
  EXPECT_EQ(step(), Step::next);

  EXPECT_EQ(fake.ex.identity.consumer, "acme");
  EXPECT_EQ(fake.ex.reason, Reason::none);
  EXPECT_FALSE(secret_left());
}

TEST_F(AuthenticatorTest, Refuses401WithAChallenge) {
  oracle.verdict = Verdict::absent("Oracle realm=\"x\"", "say who you are");
  EXPECT_EQ(step(), Step::replied);

  EXPECT_EQ(fake.response().status, 401);
  EXPECT_EQ(fake.ex.reason, Reason::unauthenticated);
  EXPECT_EQ(challenge(), "Oracle realm=\"x\"");
  EXPECT_THAT(fake.body(), HasSubstr("say who you are"));
  EXPECT_FALSE(fake.ex.identity);

  oracle.verdict = Verdict::refused("Oracle", "wrong");
  EXPECT_EQ(step(), Step::replied);
  EXPECT_EQ(fake.response().status, 401);
  EXPECT_EQ(challenge(), "Oracle");
}

TEST_F(AuthenticatorTest, Forbids403WithoutOne) {
  oracle.verdict = Verdict::forbidden("not yours");
  EXPECT_EQ(step(), Step::replied);

  EXPECT_EQ(fake.response().status, 403);
  EXPECT_EQ(fake.ex.reason, Reason::forbidden);
  EXPECT_FALSE(fake.response().fields.find("WWW-Authenticate"));
}

TEST_F(AuthenticatorTest, IsUnavailable503AndTellsTheLogAloneWhy) {
  oracle.verdict = Verdict::unavailable("10.0.0.3 refuses connections");
  EXPECT_EQ(step(), Step::replied);

  EXPECT_EQ(fake.response().status, 503);
  EXPECT_EQ(fake.ex.reason, Reason::auth_unavailable);
  EXPECT_EQ(fake.ex.detail, "10.0.0.3 refuses connections");
  EXPECT_THAT(fake.body(), testing::Not(HasSubstr("10.0.0.3")));
}

TEST_F(AuthenticatorTest, IsUnavailable503IfItsOwnAnswerIs) {
  oracle.verdict = Verdict::absent("Oracle", "10.0.0.3 does not say where to log in");
  oracle.verdict.own_answer = oracle.verdict.answer_unavailable = true;
  EXPECT_EQ(step(), Step::replied);

  EXPECT_EQ(fake.response().status, 503);
  EXPECT_EQ(fake.ex.reason, Reason::auth_unavailable);
  EXPECT_EQ(fake.ex.detail, "10.0.0.3 does not say where to log in");
  EXPECT_THAT(fake.body(), testing::Not(HasSubstr("10.0.0.3")));
  EXPECT_FALSE(fake.response().fields.find("WWW-Authenticate"));
}

TEST_F(AuthenticatorTest, MayTakeItsTime) {
  oracle.waits = true;
  std::optional<Step> came;
  fake.run(wait(came));
  EXPECT_FALSE(came);

  fake.clock.advance(std::chrono::seconds(2));
  fake.loop.run_once(base::Duration{});
  EXPECT_EQ(came, Step::next);
  EXPECT_EQ(fake.ex.identity.consumer, "acme");
}

TEST_F(AuthenticatorTest, OfAClientThatLeftHasNoVerdict) {
  oracle.waits = true;
  oracle.verdict = Verdict::unavailable("cut short");
  std::optional<Step> came;
  fake.run(wait(came));

  fake.ex.scope.cancel(Reason::client_closed);
  fake.loop.run_once(base::Duration{});
  EXPECT_EQ(came, Step::replied);
  EXPECT_EQ(fake.ex.reason, Reason::client_closed);
}

TEST_F(AuthenticatorTest, AddsToWhatAnotherOneFoundOut) {
  std::string_view groups[] = {"a"}, more_groups[] = {"b"};
  Claim claims[] = {{"sub", "7"}};
  fake.ex.identity = {"mtls", "", "acme", "cn", groups, {}, {}, {}, nullptr, nullptr};
  oracle.identity = {"oracle", "", "", "sub", more_groups, {}, claims, {}, nullptr, std::make_shared<int>(1)};
  EXPECT_EQ(step(), Step::next);

  const Identity& who = fake.ex.identity;
  EXPECT_EQ(who.method, "mtls");
  EXPECT_EQ(who.consumer, "acme");
  EXPECT_EQ(who.credential, "cn");
  EXPECT_THAT(who.groups, ElementsAre("a", "b"));
  ASSERT_EQ(who.claims.size(), 1u);
  EXPECT_TRUE(who.owner);
}

TEST_F(AuthenticatorTest, PutsWhoShowedACredentialInThePlaceOfAGuest) {
  std::string_view challenges[] = {"Other"};
  fake.ex.identity = {"anonymous", "", "guest", "", {}, {}, {}, challenges, nullptr, nullptr};
  EXPECT_EQ(step(), Step::next);
  EXPECT_EQ(fake.ex.identity.consumer, "acme");
  EXPECT_TRUE(fake.ex.identity.challenges.empty());

  oracle.identity = {"anonymous", "", "guest", "", {}, {}, {}, challenges, nullptr, nullptr};
  EXPECT_EQ(step(), Step::next);
  EXPECT_EQ(fake.ex.identity.consumer, "acme") << "and not the other way round";
}

TEST_F(AuthenticatorTest, ForbidsTheCredentialsOfTwo) {
  fake.ex.identity = {"mtls", "", "other", "cn", {}, {}, {}, {}, nullptr, nullptr};
  EXPECT_EQ(step(), Step::replied);

  EXPECT_EQ(fake.ex.reason, Reason::forbidden);
  EXPECT_EQ(fake.ex.identity.consumer, "other");
}

}  // namespace
}  // namespace sluice::chain::authenticator_test

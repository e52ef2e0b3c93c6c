// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_forwarder.h"
#include "tests/support/fake_stream.h"
#include "tests/support/signer.h"

namespace sluice::oidc::provider_test {
namespace {

using base::Reason;
using testing::HasSubstr;

const std::string kLater = "1700000300";  // than the virtual clock's beginning

class ProviderTest : public testing::Test {
 protected:
  ProviderTest() {
    config_.issuer = "https://idp";
    config_.to = "idp";
    config_.client_id = "we b";
    config_.client_secret.value = "s:s";
    metadata_.authorization_endpoint = "https://idp/auth";
    metadata_.token_endpoint = "https://idp/token?x=1";
    metadata_.end_session_endpoint = "https://idp/end";
  }
  void build() {
    builder_.keys = std::make_shared<jose::KeySource>([this] { ++asked_for_keys_; });
    builder_.keys->describe(metadata_);
    publish(signer_);
    provider_ = std::make_unique<Provider>(config_, builder_);
  }
  void publish(const test::Signer& signer) {
    builder_.keys->answer(std::make_shared<const jose::KeySet>(*jose::parse_jwks(signer.jwks(), false)), true,
                          {});
  }
  base::Result<Tokens> redeem() {
    out_.reset();
    callback_.code = "c&d";
    login_.nonce = "n";
    login_.verifier = "v";
    login_.redirect_uri = "https://app/cb";
    base::spawn(fake_.ex.scope, [](ProviderTest* self) -> base::Task<void> {
      auto asking = self->provider_->redeem(self->fake_.ex, self->callback_, self->login_);
      auto tokens = co_await asking;
      self->out_.emplace(std::move(tokens));
    }(this));
    return out_ ? std::move(*out_) : base::fail(Reason::internal, "waits");
  }
  void give(const test::Signer& signer, const std::string& claims) {
    test::answer_calls_with(200, {}, R"({"access_token":"a","id_token":")" + signer.token(claims) + "\"}");
  }
  static std::string claims(const std::string& more = R"("nonce":"n")") {
    return R"({"iss":"https://idp","aud":"we b","sub":"alice","exp":)" + kLater + "," + more + "}";
  }
  std::string refusal(const test::Signer& signer, const std::string& token_claims) {
    give(signer, token_claims);
    auto got = redeem();
    if (got) return "";
    EXPECT_EQ(got.error().reason, Reason::unauthenticated) << got.error().detail;
    return got.error().detail;
  }

  OidcConfig config_;
  jose::ProviderMetadata metadata_;
  test::Signer signer_;
  test::FakeBuilder builder_;
  int asked_for_keys_ = 0;
  std::unique_ptr<Provider> provider_;
  test::FakeExchange fake_;
  Callback callback_;
  std::optional<base::Result<Tokens>> out_;
  Login login_;
};

TEST_F(ProviderTest, IsAskedWithCodeAndVerifierAndClient) {
  build();
  give(signer_, claims());

  auto got = redeem();

  ASSERT_TRUE(got) << got.error().detail;
  EXPECT_EQ(got->access_token, "a");
  ASSERT_EQ(test::fake_service.asked.size(), 1u);
  EXPECT_THAT(test::fake_service.asked[0], HasSubstr("POST /token?x=1\n"));
  EXPECT_THAT(test::fake_service.asked[0], HasSubstr("Authorization: Basic d2UlMjBiOnMlM0Fz\n"));
  EXPECT_THAT(test::fake_service.asked[0],
              HasSubstr("\ngrant_type=authorization_code&code=c%26d&redirect_uri=https%3A%2F%2Fapp%2Fcb&"
                        "code_verifier=v"));
}

TEST_F(ProviderTest, IsShownTheSecretInTheFormOrNone) {
  config_.client_auth = ClientAuth::post;
  build();
  give(signer_, claims());
  EXPECT_TRUE(redeem());
  EXPECT_THAT(test::fake_service.asked[0], HasSubstr("&client_id=we%20b&client_secret=s%3As"));
  EXPECT_THAT(test::fake_service.asked[0], testing::Not(HasSubstr("Authorization")));

  config_.client_auth = ClientAuth::none;
  config_.client_secret.value = "";
  build();
  give(signer_, claims());
  EXPECT_TRUE(redeem());
  EXPECT_THAT(test::fake_service.asked[0], HasSubstr("&client_id=we%20b"));
  EXPECT_THAT(test::fake_service.asked[0], testing::Not(HasSubstr("secret")));
}

TEST_F(ProviderTest, MustSignForThisClientAndLogin) {
  build();
  EXPECT_EQ(refusal(signer_, claims()), "");
  EXPECT_THAT(refusal(test::Signer(), claims()), HasSubstr("not signed by its issuer"));
  EXPECT_THAT(refusal(test::Signer("HS256"), claims()), HasSubstr("algorithm"));
  EXPECT_THAT(refusal(signer_, claims(R"("nonce":"m")")), HasSubstr("nonce"));
  EXPECT_THAT(refusal(signer_, claims(R"("nonce":"n","azp":"x")")), HasSubstr("azp"));
  EXPECT_THAT(
      refusal(signer_, R"({"iss":"https://evil","aud":"we b","sub":"a","nonce":"n","exp":)" + kLater + "}"),
      HasSubstr("iss"));
  EXPECT_THAT(
      refusal(signer_, R"({"iss":"https://idp","aud":"x","sub":"a","nonce":"n","exp":)" + kLater + "}"),
      HasSubstr("aud"));
  EXPECT_THAT(refusal(signer_, R"({"iss":"https://idp","aud":"we b","sub":"a","nonce":"n","exp":1}))"),
              HasSubstr("claims that are no JSON"));
  EXPECT_THAT(refusal(signer_, R"({"iss":"https://idp","aud":"we b","sub":"a","nonce":"n","exp":1})"),
              HasSubstr("expired"));
}

TEST_F(ProviderTest, IsAskedForNewerKeysWhenOneIsMissing) {
  build();
  test::Signer newer("ES256", "key-2");
  give(newer, claims());

  auto got = redeem();
  EXPECT_EQ(got.error().detail, "waits");
  EXPECT_EQ(asked_for_keys_, 1);
  fake_.ex.scope.cancel(Reason::client_closed);
  base::run_ready();
  EXPECT_TRUE(out_);
}

TEST_F(ProviderTest, IsAskedForNewerKeysWhenNoneThatHasNoNameHasSigned) {
  signer_ = test::Signer("ES256", "");
  build();
  give(test::Signer("ES256", "key-2"), claims());

  EXPECT_EQ(redeem().error().detail, "waits");
  EXPECT_EQ(asked_for_keys_, 1);
  fake_.ex.scope.cancel(Reason::client_closed);
  base::run_ready();
  ASSERT_TRUE(out_);
  EXPECT_EQ(out_->error().reason, Reason::unauthenticated);
}

TEST_F(ProviderTest, IsUnavailableWhileItDoesNotAnswerForItsNewerKeys) {
  build();
  give(test::Signer("ES256", "key-2"), claims());

  EXPECT_EQ(redeem().error().detail, "waits");
  fake_.clock.advance(std::chrono::seconds(3));
  for (int i = 0; i < 3; ++i) {
    fake_.loop.run_once(std::chrono::milliseconds(0));
    base::run_ready();
  }

  ASSERT_TRUE(out_);
  EXPECT_EQ(out_->error().reason, Reason::auth_unavailable);
}

// Another worker may have asked, and have heard of it alone.
TEST_F(ProviderTest, IsJudgedByItsLastAnswerWhoeverAsked) {
  build();
  test::Signer newer("ES256", "key-2");
  give(signer_, claims());
  EXPECT_TRUE(redeem());

  builder_.keys->fail("cannot be asked", base::SteadyTime::max());
  give(newer, claims());
  EXPECT_EQ(redeem().error().reason, Reason::auth_unavailable);
  builder_.keys->answer(nullptr, false, base::SteadyTime::max());
  give(newer, claims());
  EXPECT_EQ(redeem().error().reason, Reason::unauthenticated);
}

TEST_F(ProviderTest, IsUnavailableWithoutAnAnswerOrAnIdToken) {
  build();
  test::fail_calls(Reason::timeout_total);
  auto got = redeem();
  EXPECT_EQ(got.error().reason, Reason::auth_unavailable);
  EXPECT_THAT(got.error().detail, HasSubstr("timeout_total"));

  test::answer_calls_with(200, {}, R"({"access_token":"a"})");
  got = redeem();
  EXPECT_EQ(got.error().reason, Reason::auth_unavailable);
  EXPECT_THAT(got.error().detail, HasSubstr("without an ID token"));
}

TEST_F(ProviderTest, TellsItsEndpointsUnlessTheyAreWrittenOrNotPrivate) {
  build();
  auto known = provider_->endpoints(fake_.ex);
  EXPECT_EQ(known.authorization, "https://idp/auth");
  EXPECT_EQ(known.token, "/token?x=1");
  EXPECT_EQ(known.end_session, "https://idp/end");

  metadata_.authorization_endpoint = "http://idp/auth";
  metadata_.end_session_endpoint = "javascript:alert(1)";
  metadata_.token_endpoint = "https://idp/a/../b";
  metadata_.tells_issuer = true;
  build();
  known = provider_->endpoints(fake_.ex);
  EXPECT_EQ(known.authorization, "");
  EXPECT_EQ(known.end_session, "");
  EXPECT_EQ(known.token, "");
  EXPECT_TRUE(known.tells_issuer);
  EXPECT_THAT(provider_->trouble(fake_.ex), HasSubstr("does not say where its endpoints are"));

  config_.authorization_endpoint = upstream::parse_web_url("https://own/auth");
  config_.token_endpoint = "/own";
  config_.end_session_endpoint = upstream::parse_web_url("https://own/end");
  build();
  known = provider_->endpoints(fake_.ex);
  EXPECT_EQ(known.authorization, "https://own/auth");
  EXPECT_EQ(known.token, "/own");
  EXPECT_EQ(known.end_session, "https://own/end");
}

TEST_F(ProviderTest, AsksForTheDocumentOfItsIssuer) {
  config_.issuer = "https://idp/realm/";
  build();
  EXPECT_EQ(builder_.asked_keys.url.text(), "https://idp/realm/.well-known/openid-configuration");
  EXPECT_TRUE(builder_.asked_keys.discovery);
  config_.jwks = upstream::parse_web_url("https://idp/keys");
  build();
  EXPECT_EQ(builder_.asked_keys.url.text(), "https://idp/keys");
  EXPECT_FALSE(builder_.asked_keys.discovery);
}

}  // namespace
}  // namespace sluice::oidc::provider_test

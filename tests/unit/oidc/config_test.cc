// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

namespace sluice::oidc::config_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kKeys = "session: {keys: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}";

std::string problems(const std::string& settings, const std::string& session = kKeys) {
  config::Diagnostics diagnostics;
  config::Document document = config::parse("{to: idp, " + session + ", " + settings + "}", diagnostics);
  config::Names names;
  names.define("upstream", "idp");
  (void)config::bind<OidcConfig>(document, diagnostics, names);
  return diagnostics.text();
}
std::string more(const std::string& settings) {
  return problems("issuer: \"https://idp\", client_id: web, client_secret: s, " + settings);
}

TEST(OidcSettings, NeedAnIssuerAClientAndKeys) {
  EXPECT_EQ(problems("issuer: \"https://idp\", client_id: web, client_secret: s"), "");
  EXPECT_THAT(problems("client_id: web, client_secret: s"), HasSubstr("issuer"));
  EXPECT_THAT(problems("issuer: \"https://idp\""), HasSubstr("client_id"));
  EXPECT_THAT(problems("issuer: \"https://idp\", client_id: web, client_secret: s", "cache: 5"),
              HasSubstr("session"));
  EXPECT_THAT(problems("issuer: \"https://idp\", client_id: web, client_secret: s", "session: {keys: short}"),
              AllOf(HasSubstr("at least 32 bytes"), Not(HasSubstr("short"))));
}

TEST(OidcSettings, SayHowTheClientShowsWhoItIs) {
  std::string base = "issuer: \"https://idp\", client_id: web";
  EXPECT_THAT(problems(base), HasSubstr("client_auth: none"));
  EXPECT_EQ(problems(base + ", client_auth: none"), "");
  EXPECT_EQ(problems(base + ", client_secret: s, client_auth: post"), "");
  EXPECT_THAT(problems(base + ", client_secret: s, client_auth: none"), HasSubstr("of no use"));
}

TEST(OidcSettings, TellWhereTheEndpointsAre) {
  EXPECT_THAT(more("jwks: \"https://idp/keys\""), HasSubstr("takes the place of discovery"));
  EXPECT_EQ(more("jwks: \"https://idp/keys\", authorization_endpoint: \"https://idp/auth\", "
                 "token_endpoint: \"/token?x=1\""),
            "");
  EXPECT_THAT(problems("issuer: idp, client_id: web, client_secret: s"), HasSubstr("is no URL"));
  EXPECT_EQ(problems("issuer: idp, client_id: web, client_secret: s, discovery: \"https://idp/d\""), "");
  EXPECT_THAT(more("token_endpoint: \"https://idp/token\""), HasSubstr("must be a path"));
}

TEST(OidcSettings, NamePathsThatDoNotMeet) {
  EXPECT_THAT(more("redirect_path: \"//x\""), HasSubstr("must be a path"));
  EXPECT_THAT(more("redirect_path: \"/a/../b\""), HasSubstr("must be a path"));
  EXPECT_THAT(more("redirect_path: /x, logout_path: /x"), HasSubstr("must not be"));
  EXPECT_THAT(more("cookie: {path: /app}"), HasSubstr("finds no cookie"));
  EXPECT_THAT(more("cookie: {path: /app}, redirect_path: /apple"), HasSubstr("finds no cookie"));
  EXPECT_THAT(more("cookie: {path: /app}, redirect_path: /app/callback"), HasSubstr("finds no session"));
  EXPECT_THAT(more("cookie: {path: /app}, redirect_path: /app/callback, logout_path: /apple"),
              HasSubstr("finds no session"));
  EXPECT_EQ(more("cookie: {path: /app}, redirect_path: /app/callback, logout_path: /app/logout"), "");
  EXPECT_THAT(more("origin: \"https://app/\""), HasSubstr("scheme and host"));
  EXPECT_THAT(more("origin: app.example.com"), HasSubstr("scheme and host"));
  EXPECT_EQ(more("origin: \"https://app.example.com:8443\""), "");
  EXPECT_THAT(more("post_logout_redirect: bye"), HasSubstr("a path or a URL"));
  EXPECT_THAT(more("post_logout_redirect: //evil.example"), HasSubstr("must be a path"));
}

TEST(OidcSettings, LeaveToTheLoginWhatIsItsOwn) {
  EXPECT_THAT(more("scopes: email"), HasSubstr("must hold `openid`"));
  EXPECT_THAT(more("scopes: [openid, \"a b\"]"), HasSubstr("without blanks"));
  EXPECT_THAT(more("parameters: {state: x}"), HasSubstr("set by the login itself"));
  EXPECT_EQ(more("parameters: {prompt: select_account}"), "");
  EXPECT_THAT(more("algorithms: HS256"), HasSubstr("must not name HS"));
}

TEST(OidcSettings, OfASessionAreInOrder) {
  EXPECT_THAT(more("x: 1"), HasSubstr("x"));
  EXPECT_THAT(problems("issuer: \"https://idp\", client_id: web, client_secret: s",
                       "session: {keys: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, idle: 2h, absolute: 1h}"),
              HasSubstr("longer than `absolute`"));
}

TEST(OidcSettings, TakeAllAsymmetricAlgorithmsUnlessSomeAreNamed) {
  OidcConfig c;
  EXPECT_TRUE(c.allowed().has(jose::Algorithm::rs256));
  EXPECT_FALSE(c.allowed().any_symmetric());
  c.algorithms = {jose::Algorithm::es256};
  EXPECT_FALSE(c.allowed().has(jose::Algorithm::rs256));
}

}  // namespace
}  // namespace sluice::oidc::config_test

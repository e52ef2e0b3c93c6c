// SPDX-License-Identifier: Apache-2.0
// The filter `oidc` as one of several of `any`, with a guest: what is asked of the filter itself is answered
// by it and by nobody else.
#include <gmock/gmock.h>

#include "tests/support/consumers.h"
#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"
#include "tests/support/oidc_provider.h"

namespace sluice::test::oidc_any_test {
namespace {

using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kKey = "X-Api-Key: robots-key\r\n";

// One with the keys of the test, from the beginning.
struct Provider : OidcProvider {
  explicit Provider(const Signer& keys, bool down = false) {
    sign_with(keys);
    if (down) go_down();
  }
};

struct OidcInAny : testing::Test {
  explicit OidcInAny(bool down = false) : provider(signer, down), gw(yaml()) {
    provider.serve(gw.upstream("idp"));
    users.answers(200, "ok");
  }
  std::string yaml() const {
    return R"(
consumers: [{name: guest}, {name: robot, api_keys: [{name: k, key: ")" +
           digest_of("robots-key") + R"("}]}]
upstreams:
  idp: {url: "<idp>"}
  users: {url: "<users>"}
routes:
  - name: all
    match: {path: /**}
    use:
      - any:
          of:
            - oidc: {issuer: "https://idp", discovery: ")" +
           provider.discovery() +
           R"(", to: idp, client_id: web, client_secret: s, pass_access_token: true, backchannel_logout_path: /ended, session: {keys: ")" +
           std::string(32, 'k') + R"("}}
            - api_key: {header: X-Api-Key}
          anonymous: guest
    to: users
  - name: login
    match: {path: /login}
    use: [{oidc: {issuer: "https://idp", discovery: ")" +
           provider.discovery() +
           R"(", to: idp, client_id: web, client_secret: s, pass_access_token: true, session: {keys: ")" +
           std::string(32, 'k') + R"("}}}]
    respond: 204
  - name: both
    match: {path: /both}
    use:
      - any:
          - all:
              - oidc: {issuer: "https://idp", discovery: ")" +
           provider.discovery() +
           R"(", to: idp, client_id: web, client_secret: s, headers: {X-User: sub}, pass_access_token: true, session: {keys: ")" +
           std::string(32, 'k') + R"("}}
              - api_key: {header: X-Other-Key}
          - api_key: {header: X-Api-Key}
    to: users
  - name: two
    match: {path: /two}
    use:
      - any:
          - oidc: {issuer: "https://idp", discovery: ")" +
           provider.discovery() + R"(", to: idp, client_id: web, client_secret: s, session: {keys: ")" +
           std::string(32, 'k') +
           R"("}}
          - oidc: {issuer: "https://other", jwks: ")" +
           provider.discovery() +
           R"(", authorization_endpoint: "https://other/auth", token_endpoint: /token, redirect_path: /other/back,
                   logout_path: /other/logout, cookie: {name: __Host-other}, to: idp, client_id: web,
                   client_secret: s, session: {keys: ")" +
           std::string(32, 'k') + R"("}}
    to: users
)";
  }
  // A logout token (OpenID Connect Back-Channel Logout 1.0 section 2.4) with these claims besides.
  std::string logout_token(const std::string& more) const {
    return "logout_token=" +
           signer.token(R"({"iss":"https://idp","aud":"web","exp":4000000000,"iat":1700000000,"jti":"1",)"
                        R"("events":{"http://schemas.openid.net/event/backchannel-logout":{}})" +
                        more + "}");
  }
  std::string way_back() { return browser.follow(browser.get("/login")); }

  Signer signer{"ES256", "key-1"};
  Provider provider;
  Gateway gw;
  Browser browser{gw, provider};
  Upstream& users = gw.upstream("users");
};

struct OidcInAnyWithoutItsProvider : OidcInAny {
  OidcInAnyWithoutItsProvider() : OidcInAny(true) {}
};

TEST_F(OidcInAnyWithoutItsProvider, LetsAGuestPassWhoCannotBeSentToLogIn) {
  Metrics before(gw);
  auto decided = [&](const char* type, const char* decision) {
    return before.growth("sluice_policy_decisions_total", {{"type", type}, {"decision", decision}});
  };

  EXPECT_EQ(browser.get("/page").status, 200);
  EXPECT_EQ(decided("any", "allow"), 1);
  EXPECT_EQ(decided("oidc", "error"), 1);
  EXPECT_EQ(browser.get("/page", Browser::kScript).status, 200);
  EXPECT_EQ(users.request_count(), 2u);

  EXPECT_THAT(browser.get("/page", std::string(Browser::kPage) + "X-Api-Key: wrong\r\n"),
              Refused(401, "unauthenticated"))
      << "a wrong credential is refused in any case";
}

TEST_F(OidcInAnyWithoutItsProvider, IsUnavailableWhereNobodyElseMayPass) {
  Metrics before(gw);

  auto alone = browser.get("/login");

  EXPECT_THAT(alone, Refused(503, "auth_unavailable"));
  EXPECT_THAT(alone, HasField("Retry-After", "1"));
  EXPECT_THAT(alone, HasField("Cache-Control", "no-store"));
  EXPECT_THAT(alone, HasNoField("WWW-Authenticate"));
  auto decided = [&](const char* type, const char* decision) {
    return before.growth("sluice_policy_decisions_total", {{"type", type}, {"decision", decision}});
  };
  EXPECT_EQ(decided("oidc", "error"), 1);
  EXPECT_EQ(decided("oidc", "deny"), 0);
  EXPECT_THAT(browser.get("/both"), Refused(503, "auth_unavailable"));
  EXPECT_EQ(decided("any", "error"), 1);
  EXPECT_EQ(users.connections(), 0u);
}

TEST_F(OidcInAnyWithoutItsProvider, SendsToAnotherOneThatIsThere) {
  EXPECT_THAT(browser.get("/two"), HasField("Location", StartsWith("https://other/auth?")));
}

TEST_F(OidcInAny, FinishesALogin) {
  auto back = browser.get(way_back());

  EXPECT_EQ(back.status, 302);
  EXPECT_EQ(back.value("Location"), "/login");
  EXPECT_THAT(browser.jar.text(), Not(IsEmpty()));
  EXPECT_EQ(users.connections(), 0u);
  EXPECT_EQ(browser.get("/page").status, 200);
  EXPECT_EQ(gw.get("/page").status, 200) << "as a guest";
  EXPECT_EQ(users.request_count(), 2u);
}

TEST_F(OidcInAny, TellsWhatIsWrongWithALogin) {
  EXPECT_THAT(browser.get("/oauth2/callback?code=c&state=made-up"), Refused(400, "validation"));
  EXPECT_THAT(browser.get("/oauth2/callback?code=c&state=made-up", kKey), Refused(400, "validation"));
  auto answer = way_back();
  provider.say(400, R"({"error":"invalid_grant"})");
  EXPECT_THAT(browser.get(answer, kKey), Refused(401, "unauthenticated"));
  EXPECT_EQ(users.connections(), 0u);
}

// The session was good and what `all` wants beside it was not, so that the caller is the robot.
TEST_F(OidcInAny, TellsNothingOfASessionThatWasNotEnough) {
  browser.get(way_back());

  EXPECT_EQ(browser.get("/both", std::string(kKey) + "X-Other-Key: wrong\r\n").status, 200);

  auto got = users.request();
  EXPECT_THAT(got, HasNoField("X-User"));
  EXPECT_THAT(got, HasNoField("Authorization"));
  EXPECT_THAT(got, HasNoField("Cookie"));
  EXPECT_EQ(browser.get("/both", "X-Other-Key: robots-key\r\n").status, 200);
  got = users.request(1);
  EXPECT_THAT(got, HasField("X-User", "alice"));
  EXPECT_THAT(got, HasField("Authorization", StartsWith("Bearer access-")));
}

TEST_F(OidcInAny, LogsOut) {
  browser.get(way_back());

  auto out = browser.get("/oauth2/logout");

  EXPECT_EQ(out.status, 302);
  EXPECT_THAT(out, HasField("Location", StartsWith("https://idp/end?")));
  EXPECT_THAT(browser.jar.text(), IsEmpty());
  EXPECT_EQ(browser.get("/oauth2/logout", kKey).status, 302) << "whoever else knows the caller";
  EXPECT_EQ(users.connections(), 0u);
}

TEST_F(OidcInAny, EndsSessionsThatTheProviderHasEnded) {
  browser.get(way_back());
  ASSERT_EQ(browser.get("/login").status, 204);

  EXPECT_THAT(gw.post("/ended", logout_token(R"(,"sub":"alice","nonce":"n")"), kKey),
              Refused(400, "validation"));
  EXPECT_THAT(gw.post("/ended", "x=y", kKey), Refused(400, "validation"));
  EXPECT_THAT(gw.post("/ended", std::string(40'000, 'x'), kKey), Refused(400, "validation"));
  EXPECT_EQ(browser.get("/login").status, 204);
  EXPECT_EQ(gw.post("/ended", logout_token(R"(,"sub":"alice")"), kKey).status, 200);

  EXPECT_EQ(users.connections(), 0u) << "which would get a request without its body";
  EXPECT_EQ(browser.get("/login", Browser::kScript).status, 401);
}

}  // namespace
}  // namespace sluice::test::oidc_any_test

// SPDX-License-Identifier: Apache-2.0
// The filter `oidc` between browsers, a provider and an upstream: the whole way of a login, and all that may
// go wrong on it. How long things last is in tests/unit/filters/oidc_test.cc, which owns the clock.
#include <gmock/gmock.h>

#include <thread>

#include "tests/support/consumers.h"
#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/oidc_provider.h"

namespace sluice::test::oidc_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class Oidc : public testing::Test {
 protected:
  void serve(const std::string& more = "", const std::string& rest = "") {
    gw_ = std::make_unique<Gateway>(yaml(more, rest));
    provider_.serve(gw_->upstream("idp"));
    users().answers(200, "ok");
    browser_ = std::make_unique<Browser>(*gw_, provider_);
  }
  std::string yaml(const std::string& more, const std::string& rest) const {
    return R"(
upstreams:
  idp: {url: "<idp>"}
  users: {url: "<users>"}
policies:
  login:
    oidc: {issuer: "https://idp", discovery: ")" +
           provider_.discovery() +
           R"(", to: idp, client_id: web, client_secret: s, headers: {X-User: sub}, session: {keys: ")" +
           key_ + R"("})" + more + R"(}
routes:
  - {name: all, match: {path: /**}, use: login, to: users}
)" + rest;
  }
  Upstream& users() { return gw_->upstream("users"); }
  Upstream& idp() { return gw_->upstream("idp"); }
  Browser& browser() { return *browser_; }
  // Up to the answer of the provider, which the test may change.
  std::string answer_of_provider() { return browser().follow(browser().get("/page")); }

  std::string key_ = std::string(32, 'k');
  OidcProvider provider_;
  std::unique_ptr<Gateway> gw_;
  std::unique_ptr<Browser> browser_;
};

TEST_F(Oidc, SendsABrowserToTheProviderAndBackToItsPage) {
  serve();

  auto sent = browser().get("/shop?a=b&c=%2F");
  EXPECT_EQ(sent.status, 302);
  EXPECT_THAT(sent, HasField("Cache-Control", "no-store"));
  std::string url = sent.value("Location");
  EXPECT_THAT(url, StartsWith("https://idp/auth?"));
  EXPECT_EQ(parameter(url, "response_type"), "code");
  EXPECT_EQ(parameter(url, "client_id"), "web");
  EXPECT_EQ(parameter(url, "scope"), "openid");
  EXPECT_EQ(parameter(url, "code_challenge_method"), "S256");
  EXPECT_EQ(parameter(url, "code_challenge").size(), 43u);
  EXPECT_THAT(parameter(url, "redirect_uri"), HasSubstr("/oauth2/callback"));

  auto back = browser().get(browser().follow(sent));
  EXPECT_EQ(back.status, 302);
  EXPECT_EQ(back.value("Location"), "/shop?a=b&c=%2F");
  EXPECT_THAT(back, HasField("Cache-Control", "no-store"));
  EXPECT_EQ(browser().jar.cookies.size(), 1u) << "the login's own cookie is gone";
  EXPECT_THAT(browser().jar.lines["__Host-sluice"],
              HasSubstr("; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age="));

  auto page = browser().get("/shop?a=b&c=%2F");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page, HasNoField("Set-Cookie"));
  EXPECT_THAT(users().request(), HasField("X-User", "alice"));
  EXPECT_THAT(users().request(), HasNoField("Cookie"));
  EXPECT_EQ(idp().request_count(), 1u);
}

TEST_F(Oidc, LeadsBackToWhatTheBrowserAskedForNotToWhatTheTargetGets) {
  serve("", "use: [{query: {set: {key: internal}}}, {rewrite: {prefix: /srv}}]\n");

  auto back = browser().get(browser().follow(browser().get("/shop?a=b")));

  EXPECT_EQ(back.status, 302);
  EXPECT_EQ(back.value("Location"), "/shop?a=b");
  EXPECT_EQ(browser().get("/shop?a=b").status, 200);
  EXPECT_EQ(users().request().target, "/srv/shop?a=b&key=internal");
}

TEST_F(Oidc, LeavesTheCookiesOfOthersAlone) {
  serve();
  browser().jar.cookies["theme"] = "dark";

  EXPECT_EQ(browser().open("/page").status, 200);
  EXPECT_THAT(users().request(), HasField("Cookie", "theme=dark"));
}

TEST_F(Oidc, AnswersScriptsAndWhatActsWith401) {
  serve();

  for (std::string_view lines :
       {Browser::kScript, std::string_view("Accept: application/json\r\n"),
        std::string_view("Accept: text/html\r\nX-Requested-With: XMLHttpRequest\r\n"),
        std::string_view("")}) {
    auto got = browser().get("/page", lines);
    EXPECT_THAT(got, Refused(401, "unauthenticated")) << lines;
    EXPECT_THAT(got, HasField("Cache-Control", "no-store"));
    EXPECT_THAT(got, HasField("WWW-Authenticate", StartsWith("Cookie")));
    EXPECT_THAT(got, HasNoField("Set-Cookie"));
  }
  EXPECT_THAT(browser().post("/page", "x=1"), Refused(401, "unauthenticated"));
  EXPECT_EQ(users().request_count(), 0u);
}

TEST_F(Oidc, LetsTwoTabsLogInAtOnce) {
  serve();

  auto one = browser().get("/one"), two = browser().get("/two");
  auto to_two = browser().get(browser().follow(two)), to_one = browser().get(browser().follow(one));

  EXPECT_EQ(to_one.value("Location"), "/one");
  EXPECT_EQ(to_two.value("Location"), "/two");
  EXPECT_EQ(browser().jar.cookies.size(), 1u);
}

TEST_F(Oidc, TakesNoAnswerThatThisBrowserDidNotAskFor) {
  serve();
  std::string answer = answer_of_provider();

  Browser other(*gw_, provider_);
  EXPECT_THAT(other.get(answer), Refused(400, "validation")) << "of somebody else's login";
  EXPECT_THAT(browser().get("/oauth2/callback"), Refused(400, "validation"));
  EXPECT_THAT(browser().get("/oauth2/callback?code=c&state="), Refused(400, "validation"));
  EXPECT_THAT(browser().get("/oauth2/callback?code=c&state=made-up"), Refused(400, "validation"));
  std::string state = parameter(answer, "state");
  EXPECT_THAT(browser().get("/oauth2/callback?code=c&state=" + state.substr(0, 8)),
              Refused(400, "validation"));
  EXPECT_THAT(browser().get(answer + "&state=" + state), Refused(400, "validation"));
  EXPECT_THAT(browser().post(answer, "x"), Refused(400, "validation"));
  EXPECT_EQ(idp().request_count(), 0u);

  EXPECT_EQ(browser().get(answer).status, 302) << "and none of that has disturbed it";
}

TEST_F(Oidc, TakesAnAnswerOnce) {
  serve();
  std::string answer = answer_of_provider();
  auto before = browser().jar;
  EXPECT_EQ(browser().get(answer).status, 302);

  EXPECT_THAT(browser().get(answer), Refused(400, "validation")) << "its cookie is gone";
  browser().jar = before;
  EXPECT_THAT(browser().get(answer), Refused(401, "unauthenticated")) << "its code is used";
  EXPECT_THAT(browser().jar.text(), IsEmpty());
}

TEST_F(Oidc, TakesNoAnswerOfAnotherProvider) {
  serve();
  std::string answer = answer_of_provider();
  std::string without = answer.substr(0, answer.find("&iss="));

  EXPECT_THAT(browser().get(without + "&iss=https%3A%2F%2Fevil"), Refused(400, "validation"));
  answer = answer_of_provider();
  EXPECT_THAT(browser().get(answer.substr(0, answer.find("&iss="))), Refused(400, "validation"))
      << "this one always says who it is";
  EXPECT_EQ(idp().request_count(), 0u);
}

TEST_F(Oidc, TakesNoIdTokenThatIsWrong) {
  serve();
  Signer stranger("ES256", "key-1");

  provider_.use_nonce("of-another-login");
  EXPECT_THAT(browser().get(answer_of_provider()), Refused(401, "unauthenticated"));
  provider_.use_nonce("");
  provider_.add_claims(R"(,"azp":"another")");
  EXPECT_THAT(browser().get(answer_of_provider()), Refused(401, "unauthenticated"));
  provider_.add_claims("");
  provider_.sign_with_unpublished(stranger);
  EXPECT_THAT(browser().get(answer_of_provider()), Refused(401, "unauthenticated"));
  EXPECT_THAT(browser().jar.text(), IsEmpty());
  EXPECT_EQ(users().request_count(), 0u);
}

TEST_F(Oidc, TellsWhatTheProviderRefuses) {
  serve();
  auto with_error = [&](const std::string& error) {
    std::string state = parameter(answer_of_provider(), "state");
    return browser().get("/oauth2/callback?error=" + error + "&iss=https%3A%2F%2Fidp&state=" + state);
  };

  auto denied = with_error("access_denied&error_description=Not+today+%3Cscript%3E");
  EXPECT_THAT(denied, Refused(403, "forbidden"));
  EXPECT_THAT(denied.body, HasSubstr("Not today"));
  EXPECT_THAT(with_error("login_required"), Refused(401, "unauthenticated"));
  EXPECT_THAT(with_error("temporarily_unavailable"), Refused(503, "auth_unavailable"));
  EXPECT_THAT(browser().jar.text(), IsEmpty());
}

TEST_F(Oidc, IsUnavailableWhileTheProviderIsNotThere) {
  provider_.go_down();
  serve();

  EXPECT_THAT(browser().get("/page"), Refused(503, "auth_unavailable"));
  EXPECT_THAT(browser().get("/page", Browser::kScript), Refused(401, "unauthenticated"));
  EXPECT_EQ(users().request_count(), 0u);
}

TEST_F(Oidc, IsUnavailableWhenTheTokenEndpointFails) {
  serve(", timeout: 100ms");
  for (auto [status, body] : {std::pair(500, "oops"), std::pair(200, "<html>"), std::pair(200, "{}"),
                              std::pair(401, R"({"error":"invalid_client"})")}) {
    provider_.say(status, body);
    auto got = browser().get(answer_of_provider());
    EXPECT_THAT(got, Refused(503, "auth_unavailable")) << body;
    EXPECT_THAT(got, HasField("Cache-Control", "no-store"));
  }
  EXPECT_THAT(browser().jar.text(), IsEmpty());
}

TEST_F(Oidc, IsUnavailableWhenTheTokenEndpointIsSilentOrGone) {
  serve(", timeout: 1s");
  idp().script().expect_request().then_wait_for_close();
  EXPECT_THAT(browser().get(answer_of_provider()), Refused(503, "auth_unavailable"));
  idp().stop_listening();
  EXPECT_THAT(browser().get(answer_of_provider()), Refused(503, "auth_unavailable"));
  EXPECT_THAT(browser().jar.text(), IsEmpty());
}

TEST_F(Oidc, KeepsSessionsWhileTheProviderIsAway) {
  serve();
  EXPECT_EQ(browser().open("/page").status, 200);
  provider_.go_down();
  idp().stop_listening();

  EXPECT_EQ(browser().get("/page").status, 200);
}

TEST_F(Oidc, LeadsNobodyToAnotherHost) {
  serve();
  for (std::string evil : {"//evil.example/x", "///evil.example", "/%5Cevil.example", "/%09/evil.example"}) {
    auto sent = browser().get(evil);
    if (sent.status != 302) continue;  // not even a path
    auto back = browser().get(browser().follow(sent));
    ASSERT_EQ(back.status, 302) << evil;
    std::string to = back.value("Location");
    EXPECT_TRUE(to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\")) << to;
    browser().jar = {};
  }
  std::string long_way = "/" + std::string(3000, 'x');
  EXPECT_EQ(browser().get(browser().follow(browser().get(long_way))).value("Location"), "/");
}

TEST_F(Oidc, TakesNoSessionThatIsChangedOrOfAnotherName) {
  serve();
  browser().open("/page");
  auto good = browser().jar;
  std::string session = good.cookies["__Host-sluice"];

  for (std::size_t at : {0u, 2u, 10u, 60u, 200u}) {
    std::string other = session;
    other[at] = other[at] == 'A' ? 'B' : 'A';
    browser().jar.cookies["__Host-sluice"] = other;
    EXPECT_THAT(browser().get("/page", Browser::kScript), Refused(401, "unauthenticated")) << at;
    EXPECT_THAT(browser().jar.text(), IsEmpty()) << "the browser is to forget it";
  }
  browser().jar.cookies = {{"sluice", session}};
  EXPECT_THAT(browser().get("/page", Browser::kScript), Refused(401, "unauthenticated"));
  browser().jar = good;
  EXPECT_EQ(browser().get("/page").status, 200);
}

TEST_F(Oidc, OpensSessionsOfAnOlderKeyAfterAReload) {
  serve();
  browser().open("/page");
  std::string old = key_;

  key_ = std::string(32, 'n') + "\", \"" + old;
  std::string both = yaml("", "");
  both.replace(both.find("keys: \""), 6, "keys: [");
  both.replace(both.find(old + "\"}"), old.size() + 1, old + "\"]");
  auto loading = gw_->reload(both);
  ASSERT_TRUE(loading.good) << loading.diagnostics;
  EXPECT_EQ(browser().get("/page").status, 200);

  key_ = std::string(32, 'n');
  ASSERT_TRUE(gw_->reload(yaml("", "")).good);
  EXPECT_EQ(browser().get("/page", Browser::kScript).status, 401);
  EXPECT_EQ(browser().open("/page").status, 200);
}

TEST_F(Oidc, RenewsTokensAndSetsTheCookieWithTheUpstreamsAnswer) {
  provider_.expire_in(0);
  serve(", pass_access_token: true");
  users().answers(200, "ok", {{"Set-Cookie", "own=1"}, {"Cache-Control", "public"}});
  browser().get(answer_of_provider());
  std::string before = browser().jar.cookies["__Host-sluice"];

  provider_.expire_in(3600);
  auto page = browser().get("/page");

  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.count("Set-Cookie"), 2u);
  EXPECT_EQ(page.value("Set-Cookie"), "own=1");
  EXPECT_THAT(page, HasField("Cache-Control", "no-store"));
  EXPECT_NE(browser().jar.cookies["__Host-sluice"], before);
  EXPECT_EQ(provider_.renewals(), 1);
  EXPECT_THAT(users().request(), HasField("Authorization", "Bearer access-1"));
  EXPECT_EQ(browser().get("/page").status, 200);
  EXPECT_EQ(provider_.renewals(), 1);
}

// A session outside, a token inside.
TEST_F(Oidc, GivesTheTokenToTheCallsOfACompositionThatAreForwardedIt) {
  serve(", pass_access_token: true", R"(
  - name: me
    match: {path: /me}
    use: login
    compose: {calls: {
      user: {get: "users:/user/${claim.sub}", forward: {headers: [Authorization]}, as: user},
      ads: {get: "users:/ads", as: ads}}}
)");
  users().answers(200, "1");

  auto page = browser().open("/me");

  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, R"({"user":1,"ads":1})");
  auto asked = users().requests();
  ASSERT_EQ(asked.size(), 2u);
  for (const auto& r : asked) {
    EXPECT_THAT(r, HasNoField("Cookie"));
    if (r.target == "/ads") {
      EXPECT_THAT(r, HasNoField("Authorization"));
    } else {
      EXPECT_EQ(r.target, "/user/alice");
      EXPECT_THAT(r, HasField("Authorization", "Bearer access-0"));
    }
  }
}

TEST_F(Oidc, RenewsASessionOnceForAllRequestsThatNeedIt) {
  provider_.expire_in(0);
  serve("", "workers: 2\n");
  browser().get(answer_of_provider());
  provider_.expire_in(3600);
  std::string lines = std::string(Browser::kScript) + "Cookie: " + browser().jar.text() + "\r\n";

  std::vector<std::thread> tabs;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) tabs.emplace_back([&] { good += gw_->get("/page", lines).status == 200; });
  for (auto& tab : tabs) tab.join();

  EXPECT_EQ(good, 8);
  EXPECT_EQ(provider_.renewals(), 1) << "a refresh token is used once";
}

TEST_F(Oidc, EndsTheSessionThatTheProviderHasEnded) {
  provider_.expire_in(0);
  serve();
  browser().get(answer_of_provider());
  provider_.say(400, R"({"error":"invalid_grant"})");

  EXPECT_THAT(browser().get("/page", Browser::kScript), Refused(401, "unauthenticated"));
  EXPECT_THAT(browser().jar.text(), IsEmpty());
}

TEST_F(Oidc, LogsOutHereAndAtTheProvider) {
  serve(", post_logout_redirect: /bye");
  browser().open("/page");

  auto out = browser().get("/oauth2/logout");

  EXPECT_EQ(out.status, 302);
  std::string url = out.value("Location");
  EXPECT_THAT(url, StartsWith("https://idp/end?"));
  EXPECT_EQ(parameter(url, "client_id"), "web");
  EXPECT_THAT(parameter(url, "id_token_hint"), HasSubstr("."));
  EXPECT_THAT(parameter(url, "post_logout_redirect_uri"), testing::EndsWith("/bye"));
  EXPECT_THAT(parameter(url, "post_logout_redirect_uri"), StartsWith("http"));
  EXPECT_THAT(out, HasField("Cache-Control", "no-store"));
  EXPECT_THAT(browser().jar.text(), IsEmpty());
  EXPECT_EQ(browser().get("/page", Browser::kScript).status, 401);
  EXPECT_EQ(browser().get("/oauth2/logout").value("Location"), "/bye") << "nobody is logged in";
}

TEST_F(Oidc, TellsTheProviderTheOriginThatIsWritten) {
  serve(
      ", origin: \"https://app.example.com\", redirect_path: /cb, scopes: [openid, email], parameters: "
      "{prompt: login}");

  auto url = browser().get("/page").value("Location");

  EXPECT_EQ(parameter(url, "redirect_uri"), "https://app.example.com/cb");
  EXPECT_EQ(parameter(url, "scope"), "openid email");
  EXPECT_EQ(parameter(url, "prompt"), "login");
}

TEST_F(Oidc, NamesAConsumerAndAsksForClaims) {
  serve(", require_scopes: orders, consumer_claim: sub, require_consumer: true",
        "consumers: [{name: alice}]\n");
  EXPECT_EQ(browser().open("/page").status, 200);

  serve(", require_claims: {role: boss}");
  EXPECT_THAT(browser().open("/page"), Refused(403, "forbidden"));
}

TEST_F(Oidc, IsOneOfSeveralWays) {
  gw_ = std::make_unique<Gateway>(
      R"(
consumers: [{name: robot, api_keys: [{name: k, key: ")" +
      digest_of("robots-key") + R"("}]}]
upstreams:
  idp: {url: "<idp>"}
  users: {url: "<users>"}
routes:
  - name: all
    match: {path: /**}
    use:
      - any:
          - api_key: {header: X-Api-Key}
          - oidc: {issuer: "https://idp", discovery: ")" +
      provider_.discovery() + R"(", to: idp, client_id: web, client_secret: s, session: {keys: ")" + key_ +
      R"("}}
    to: users
)");
  provider_.serve(gw_->upstream("idp"));
  users().answers(200, "ok");
  browser_ = std::make_unique<Browser>(*gw_, provider_);

  EXPECT_EQ(gw_->get("/page", "X-Api-Key: robots-key\r\n").status, 200);
  EXPECT_THAT(gw_->get("/page"), Refused(401, "unauthenticated"));
  EXPECT_EQ(browser().open("/page").status, 200);
  EXPECT_EQ(users().request_count(), 2u);
}

TEST_F(Oidc, WritesNoCodeIntoTheLog) {
  serve();
  auto answer = answer_of_provider();
  gw_->log_line();
  browser().get(answer);

  std::string line = gw_->log_line();
  EXPECT_THAT(line, HasSubstr("/oauth2/callback"));
  EXPECT_THAT(line, Not(HasSubstr("code-")));
  EXPECT_THAT(line, Not(HasSubstr(parameter(answer, "state"))));
}

}  // namespace
}  // namespace sluice::test::oidc_test

// SPDX-License-Identifier: Apache-2.0
// What of the filter `oidc` needs a clock of its own: how long sessions and logins last, and when tokens are
// renewed. The whole way of a login, with a provider, is in tests/flow/oidc_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/chained.h"
#include "tests/support/cookie_jar.h"
#include "tests/support/fake_builder.h"
#include "tests/support/fake_forwarder.h"
#include "tests/support/fake_stream.h"
#include "tests/support/signer.h"

namespace sluice::filters::oidc_test {
namespace {

using namespace std::chrono_literals;
using test::parameter;
using testing::HasSubstr;
using testing::Not;

constexpr long kNow = 1'700'000'000;  // where the virtual clock begins
const std::string kSettings = R"(issuer: "https://idp", to: idp, client_id: web, client_secret: s)";

class Oidc : public testing::Test {
 protected:
  struct Answer {
    int status = 0;  // 200: the request went on
    std::string location, upstream, detail;
    std::string cache_control;
  };

  void use(const std::string& more = "", const std::string& session = "idle: 12h, absolute: 12h") {
    std::string problems;
    auto bound = test::bound("oidc: {" + kSettings + ", session: {keys: " + std::string(32, 'k') + ", " +
                                 session + "}" + more + "}",
                             problems);
    ASSERT_EQ(problems, "");
    test::FakeBuilder builder;
    builder.taken_back = &revoked_;
    builder.keys = std::make_shared<jose::KeySource>([] {});
    jose::ProviderMetadata metadata;
    metadata.authorization_endpoint = "https://idp/auth";
    metadata.token_endpoint = "https://idp/token";
    metadata.end_session_endpoint = "https://idp/end";
    builder.keys->describe(metadata);
    builder.keys->answer(std::make_shared<const jose::KeySet>(*jose::parse_jwks(signer_.jwks(), false)), true,
                         {});
    filter_ = chain::make_link(bound.filter, "policy", builder).filter;
    ASSERT_EQ(builder.problems, "");
  }
  // After so much of wall time.
  void later(base::Duration wall) { age_ += wall; }
  long wall() const { return kNow + std::chrono::duration_cast<std::chrono::seconds>(age_).count(); }

  Answer ask(std::string_view target, std::string_view accept = "text/html") {
    test::FakeExchange fake;
    fake.clock.advance((age_ + 6ns) / 7);
    net::Loop loop(fake.clock);
    chain::Worker worker{loop, 0};
    chain::Exchange ex(fake.stream, worker, &fake.connection);
    void* locals[1] = {};
    ex.locals = locals;
    fake.stream.ask("GET", target);
    ex.request.fields.add("Accept", accept);
    std::string cookies = jar_.text();
    if (!cookies.empty()) ex.request.fields.add(http::FieldId::cookie, cookies);
    auto step = test::step_of(*filter_, ex);
    auto telling = filter_->on_response(ex);
    EXPECT_TRUE(telling.await_ready());
    for (const auto& line : ex.response.fields.lines())
      if (!line.dropped && line.id == http::FieldId::set_cookie) jar_.take(line.value);
    Answer out{ex.response.status, std::string(ex.response.fields.value(http::FieldId::location)),
               test::lines(ex.request.fields), std::string(ex.detail),
               std::string(ex.response.fields.value(http::FieldId::cache_control))};
    if (step == chain::Step::next) out.status = 200;
    return out;
  }
  std::string id_token(const std::string& nonce, const std::string& more = "") {
    return signer_.token(R"({"iss":"https://idp","aud":"web","sub":"alice","iat":)" + std::to_string(wall()) +
                         R"(,"exp":)" + std::to_string(wall() + 300) +
                         (nonce.empty() ? "" : R"(,"nonce":")" + nonce + "\"") + more + "}");
  }
  // What the token endpoint says.
  void give(const std::string& nonce, const std::string& more) {
    test::answer_calls_with(
        200, {}, R"({"access_token":"access-1","id_token":")" + id_token(nonce) + "\"" + more + "}");
  }
  Answer log_in(const std::string& more = R"(,"expires_in":3600,"refresh_token":"refresh-1")") {
    auto sent = ask("/page");
    give(parameter(sent.location, "nonce"), more);
    return ask("/oauth2/callback?code=c&state=" + parameter(sent.location, "state"));
  }
  std::string logout_token(const std::string& more) {
    return signer_.token(R"({"iss":"https://idp","aud":"web","exp":)" + std::to_string(wall() + 60) +
                         R"(,"events":{"http://schemas.openid.net/event/backchannel-logout":{}})" + more +
                         "}");
  }
  // The status for what the provider posts.
  int tell(const std::string& body, std::string_view method = "POST") {
    test::FakeExchange fake("/ended", method);
    fake.clock.advance((age_ + 6ns) / 7);
    void* locals[1] = {};
    fake.ex.locals = locals;
    fake.ex.request_body = http::make_body<http::TextBody>(fake.ex.arena, body);
    EXPECT_EQ(test::step_of(*filter_, fake.ex), chain::Step::replied);
    return fake.response().status;
  }
  // Alice's tokens that were issued before then.
  void revoke(long before) {
    base::WallTime moment{std::chrono::seconds(before)};
    EXPECT_TRUE(revoked_.revoke({"https://idp", "", "alice", moment, moment + 24h}, moment));
  }
  bool has_session() const { return jar_.cookies.contains("__Host-sluice"); }
  const std::string& session() { return jar_.cookies["__Host-sluice"]; }

  test::Signer signer_;
  chain::Revocations revoked_;
  std::shared_ptr<const chain::Filter> filter_;
  test::CookieJar jar_;
  base::Duration age_{};
};

TEST_F(Oidc, LogsInAndKeepsTheSession) {
  use(", headers: {X-User: sub}");

  auto back = log_in();
  auto page = ask("/page");

  EXPECT_EQ(back.status, 302);
  EXPECT_EQ(back.location, "/page");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.upstream, HasSubstr("X-User: alice"));
  EXPECT_THAT(page.upstream, Not(HasSubstr("Cookie")));
  EXPECT_EQ(test::fake_service.asked.size(), 1u) << "a session costs no call";
}

TEST_F(Oidc, EndsASessionThatIsNotUsed) {
  use("", "idle: 30m, absolute: 12h");
  log_in(R"(,"expires_in":360000)");
  EXPECT_EQ(ask("/page").status, 200);
  later(30min);

  EXPECT_EQ(ask("/page", "application/json").status, 401);
  EXPECT_FALSE(has_session()) << "and has the browser forget it";
}

TEST_F(Oidc, ProlongsASessionThatIsUsedUpToItsAge) {
  use("", "idle: 30m, absolute: 2h");
  log_in(R"(,"expires_in":360000)");
  std::string first = session();
  later(1min);
  EXPECT_EQ(ask("/page").status, 200);
  EXPECT_EQ(session(), first) << "not with every answer";
  later(24min);
  auto page = ask("/page");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(session(), first);
  EXPECT_EQ(page.cache_control, "no-store") << "what carries a session is for nobody's cache";
  for (int i = 0; i < 3; ++i) {
    later(25min);
    EXPECT_EQ(ask("/page").status, 200) << i;
  }

  later(20min);
  EXPECT_EQ(ask("/page").status, 302) << "two hours after the login";
}

TEST_F(Oidc, ForgetsALoginThatTakesTooLong) {
  use();
  auto sent = ask("/page");
  give(parameter(sent.location, "nonce"), "");
  later(10min);

  auto back = ask("/oauth2/callback?code=c&state=" + parameter(sent.location, "state"));

  EXPECT_EQ(back.status, 400);
  EXPECT_THAT(back.detail, HasSubstr("took too long"));
  EXPECT_TRUE(test::fake_service.asked.empty());
  EXPECT_EQ(jar_.text(), "");
}

TEST_F(Oidc, RenewsTokensBeforeTheyExpire) {
  use(", pass_access_token: true");
  log_in();
  later(58min);
  EXPECT_THAT(ask("/page").upstream, HasSubstr("Authorization: Bearer access-1"));
  EXPECT_EQ(test::fake_service.asked.size(), 1u);

  later(2min - 1s);
  test::answer_calls_with(200, {}, R"({"access_token":"access-2","expires_in":3600,"refresh_token":"r-2"})");
  auto page = ask("/page");

  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.upstream, HasSubstr("Authorization: Bearer access-2"));
  ASSERT_EQ(test::fake_service.asked.size(), 1u);
  EXPECT_THAT(test::fake_service.asked[0], HasSubstr("grant_type=refresh_token&refresh_token=refresh-1"));
  EXPECT_THAT(ask("/page").upstream, HasSubstr("Authorization: Bearer access-2"));
  EXPECT_EQ(test::fake_service.asked.size(), 1u);
}

TEST_F(Oidc, GivesRequestsWithTheOldCookieWhatTheFirstOneGot) {
  use(", pass_access_token: true");
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-old")");
  later(1h - 30s);
  auto before = jar_;
  test::answer_calls_with(200, {}, R"({"access_token":"access-2","expires_in":3600,"refresh_token":"r-2"})");
  ask("/page");

  jar_ = before;
  EXPECT_THAT(ask("/page").upstream, HasSubstr("Bearer access-2"));
  EXPECT_EQ(test::fake_service.asked.size(), 1u) << "a refresh token is used once";
}

// Its answer may come after another request has renewed the tokens, and would set the old ones back.
TEST_F(Oidc, SetsNoTokensBackThatAreAboutToBeRenewed) {
  use("", "idle: 30m, absolute: 12h");
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-soon")");
  for (auto wait : {25min, 25min}) {
    later(wait);
    EXPECT_EQ(ask("/page").status, 200);
  }
  EXPECT_EQ(test::fake_service.asked.size(), 1u) << "of the login: what only notes that it is in use";
  later(8min + 30s);
  auto old = jar_;
  test::answer_calls_with(200, {}, R"({"access_token":"a","expires_in":3600,"refresh_token":"r-next"})");
  ask("/slow");
  const auto slow = jar_;
  jar_ = old;
  later(40s);
  EXPECT_EQ(ask("/page").status, 200);
  EXPECT_EQ(test::fake_service.asked.size(), 1u);

  jar_ = slow;
  later(10min);
  EXPECT_EQ(ask("/page").status, 200);
  EXPECT_EQ(test::fake_service.asked.size(), 1u) << "a refresh token is used once";
}

// Otherwise an outage of the provider would end what is in use.
TEST_F(Oidc, NotesThatASessionIsInUseWhichCannotBeRenewed) {
  use("", "idle: 10m, absolute: 12h, renew_before: 1h");
  log_in(R"(,"expires_in":7200,"refresh_token":"refresh-outage")");
  test::fail_calls(base::Reason::upstream_connect_failed);
  for (int i = 0; i < 11; ++i) {
    later(9min);
    EXPECT_EQ(ask("/page").status, 200) << i;
  }
}

TEST_F(Oidc, PassesNoTokenOnThatAPolicyWithoutHasLeftBehind) {
  use(", pass_access_token: true");
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-shared")");
  later(1h - 30s);
  test::answer_calls_with(200, {}, R"({"access_token":"access-2","expires_in":3600,"refresh_token":"r-2"})");
  use();
  EXPECT_THAT(ask("/page").upstream, Not(HasSubstr("Authorization")));

  use(", pass_access_token: true");
  later(40min);
  EXPECT_THAT(ask("/page").upstream, HasSubstr("Bearer access-2")) << "access-1 has expired";
  EXPECT_EQ(test::fake_service.asked.size(), 1u);
}

TEST_F(Oidc, FetchesATokenForASessionOfAPolicyThatKeepsNone) {
  use();
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-none")");
  test::answer_calls_with(200, {}, R"({"access_token":"access-2","expires_in":3600,"refresh_token":"r-2"})");

  use(", pass_access_token: true");
  for (int i = 0; i < 3; ++i) EXPECT_THAT(ask("/page").upstream, HasSubstr("Bearer access-2"));

  ASSERT_EQ(test::fake_service.asked.size(), 1u);
  EXPECT_THAT(test::fake_service.asked[0], HasSubstr("refresh_token=refresh-none"));
}

TEST_F(Oidc, PassesTheTokenOnOfARenewalByAPolicyThatKeepsNone) {
  use();
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-two")");
  later(1h - 30s);
  auto old = jar_;
  test::answer_calls_with(200, {}, R"({"access_token":"access-2","expires_in":3600,"refresh_token":"r-2"})");
  EXPECT_EQ(ask("/page").status, 200);

  jar_ = old;
  use(", pass_access_token: true");
  EXPECT_THAT(ask("/page").upstream, HasSubstr("Bearer access-2"));
  EXPECT_EQ(test::fake_service.asked.size(), 1u) << "a refresh token is used once";
}

TEST_F(Oidc, TakesTheTimeOfARenewalByAnotherRequestAsAWait) {
  use();
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-both")");
  later(1h - 30s);
  test::answer_calls_with(200, {}, R"({"access_token":"access-2","expires_in":3600,"refresh_token":"r-2"})");
  test::FakeExchange fake;
  fake.clock.advance((age_ + 6ns) / 7);
  net::Loop loop(fake.clock);
  chain::Worker worker{loop, 0};
  net::Signal answered(loop.wheel());
  test::fake_service.until = &answered;
  test::FakeStream streams[2];
  chain::Exchange first(streams[0], worker, &fake.connection), second(streams[1], worker, &fake.connection);
  void* locals[2] = {};
  std::size_t index = 0;
  for (auto* ex : {&first, &second}) {
    streams[index].ask("GET", "/page");
    ex->locals = {&locals[index++], 1};
    ex->request.fields.add(http::FieldId::cookie, ex->arena.copy(jar_.text()));
    EXPECT_FALSE(test::step_of(*filter_, *ex).has_value()) << "it waits";
  }
  fake.clock.advance(1s);
  answered.notify();
  base::run_ready();
  loop.run_once(0ms);
  base::run_ready();

  EXPECT_EQ(test::fake_service.asked.size(), 1u);
  for (const auto* ex : {&first, &second}) {
    EXPECT_EQ(ex->identity.method, "oidc");
    EXPECT_EQ(ex->upstream.waited, 1s);
  }
}

TEST_F(Oidc, EndsTheSessionThatTheProviderDoesNotRenew) {
  use();
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-over")");
  later(1h);
  test::answer_calls_with(400, {}, R"({"error":"invalid_grant"})");

  auto page = ask("/page", "application/json");

  EXPECT_EQ(page.status, 401);
  EXPECT_THAT(page.detail, HasSubstr("the provider has ended the session"));
  EXPECT_FALSE(has_session());
}

TEST_F(Oidc, RenewsNoSessionThatHasBeenRevoked) {
  use();
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-revoked")");
  later(1h - 30s);
  revoke(wall() - 10);
  test::answer_calls_with(
      200, {},
      R"({"access_token":"a","expires_in":3600,"id_token":")" + id_token("", R"(,"jti":"new")") + "\"}");

  auto page = ask("/page", "*/*");

  EXPECT_EQ(page.status, 401);
  EXPECT_THAT(page.detail, HasSubstr("has been revoked"));
  EXPECT_TRUE(test::fake_service.asked.empty()) << "nor is the provider asked for it";
  EXPECT_FALSE(has_session());
}

TEST_F(Oidc, GivesNoSessionThatIsRevokedMeanwhileWhatARenewalHasBrought) {
  use();
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-meanwhile")");
  later(1h - 30s);
  test::answer_calls_with(200, {},
                          R"({"access_token":"a","expires_in":3600,"id_token":")" + id_token("") + "\"}");
  test::FakeExchange fake;
  fake.clock.advance((age_ + 6ns) / 7);
  net::Loop loop(fake.clock);
  chain::Worker worker{loop, 0};
  net::Signal answered(loop.wheel());
  test::fake_service.until = &answered;
  chain::Exchange ex(fake.stream, worker, &fake.connection);
  void* locals[1] = {};
  ex.locals = locals;
  ex.request.fields.add(http::FieldId::cookie, ex.arena.copy(jar_.text()));
  EXPECT_FALSE(test::step_of(*filter_, ex).has_value()) << "it waits";
  revoke(wall() - 10);
  answered.notify();
  base::run_ready();

  EXPECT_EQ(ex.response.status, 401);
  EXPECT_EQ(ex.detail, "the token has been revoked");
}

TEST_F(Oidc, RenewsNoSessionThatTheProviderHasEnded) {
  use(", backchannel_logout_path: /ended");
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-told")");
  later(1h - 30s);
  EXPECT_EQ(tell("logout_token=" + logout_token(R"(,"sub":"alice")")), 200);
  test::answer_calls_with(200, {}, R"({"access_token":"a","expires_in":3600})");

  EXPECT_EQ(ask("/page", "*/*").status, 401);
  EXPECT_TRUE(test::fake_service.asked.empty());
  EXPECT_FALSE(has_session());
}

TEST_F(Oidc, GoesOnWithoutTheProviderAsLongAsTheTokensLast) {
  use();
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-away")");
  later(1h - 30s);
  test::fail_calls(base::Reason::upstream_connect_failed);
  EXPECT_EQ(ask("/page").status, 200);

  later(40s);
  auto page = ask("/page");
  EXPECT_EQ(page.status, 503) << "unavailable, not over";
  EXPECT_TRUE(has_session());
  EXPECT_THAT(page.detail, HasSubstr("upstream_connect_failed"));

  later(2min);
  test::answer_calls_with(200, {}, R"({"access_token":"access-2","expires_in":3600})");
  EXPECT_EQ(ask("/page").status, 200);
}

TEST_F(Oidc, TakesNoOtherSubjectsTokenForARenewal) {
  use();
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-sub")");
  later(1h);
  std::string other = signer_.token(R"({"iss":"https://idp","aud":"web","sub":"mallory","exp":)" +
                                    std::to_string(wall() + 300) + "}");
  test::answer_calls_with(200, {}, R"({"access_token":"a","id_token":")" + other + "\"}");

  EXPECT_EQ(ask("/page", "*/*").status, 401);
  EXPECT_FALSE(has_session());
}

TEST_F(Oidc, TakesTheNewIdTokenOfARenewal) {
  use(", headers: {X-Role: role}");
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-id")");
  later(1h);
  test::answer_calls_with(
      200, {},
      R"({"access_token":"a","expires_in":3600,"id_token":")" + id_token("", R"(,"role":"boss")") + "\"}");

  EXPECT_THAT(ask("/page").upstream, HasSubstr("X-Role: boss"));
}

TEST_F(Oidc, PassesNoTokenThatHasExpiredAndCannotBeRenewed) {
  use(", pass_access_token: true");
  log_in(R"(,"expires_in":600)");
  later(9min);
  EXPECT_EQ(ask("/page").status, 200);
  later(1min);
  EXPECT_EQ(ask("/page", "*/*").status, 401);
}

TEST_F(Oidc, RenewsTokensThatLastNoLongerThanTheTimeBeforeOnlyWhenHalfOfItIsOver) {
  use();
  log_in(R"(,"expires_in":40,"refresh_token":"refresh-short")");
  later(19s);
  EXPECT_EQ(ask("/page").status, 200);
  EXPECT_EQ(test::fake_service.asked.size(), 1u);
  later(1s);
  test::answer_calls_with(200, {}, R"({"access_token":"a","expires_in":40})");
  EXPECT_EQ(ask("/page").status, 200);
  EXPECT_EQ(test::fake_service.asked.size(), 1u);
}

TEST_F(Oidc, SaysWhenTheTokensDoNotFit) {
  use();
  auto back = log_in(R"(,"refresh_token":")" + std::string(12000, 'r') + "\"");

  EXPECT_EQ(back.status, 503);
  EXPECT_THAT(back.detail, HasSubstr("do not fit into cookies"));
  EXPECT_FALSE(has_session());
}

TEST_F(Oidc, SplitsLargeSessionsAndForgetsPartsThatAreLeft) {
  use();
  log_in(R"(,"refresh_token":")" + std::string(6000, 'r') + R"(","expires_in":3600)");
  EXPECT_EQ(jar_.cookies.size(), 3u) << jar_.text();
  EXPECT_EQ(ask("/page").status, 200);
  EXPECT_THAT(ask("/page").upstream, Not(HasSubstr("sluice")));

  later(1h);
  test::answer_calls_with(200, {}, R"({"access_token":"a","expires_in":3600,"refresh_token":"short"})");
  EXPECT_EQ(ask("/page").status, 200);
  EXPECT_EQ(jar_.cookies.size(), 1u) << jar_.text();
  EXPECT_EQ(ask("/page").status, 200);
}

TEST_F(Oidc, KeepsFewLoginsOfABrowserAtATime) {
  use();
  for (int i = 0; i < 30; ++i) ask("/page");
  EXPECT_LE(jar_.cookies.size(), 9u);
}

TEST_F(Oidc, IsNotFooledByTheSessionOfAnotherClient) {
  use();
  log_in();
  EXPECT_EQ(ask("/page").status, 200);

  use(", cache: 0");
  EXPECT_EQ(ask("/page").status, 200) << "the same one, after a reload";
  std::string problems;
  std::string other = kSettings;
  other.replace(other.find("client_id: web"), 14, "client_id: ops");
  auto bound = test::bound("oidc: {" + other + ", session: {keys: " + std::string(32, 'k') + "}}", problems);
  ASSERT_EQ(problems, "");
  test::FakeBuilder builder;
  filter_ = chain::make_link(bound.filter, "policy", builder).filter;
  EXPECT_EQ(ask("/page", "*/*").status, 401);
}

TEST_F(Oidc, HasNoUseForASessionAsALoginOrTheOtherWayRound) {
  use();
  auto sent = ask("/page");
  std::string state = parameter(sent.location, "state");
  std::string login = jar_.cookies["__Host-sluice.login." + state.substr(0, 8)];
  ASSERT_NE(login, "");

  jar_.cookies["__Host-sluice"] = login;
  EXPECT_EQ(ask("/page", "*/*").status, 401);
  log_in();
  jar_.cookies["__Host-sluice.login." + state.substr(0, 8)] = session();
  EXPECT_EQ(ask("/oauth2/callback?code=c&state=" + state).status, 400);
}

TEST_F(Oidc, EndsSessionsWhenTheProviderTellsItTo) {
  use(", backchannel_logout_path: /ended");
  log_in();
  auto token = [&](const std::string& more) { return logout_token(more); };

  EXPECT_EQ(tell("logout_token=" + token(R"(,"sub":"bob")")), 200);
  EXPECT_EQ(tell("logout_token=" + token(R"(,"sub":"alice","nonce":"n")")), 400);
  EXPECT_EQ(tell("logout_token=" + test::Signer().token(token(""))), 400);
  EXPECT_EQ(tell("logout_token=" + id_token("")), 400) << "an ID token is none";
  EXPECT_EQ(tell("x=y"), 400);
  EXPECT_EQ(tell(std::string(40000, 'x')), 400);
  EXPECT_EQ(tell("logout_token=" + token(R"(,"sub":"alice")"), "GET"), 400);
  EXPECT_EQ(ask("/page").status, 200) << "none of that was about this session";

  EXPECT_EQ(tell("logout_token=" + token(R"(,"sub":"alice")")), 200);
  EXPECT_EQ(ask("/page", "*/*").status, 401);
  EXPECT_FALSE(has_session());
  later(1s);
  log_in();
  EXPECT_EQ(ask("/page").status, 200) << "who has logged in again";
}

TEST_F(Oidc, LogsInAgainWhoWasLoggedOutWhileTheClockWasAhead) {
  use(", backchannel_logout_path: /ended");
  later(7h);
  log_in();
  EXPECT_EQ(tell("logout_token=" + logout_token(R"(,"sub":"alice")")), 200);
  later(-7h);
  EXPECT_EQ(ask("/page", "*/*").status, 401);

  log_in();

  EXPECT_EQ(ask("/page").status, 200);
}

TEST_F(Oidc, EndsASessionThatBeganWhileTheClockWasAhead) {
  use(", backchannel_logout_path: /ended");
  later(7h);
  log_in();
  later(-7h);
  EXPECT_EQ(tell("logout_token=" + logout_token(R"(,"sub":"alice")")), 200);

  EXPECT_EQ(ask("/page", "*/*").status, 401);
  log_in();
  EXPECT_EQ(ask("/page").status, 200) << "who has logged in again";
}

TEST_F(Oidc, FinishesALoginThatIsUnderWayWhenTheClockIsSetBack) {
  use();
  later(7h);
  auto sent = ask("/page");
  later(-7h);
  give(parameter(sent.location, "nonce"), "");

  EXPECT_EQ(ask("/oauth2/callback?code=c&state=" + parameter(sent.location, "state")).status, 302);
  EXPECT_EQ(ask("/page").status, 200);
}

TEST_F(Oidc, RenewsAndEndsInItsTimeASessionOfAClockThatIsSetBack) {
  use(", pass_access_token: true", "idle: 30m, absolute: 12h");
  later(7h);
  log_in(R"(,"expires_in":3600,"refresh_token":"refresh-ahead")");
  EXPECT_EQ(ask("/page").status, 200);
  later(-7h);
  EXPECT_THAT(ask("/page").upstream, HasSubstr("Bearer access-1")) << "what was good is good";
  for (int i = 0; i < 2; ++i) {
    later(25min);
    EXPECT_EQ(ask("/page").status, 200);
  }

  later(9min + 30s);
  test::answer_calls_with(200, {}, R"({"access_token":"access-2","expires_in":3600,"refresh_token":"r-2"})");
  EXPECT_THAT(ask("/page").upstream, HasSubstr("Bearer access-2"));
  ASSERT_EQ(test::fake_service.asked.size(), 1u);
  EXPECT_THAT(test::fake_service.asked[0], HasSubstr("refresh_token=refresh-ahead"));
  later(30min);
  EXPECT_EQ(ask("/page", "application/json").status, 401);
}

TEST_F(Oidc, PassesNoExpiredTokenWhenTheClockIsSetBack) {
  use(", pass_access_token: true");
  later(7h);
  log_in(R"(,"expires_in":600)");
  later(-7h);
  EXPECT_EQ(ask("/page").status, 200);

  later(10min);
  EXPECT_EQ(ask("/page", "application/json").status, 401);
}

TEST_F(Oidc, WarnsOfWhatIsNotPrivate) {
  auto problems = [](const std::string& more) {
    return test::filter("oidc: {" + more + ", to: idp, client_id: web, client_secret: s, session: {keys: " +
                        std::string(32, 'k') + "}}")
        .problems;
  };
  EXPECT_EQ(problems("issuer: \"https://idp\""), "");
  EXPECT_THAT(problems("issuer: \"https://idp\", cookie: {secure: false}"), HasSubstr("without TLS"));
  EXPECT_THAT(problems("issuer: \"http://idp\""), HasSubstr("without https"));
}

}  // namespace
}  // namespace sluice::filters::oidc_test

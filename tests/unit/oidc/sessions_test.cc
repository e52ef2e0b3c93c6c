// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/base64.h"

#include "tests/support/cookie_jar.h"
#include "tests/support/fake_stream.h"

namespace sluice::oidc::sessions_test {

using namespace std::chrono_literals;

namespace {

using base::WallTime;
using test::FakeExchange;

OidcConfig some_config() {
  OidcConfig c;
  c.issuer = "https://idp";
  c.client_id = "web";
  c.session.keys = {{std::string(32, 'k')}};
  return c;
}

class SessionsTest : public testing::Test {
 protected:
  Session some_session() {
    Session s;
    s.id_token = "h." + base::encode_base64url(R"({"sub":"alice","groups":["a","b"]})") + ".s";
    s.started = s.used = FakeExchange().clock.wall();
    return s;
  }
  // The browser keeps what a Set-Cookie says.
  void keep(const Sessions& sessions, const Session& session) {
    FakeExchange fake;
    SetCookies out{};
    EXPECT_TRUE(sessions.keep(fake.ex, session, out));
    for (const auto* line = out.first; line; line = line->next) jar_.take(line->text);
  }
  OpenedPtr open(const Sessions& sessions, base::Duration later = 0s) {
    FakeExchange fake;
    fake.clock.advance(later / 7);  // the wall runs seven times as fast
    fake.request().fields.add(http::FieldId::cookie, fake.ex.arena.copy(jar_.text()));
    return sessions.open(fake.ex);
  }

  OidcConfig config_ = some_config();
  test::CookieJar jar_;
};

TEST_F(SessionsTest, AreOpenedAsTheyWereKept) {
  Sessions sessions(config_, 1);
  keep(sessions, some_session());

  auto opened = open(sessions);

  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->session, some_session());
  EXPECT_EQ(opened->facts->subject(), "alice");
  EXPECT_EQ(opened->facts->groups().size(), 2u);
  EXPECT_EQ(open(sessions), opened) << "the one that is remembered";
}

TEST_F(SessionsTest, AreOpenedEachTimeIfNoneIsRemembered) {
  config_.cache = 0;
  Sessions sessions(config_, 1);
  keep(sessions, some_session());
  EXPECT_NE(open(sessions), open(sessions));
}

TEST_F(SessionsTest, AreThoseOfOneClientAtOneIssuer) {
  keep(Sessions(config_, 1), some_session());
  EXPECT_TRUE(open(Sessions(config_, 1)));
  for (auto change :
       {+[](OidcConfig& c) { c.client_id = "ops"; }, +[](OidcConfig& c) { c.issuer = "https://x"; },
        +[](OidcConfig& c) { c.cookie.name = "own"; },
        +[](OidcConfig& c) { c.session.keys = {{std::string(32, 'x')}}; }}) {
    OidcConfig other = config_;
    change(other);
    EXPECT_FALSE(open(Sessions(other, 1)));
  }
}

TEST_F(SessionsTest, AreNoneWithoutAnIdTokenThatCanBeRead) {
  Sessions sessions(config_, 1);
  Session session = some_session();
  session.id_token = "x";
  EXPECT_FALSE(sessions.make(session));
  keep(sessions, session);
  EXPECT_FALSE(open(sessions));
}

TEST_F(SessionsTest, TakeWhatCameAndKeepTheRest) {
  Sessions sessions(config_, 1);
  Session session = some_session();
  session.refresh_token = "old";
  WallTime now = session.used + 10s;

  sessions.take(session, {"", "access", "", "openid", 3600s}, now);

  EXPECT_EQ(session.id_token, some_session().id_token);
  EXPECT_EQ(session.access_token, "access");
  EXPECT_EQ(session.refresh_token, "old");
  EXPECT_EQ(session.scope, "openid");
  EXPECT_EQ(session.used, now);
  EXPECT_EQ(session.started, some_session().started);
  EXPECT_EQ(session.expires, now + 3600s);
  EXPECT_EQ(session.renews, now + 3540s);

  config_.pass_access_token = true;
  Sessions(config_, 1).take(session, {"id", "access", "new", "", 60s}, now);
  EXPECT_EQ(session.id_token, "id");
  EXPECT_EQ(session.access_token, "access");
  EXPECT_EQ(session.refresh_token, "new");
  EXPECT_EQ(session.scope, "openid");
  EXPECT_EQ(session.renews, now + 30s) << "half of a short life";

  Sessions(config_, 1).take(session, {"id", "access", "new", "", std::nullopt}, now);
  EXPECT_EQ(session.expires, WallTime{});
}

TEST_F(SessionsTest, GoBackWithTheClockThatWasAhead) {
  Session session = some_session();
  const WallTime now = session.used, ahead = now + 7h;
  session.used = ahead;
  session.expires = ahead + 60min;
  session.renews = ahead + 59min;
  keep(Sessions(config_, 1), session);
  auto plain = open(Sessions(config_, 1));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->session.started, now);
  EXPECT_LE(plain->session.used, now);
  EXPECT_TRUE(Sessions(config_, 1).is_to_be_touched(plain->session, now))
      << "so that the browser learns of it";
  EXPECT_EQ(plain->session.expires, now + 60min);

  session.refresh_token = "r";
  keep(Sessions(config_, 1), session);
  auto renewable = open(Sessions(config_, 1));
  ASSERT_TRUE(renewable);
  EXPECT_EQ(renewable->session.renews, now + 59min);
  EXPECT_EQ(renewable->session.expires, ahead + 60min) << "by which renewals on other workers know it";

  session.expires = session.renews = WallTime{};
  keep(Sessions(config_, 1), session);
  auto unknown = open(Sessions(config_, 1));
  ASSERT_TRUE(unknown);
  EXPECT_LE(unknown->session.used, now);
  EXPECT_EQ(unknown->session.expires, WallTime{});
  EXPECT_EQ(unknown->session.renews, WallTime{});

  session.used = now + 60s;
  keep(Sessions(config_, 1), session);
  EXPECT_EQ(open(Sessions(config_, 1))->session, session) << "another node's clock may be ahead a little";
}

TEST_F(SessionsTest, AreNotRememberedAsAClockSawThemThatWasSetBack) {
  Sessions sessions(config_, 1);
  Session session = some_session();
  const WallTime now = session.used;
  session.used = now + 7h;
  keep(sessions, session);
  auto ahead = open(sessions, 7h);
  ASSERT_TRUE(ahead);
  EXPECT_EQ(ahead->session.used, now + 7h);

  auto back = open(sessions);

  ASSERT_TRUE(back);
  EXPECT_LE(back->session.used, now);
  EXPECT_EQ(open(sessions), back);
  session = back->session;
  session.used = now;
  keep(sessions, session);
  EXPECT_TRUE(open(sessions, 29min));
  EXPECT_FALSE(open(sessions, 31min)) << "half an hour later it is over, as if the clock had been right";
}

TEST_F(SessionsTest, AreRenewedTouchedAndWornInTheirTime) {
  Sessions sessions(config_, 1);
  Session session = some_session();
  WallTime now = session.used;
  EXPECT_FALSE(sessions.is_due(session, now + 100h)) << "there is nothing to renew it with";
  session.refresh_token = "r";
  EXPECT_FALSE(sessions.is_due(session, now + 100h)) << "nobody knows when";
  session.expires = now + 60s;
  session.renews = now + 30s;
  EXPECT_FALSE(sessions.is_due(session, now + 29s));
  EXPECT_TRUE(sessions.is_due(session, now + 30s));

  EXPECT_FALSE(sessions.is_worn(session, now + 100h)) << "the token is passed to nobody";
  config_.pass_access_token = true;
  EXPECT_FALSE(Sessions(config_, 1).is_worn(session, now + 59s));
  EXPECT_TRUE(Sessions(config_, 1).is_worn(session, now + 60s));

  EXPECT_FALSE(sessions.is_to_be_touched(session, now + 224s));
  EXPECT_TRUE(sessions.is_to_be_touched(session, now + 225s)) << "an eighth of half an hour";
}

TEST_F(SessionsTest, KeepAnAccessTokenIfSomebodyPassesItOn) {
  Session fresh = some_session();
  fresh.access_token = "new";
  const Session without = some_session();
  Session with = without;
  with.access_token = "old";
  auto kept = [&](const Session& before) {
    Session session = fresh;
    Sessions(config_, 1).trim(session, before);
    return session.access_token;
  };

  EXPECT_EQ(kept(without), "");
  EXPECT_EQ(kept(with), "new") << "another policy does";
  config_.pass_access_token = true;
  EXPECT_EQ(kept(without), "new");
}

TEST_F(SessionsTest, AreDueAtOnceWhenTheTokenIsMissingThatIsPassedOn) {
  Session session = some_session();
  WallTime now = session.used;
  config_.pass_access_token = true;
  EXPECT_FALSE(Sessions(config_, 1).is_due(session, now)) << "there is nothing to renew it with";
  session.refresh_token = "r";
  EXPECT_TRUE(Sessions(config_, 1).is_due(session, now));
  session.access_token = "a";
  EXPECT_FALSE(Sessions(config_, 1).is_due(session, now));
  session.access_token = "";
  config_.pass_access_token = false;
  EXPECT_FALSE(Sessions(config_, 1).is_due(session, now));
}

TEST_F(SessionsTest, AreRenewedRatherThanTouchedShortlyBefore) {
  Sessions sessions(config_, 1);
  Session session = some_session();
  WallTime now = session.used;
  session.refresh_token = "r";
  session.expires = now + 60min;
  session.renews = now + 59min;

  EXPECT_TRUE(sessions.is_to_be_touched(session, now + 58min));
  EXPECT_FALSE(sessions.is_due(session, now + 58min));
  EXPECT_TRUE(sessions.is_due(session, now + 58min + 1s)) << "a minute is how long renewals are remembered";
  session.used = now + 57min;
  EXPECT_FALSE(sessions.is_due(session, now + 58min + 1s)) << "there is nothing to note";
  session.used = now;
  session.refresh_token = "";
  EXPECT_FALSE(sessions.is_due(session, now + 58min + 1s));
}

}  // namespace
}  // namespace sluice::oidc::sessions_test

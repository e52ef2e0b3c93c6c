// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/logins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cookie_jar.h"
#include "tests/support/fake_stream.h"

namespace sluice::oidc::logins_test {

using namespace std::chrono_literals;

namespace {

using test::FakeExchange;
using test::parameter;
using testing::StartsWith;

class LoginsTest : public testing::Test {
 protected:
  LoginsTest() {
    config_.issuer = "https://idp";
    config_.client_id = "web";
    config_.scopes = {"openid", "email"};
    config_.session.keys = {{std::string(32, 'k')}};
  }
  std::string begin(std::string_view target = "/page?x=1") {
    FakeExchange fake(target);
    bring_cookies(fake);
    SetCookies out{};
    auto url = Logins(config_).begin(fake.ex, "https://idp/auth", out);
    take(out);
    return url;
  }
  std::optional<Login> end(const std::string& state, base::Duration later = 0s) {
    FakeExchange fake;
    fake.clock.advance((later + 6ns) / 7);
    bring_cookies(fake);
    SetCookies out{};
    auto login = Logins(config_).take(fake.ex, state, out);
    take(out);
    return login;
  }
  void bring_cookies(FakeExchange& fake) {
    if (!jar_.cookies.empty())
      fake.request().fields.add(http::FieldId::cookie, fake.ex.arena.copy(jar_.text()));
  }
  void take(const SetCookies& out) {
    for (const auto* line = out.first; line; line = line->next) jar_.take(line->text);
  }

  OidcConfig config_;
  test::CookieJar jar_;
};

TEST_F(LoginsTest, SendTheBrowserWithAllThatTheProviderNeeds) {
  config_.parameters.emplace("prompt") = "login";

  auto url = begin();
  auto login = end(parameter(url, "state"));

  EXPECT_THAT(url, StartsWith("https://idp/auth?response_type=code&client_id=web&"));
  EXPECT_EQ(parameter(url, "redirect_uri"), "http://api.example.com/oauth2/callback");
  EXPECT_EQ(parameter(url, "scope"), "openid email");
  EXPECT_EQ(parameter(url, "prompt"), "login");
  ASSERT_TRUE(login);
  EXPECT_EQ(parameter(url, "nonce"), login->nonce);
  EXPECT_EQ(parameter(url, "code_challenge"), challenge_of(login->verifier));
  EXPECT_EQ(parameter(url, "code_challenge_method"), "S256");
  EXPECT_EQ(login->back, "/page?x=1");
  EXPECT_EQ(login->redirect_uri, parameter(url, "redirect_uri"));
}

TEST_F(LoginsTest, AreTakenOnceAndEachByItsState) {
  auto one = begin("/one"), two = begin("/two");
  EXPECT_EQ(jar_.cookies.size(), 2u);

  EXPECT_EQ(end(parameter(two, "state"))->back, "/two");
  EXPECT_FALSE(end(parameter(two, "state")));
  EXPECT_EQ(end(parameter(one, "state"))->back, "/one");
  EXPECT_TRUE(jar_.cookies.empty());
}

TEST_F(LoginsTest, AreNoneForAStateThatIsNotTheirs) {
  std::string state = parameter(begin(), "state");

  EXPECT_FALSE(end(""));
  EXPECT_FALSE(end(state.substr(0, 8)));
  EXPECT_FALSE(end(state + "x"));
  std::string other = state;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  EXPECT_FALSE(end(other));
  EXPECT_TRUE(end(state)) << "and are still there";
}

TEST_F(LoginsTest, AreOverAfterAWhile) {
  std::string one = parameter(begin(), "state"), two = parameter(begin(), "state");
  EXPECT_TRUE(end(one, 10min - 1s));
  EXPECT_FALSE(end(two, 10min));
  EXPECT_TRUE(jar_.cookies.empty());
}

TEST_F(LoginsTest, AreFewAtATime) {
  for (std::size_t i = 0; i < Logins::kMost; ++i) begin();
  EXPECT_EQ(jar_.cookies.size(), Logins::kMost);
  begin();
  EXPECT_EQ(jar_.cookies.size(), 1u);
}

TEST_F(LoginsTest, AreFewerAtATimeIfTheyAreLong) {
  const std::string way = "/page?q=" + std::string(1500, 'a');
  for (int i = 0; i < 9; ++i) {
    std::string state = parameter(begin(way), "state");
    EXPECT_LE(jar_.text().size(), Logins::kMostBytes) << i;
    auto before = jar_;
    ASSERT_TRUE(end(state)) << i;
    EXPECT_EQ(end(state), std::nullopt);
    jar_ = before;
  }
  auto one = begin("/one");
  EXPECT_EQ(jar_.cookies.size(), 2u) << "a short one beside it fits";
  EXPECT_TRUE(end(parameter(one, "state")));
}

// Nobody has to be logged in to send these.
TEST_F(LoginsTest, CostLittleHoweverManyAreMadeUp) {
  FakeExchange fake;
  std::string cookies;
  for (int i = 0; i < 800; ++i) cookies += "__Host-sluice.login." + std::to_string(i) + "=; ";
  fake.request().fields.add(http::FieldId::cookie, fake.ex.arena.copy(cookies + "a=1"));
  SetCookies begun{}, forgotten{};
  auto count = [](const SetCookies& set) {
    std::size_t out = 0;
    for (const auto* line = set.first; line; line = line->next) ++out;
    return out;
  };

  Logins(config_).begin(fake.ex, "https://idp/auth", begun);
  Logins(config_).forget(fake.ex, forgotten);
  Logins(config_).hide(fake.ex);

  EXPECT_EQ(count(begun), 2 * Logins::kMost + 1);
  EXPECT_EQ(count(forgotten), 2 * Logins::kMost);
  EXPECT_EQ(test::lines(fake.request().fields), "Cookie: a=1\n");
  EXPECT_LE(fake.ex.arena.held(), 10 * cookies.size());
}

TEST_F(LoginsTest, AreForgottenWithAllTheirParts) {
  jar_.cookies = {
      {"__Host-sluice.login.x", "2.a"}, {"__Host-sluice.login.x.1", "b"}, {"__Host-sluice", "1.s"}};
  FakeExchange fake;
  bring_cookies(fake);
  SetCookies out{};

  Logins(config_).forget(fake.ex, out);
  take(out);

  EXPECT_EQ(jar_.text(), "__Host-sluice=1.s");
}

TEST_F(LoginsTest, AreForgottenAndHiddenAlone) {
  begin();
  jar_.cookies["other"] = "1";
  FakeExchange fake;
  bring_cookies(fake);
  SetCookies out{};

  Logins(config_).forget(fake.ex, out);
  Logins(config_).hide(fake.ex);
  take(out);

  EXPECT_EQ(jar_.text(), "other=1");
  EXPECT_EQ(test::lines(fake.request().fields), "Cookie: other=1\n");
}

}  // namespace
}  // namespace sluice::oidc::logins_test

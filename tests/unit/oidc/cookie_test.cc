// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/cookie.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

#include "tests/support/fake_stream.h"

namespace sluice::oidc::cookie_test {
namespace {

using namespace std::chrono_literals;
using test::FakeExchange;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What a browser sends after it was told so: the parts that it was not told to forget.
std::string sent(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines)
    if (!line.ends_with("Max-Age=0")) out += (out.empty() ? "" : "; ") + line.substr(0, line.find(';'));
  return out;
}

class CookieTest : public testing::Test {
 protected:
  std::string read(std::string_view cookies) {
    FakeExchange fake;
    if (!cookies.empty()) fake.request().fields.add(http::FieldId::cookie, cookies);
    return std::string(cookie_.read(fake.ex));
  }
  std::optional<std::vector<std::string>> write(std::string_view text, std::string_view cookies = "") {
    FakeExchange fake;
    if (!cookies.empty()) fake.request().fields.add(http::FieldId::cookie, cookies);
    return cookie_.write(fake.ex, text, 60s);
  }

  Cookie cookie_{"s", CookieConfig()};
};

TEST_F(CookieTest, IsOneAsLongAsItFits) {
  auto lines = write("abc");

  ASSERT_TRUE(lines);
  EXPECT_THAT(*lines, ElementsAre("s=1.abc; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=60"));
  EXPECT_EQ(read(sent(*lines)), "abc");
}

TEST_F(CookieTest, IsSplitIntoPartsThatBrowsersKeep) {
  for (std::size_t size : {4000u, 4096u, 8000u, 8192u, 11000u}) {
    std::string text;
    while (text.size() < size) text += std::to_string(text.size());
    auto lines = write(text);
    ASSERT_TRUE(lines) << size;
    EXPECT_GT(lines->size(), size / 4096) << size;
    for (const auto& line : *lines) EXPECT_LE(line.size(), Cookie::kLargestPart);
    EXPECT_EQ(read(sent(*lines)), text);
  }
}

TEST_F(CookieTest, TakesAsMuchAsItSays) {
  auto most = write(std::string(cookie_.capacity(), 'x'));
  ASSERT_TRUE(most);
  EXPECT_EQ(most->size(), Cookie::kMostParts);
  EXPECT_EQ(read(sent(*most)).size(), cookie_.capacity());
  EXPECT_FALSE(write(std::string(cookie_.capacity() + 1, 'x')));
}

TEST_F(CookieTest, ForgetsPartsThatAreNotNeededAnyMore) {
  auto lines = write("abc", "s=3.x; s.1=y; s.2=z");

  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 3u);
  EXPECT_THAT((*lines)[1], HasSubstr("s.1=; Path=/"));
  EXPECT_THAT((*lines)[1], HasSubstr("Max-Age=0"));
  EXPECT_THAT((*lines)[2], HasSubstr("s.2=;"));
}

TEST_F(CookieTest, IsForgottenAsFarAsItIsThere) {
  FakeExchange fake;
  fake.request().fields.add(http::FieldId::cookie, "a=b; s.1=y; s=1.x");

  EXPECT_THAT(cookie_.forget(fake.ex), ElementsAre(HasSubstr("s=;"), HasSubstr("s.1=;")));
  EXPECT_THAT(cookie_.forget(FakeExchange().ex), IsEmpty());
  EXPECT_EQ(cookie_.forget_first(), "s=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0");
}

TEST_F(CookieTest, IsNoneIfAPartIsMissingOrItWasMadeUp) {
  EXPECT_EQ(read(""), "");
  for (std::string made_up : {"s=", "s=1", "s=1.", "s=x.abc", "s=0.abc", "s=4.abc", "s=9.abc", "s=2.abc",
                              "s=2.abc; s.1=", "s=3.abc; s.1=x", "s=abc", "s=-1.abc"})
    EXPECT_EQ(read(made_up), "") << made_up;
  FakeExchange fake;
  EXPECT_FALSE(cookie_.brought(fake.ex));
  fake.request().fields.add(http::FieldId::cookie, "s=abc");
  EXPECT_TRUE(cookie_.brought(fake.ex)) << "whatever it is";
  EXPECT_EQ(read("s=1.abc; s.1=left; s.2=over"), "abc") << "parts of a longer one before";
}

TEST_F(CookieTest, IsTakenOutOfTheRequestWithAllItsParts) {
  FakeExchange fake;
  fake.request().fields.add(http::FieldId::cookie, "a=b; s.1=y; s=1.x; s.2=z; s.3=own; st=c");

  cookie_.hide(fake.ex);

  EXPECT_EQ(fake.request().fields.value(http::FieldId::cookie), "a=b; s.3=own; st=c");
}

TEST(SetCookiesTest, AreSetWithAnAnswerBesideItsOwn) {
  FakeExchange fake;
  SetCookies cookies{};
  EXPECT_TRUE(cookies.empty());

  cookies.add(fake.ex, {"a=1", "b=2"});
  cookies.add(fake.ex, {"c=3"});
  fake.response().fields.add(http::FieldId::set_cookie, "own=0");
  cookies.put_into(fake.response().fields);

  EXPECT_FALSE(cookies.empty());
  EXPECT_EQ(test::lines(fake.response().fields),
            "Set-Cookie: own=0\nSet-Cookie: c=3\nSet-Cookie: b=2\nSet-Cookie: a=1\n");
}

TEST(CookieName, HasTheStrictestPrefixThatFits) {
  EXPECT_EQ(name_of({}), "__Host-sluice");
  EXPECT_EQ(name_of({"", "example.com", "/", SameSite::lax, true}), "__Secure-sluice");
  EXPECT_EQ(name_of({"", "", "/app", SameSite::lax, true}), "__Secure-sluice");
  EXPECT_EQ(name_of({"", "", "/", SameSite::lax, false}), "sluice");
  EXPECT_EQ(name_of({"own", "", "/", SameSite::lax, false}), "own");
}

TEST(CookieAttributes, AreThoseOfTheSettings) {
  FakeExchange fake;
  Cookie cookie("s", {"s", "example.com", "/app", SameSite::none, true});
  EXPECT_THAT(
      *cookie.write(fake.ex, "x", 1s),
      ElementsAre("s=1.x; Path=/app; Domain=example.com; HttpOnly; Secure; SameSite=None; Max-Age=1"));
  Cookie plain("s", {"s", "", "/", SameSite::lax, false});
  EXPECT_THAT(*plain.write(fake.ex, "x", 1s),
              ElementsAre("s=1.x; Path=/; HttpOnly; SameSite=Lax; Max-Age=1"));
}

std::string problems(const std::string& yaml) {
  config::Diagnostics diagnostics;
  config::Document document = config::parse(yaml, diagnostics);
  config::Names names;
  (void)config::bind<CookieConfig>(document, diagnostics, names);
  return diagnostics.text();
}

TEST(CookieSettings, AreRefusedIfBrowsersWouldRefuseTheCookie) {
  EXPECT_EQ(problems("name: __Host-a"), "");
  EXPECT_THAT(problems("{name: __Host-a, secure: false}"), HasSubstr("prefix"));
  EXPECT_THAT(problems("{name: __Secure-a, secure: false}"), HasSubstr("prefix"));
  EXPECT_THAT(problems("{name: __Host-a, path: /x}"), HasSubstr("no choice"));
  EXPECT_THAT(problems("{name: __Host-a, domain: example.com}"), HasSubstr("no choice"));
  EXPECT_THAT(problems("{same_site: none, secure: false}"), HasSubstr("without `secure`"));
  EXPECT_THAT(problems("name: \"a;b\""), HasSubstr("name of a cookie"));
  EXPECT_THAT(problems("path: \"/;x\""), HasSubstr("a path"));
}

}  // namespace
}  // namespace sluice::oidc::cookie_test

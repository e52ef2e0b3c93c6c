// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/order.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::rewrite_response_test {
namespace {

using http::FieldId;
using test::FakeExchange;
using testing::HasSubstr;
using View = std::string_view;

// How a request came, and what `rewrite` made of it.
struct Way {
  View path = "/api/users/7", prefix = "/api";
  View rewritten = "/v2/users/7", rewritten_prefix = "/v2";
};
constexpr Way kNone{"/api/users", "/api", "/api/users", "/api"};
constexpr Way kStripped{"/api/users/7", "/api", "/users/7", ""};

// The value that a response field of that name becomes.
std::string changed(View settings, View name, View value, const Way& way = {}, bool locally = false) {
  auto built = test::filter("rewrite_response: " + std::string(settings));
  EXPECT_EQ(built.problems, "");
  FakeExchange fake(way.path, "GET", "api.example.com");
  fake.ex.matched_prefix = way.prefix;
  (void)built.get().on_request(fake.ex);
  fake.request().path = way.rewritten;
  fake.ex.matched_prefix = way.rewritten_prefix;
  fake.ex.upstream.target = "users.internal:8080";
  fake.ex.answered_locally = locally;
  fake.response().fields.add(name, value);
  (void)built.get().on_response(fake.ex);
  return std::string(fake.response().fields.find(name)->value);
}

std::string location(View value, const Way& way = {}) {
  return changed("{location: true, hosts: [legacy.internal]}", "Location", value, way);
}

TEST(RewriteResponse, PutsTheClientsPrefixBack) {
  EXPECT_EQ(location("/v2/login"), "/api/login");
  EXPECT_EQ(location("/v2/login?next=/v2/x#top"), "/api/login?next=/v2/x#top");
  EXPECT_EQ(location("/v2"), "/api");
  EXPECT_EQ(location("/v2/"), "/api/");
  EXPECT_EQ(location("/v2?a"), "/api?a");
  EXPECT_EQ(changed("{location: true}", "Content-Location", "/v2/users/7"), "/api/users/7");
  EXPECT_EQ(changed("{location: true}", "Link", "/v2/users/7"), "/v2/users/7");
}

TEST(RewriteResponse, LeavesOtherPlacesAlone) {
  for (View value : {"/v22/login", "/other", "login", "../x", "?page=2", "#top", "", "mailto:a@b.example",
                     "https://elsewhere.example/v2/x", "https://user@users.internal:8080/v2/x",
                     "http://users.internal:9090/v2/x", "//elsewhere.example/v2"})
    EXPECT_EQ(location(value), value) << value;
}

TEST(RewriteResponse, PutsBackWhatWasStripped) {
  EXPECT_EQ(location("/login", kStripped), "/api/login");
  EXPECT_EQ(location("/", kStripped), "/api/");
  // On a route for every path.
  EXPECT_EQ(location("/login", {"/api/users/7", "", "/users/7", ""}), "/api/login");
  // On a route without a tail, of which the whole path was matched.
  EXPECT_EQ(location("/users/8", {"/api/users/7", "/api/users/7", "/users/7", "/users/7"}), "/api/users/8");
  EXPECT_EQ(location("/login", {"/api", "/api", "/", ""}), "/api/login");
}

TEST(RewriteResponse, TakesAwayAPrefixThatOnlyTheServiceHas) {
  const Way added{"/users", "", "/v2/users", "/v2"};
  EXPECT_EQ(location("/v2/login", added), "/login");
  EXPECT_EQ(location("/v2", added), "/");
  EXPECT_EQ(location("/v2/", added), "/");
}

TEST(RewriteResponse, KnowsAPathThatWasReplacedAsAWhole) {
  const Way whole{"/users/7", "/users", "/v1/u/7", "/v1/u/7"};
  EXPECT_EQ(location("/v1/u/7", whole), "/users/7");
  EXPECT_EQ(location("/v1/u/7/edit", whole), "/users/7/edit");
  EXPECT_EQ(location("/v1/u/8", whole), "/v1/u/8");
}

TEST(RewriteResponse, LeavesOutHostsThatClientsDoNotKnow) {
  EXPECT_EQ(location("http://users.internal:8080/v2/login"), "/api/login");
  EXPECT_EQ(location("HTTP://Users.Internal:8080/v2/login?a"), "/api/login?a");
  EXPECT_EQ(location("//users.internal:8080/v2/login"), "/api/login");
  EXPECT_EQ(location("https://legacy.internal/v2"), "/api");
  EXPECT_EQ(location("https://legacy.internal:443/v2"), "/api");
  EXPECT_EQ(location("http://users.internal:8080", kNone), "/");
  EXPECT_EQ(location("http://users.internal:8080?a", kNone), "/?a");
  EXPECT_EQ(location("http://users.internal:8080/x", kNone), "/x");
}

TEST(RewriteResponse, KeepsTheHostThatTheClientAskedFor) {
  EXPECT_EQ(location("https://api.example.com/v2/login"), "https://api.example.com/api/login");
  EXPECT_EQ(location("http://api.example.com:8000/v2/login"), "http://api.example.com:8000/v2/login");
}

// "//evil.example" and what browsers read as it are other hosts.
TEST(RewriteResponse, MakesNoHostOfAPath) {
  for (View path : {"//evil.example", "/\\evil.example", "\\\\evil.example", "///evil.example"})
    EXPECT_EQ(location("http://users.internal:8080" + std::string(path), kNone), "/evil.example") << path;
  const Way added{"/users", "", "/v2/users", "/v2"};
  EXPECT_EQ(location("/v2//evil.example", added), "/evil.example");
  EXPECT_EQ(location("/v2/\\evil.example", added), "/evil.example");
}

TEST(RewriteResponse, MakesNoHostOfAPathThatAClientHasWritten) {
  for (View evil : {"//evil.example", "/\\evil.example"}) {
    std::string path = std::string(evil) + "/users/7";
    const Way stripped{path, evil, "/users/7", ""};
    EXPECT_EQ(location("/login", stripped), "/." + std::string(evil) + "/login");
    EXPECT_EQ(location("http://users.internal:8080/login", stripped), "/." + std::string(evil) + "/login");
  }
}

TEST(RewriteResponse, LeavesRepliesOfTheGatewayAlone) {
  EXPECT_EQ(changed("{location: true}", "Location", "/v2/x", {}, true), "/v2/x");
}

std::string cookie(View edit, View value, const Way& way = {}) {
  return changed("{cookies: " + std::string(edit) + "}", "Set-Cookie", value, way);
}

TEST(RewriteResponse, EditsAttributesOfCookies) {
  EXPECT_EQ(cookie("{domain: example.com}", "a=b; Domain=users.internal; Path=/"),
            "a=b; Domain=example.com; Path=/");
  EXPECT_EQ(cookie("{domain: none}", "a=b; domain=.users.internal; Path=/"), "a=b; Path=/");
  EXPECT_EQ(cookie("{domain: example.com}", "a=b"), "a=b");
  EXPECT_EQ(cookie("{path: /x}", "a=b; path=/; HttpOnly"), "a=b; HttpOnly; Path=/x");
  EXPECT_EQ(cookie("{path: /x}", "a=b"), "a=b; Path=/x");
  EXPECT_EQ(cookie("{same_site: lax}", "a=b; SameSite=None; Secure"), "a=b; Secure; SameSite=Lax");
  EXPECT_EQ(cookie("{same_site: none, secure: true}", "a=b; secure"), "a=b; SameSite=None; Secure");
  EXPECT_EQ(cookie("{secure: false, http_only: true}", "a=b; Secure; Max-Age=1"), "a=b; Max-Age=1; HttpOnly");
  EXPECT_EQ(cookie("{http_only: false}", "a=b; HttpOnly"), "a=b");
}

TEST(RewriteResponse, UndoesThePathOfCookies) {
  EXPECT_EQ(cookie("{path: undo}", "a=b; Path=/v2/users"), "a=b; Path=/api/users");
  EXPECT_EQ(cookie("{path: undo}", "a=b; Path=/v2"), "a=b; Path=/api");
  EXPECT_EQ(cookie("{path: undo}", "a=b; Path=/"), "a=b; Path=/");
  EXPECT_EQ(cookie("{path: undo}", "a=b; Path=/", kStripped), "a=b; Path=/api");
  EXPECT_EQ(cookie("{path: undo}", "a=b; Path=x", kStripped), "a=b; Path=x");
  EXPECT_EQ(cookie("{path: undo}", "a=b", kStripped), "a=b");
}

TEST(RewriteResponse, EditsTheCookiesThatItIsToldTo) {
  constexpr View kTwo = "[{name: sess*, secure: true}, {name: session, same_site: strict}]";
  EXPECT_EQ(cookie(kTwo, "session=1"), "session=1; Secure; SameSite=Strict");
  EXPECT_EQ(cookie(kTwo, "sess=1"), "sess=1; Secure");
  EXPECT_EQ(cookie(kTwo, "other=1; Path=/"), "other=1; Path=/");
}

TEST(RewriteResponse, LeavesBoundCookiesWhole) {
  EXPECT_EQ(
      cookie("{path: /x, domain: example.com, secure: false, same_site: lax}", "__Host-a=b; Secure; Path=/"),
      "__Host-a=b; Secure; Path=/; SameSite=Lax");
  EXPECT_EQ(cookie("{path: /x, secure: false}", "__secure-a=b; Secure; Path=/"),
            "__secure-a=b; Secure; Path=/x");
}

TEST(RewriteResponse, TakesCookiesAsTheyCome) {
  EXPECT_EQ(cookie("{secure: true}", "a=b;;  ; Path = / ;"), "a=b; Path = /; Secure");
  EXPECT_EQ(cookie("{path: undo}", "a; Path", kStripped), "a; Path=");
}

TEST(RewriteResponse, RefusesSettingsThatSayNothing) {
  auto problems = [](View settings) {
    return test::filter("rewrite_response: " + std::string(settings)).problems;
  };
  EXPECT_THAT(problems("{}"), HasSubstr("location"));
  EXPECT_THAT(problems("{location: false}"), HasSubstr("nothing is done"));
  EXPECT_THAT(problems("{hosts: [a], cookies: {secure: true}}"), HasSubstr("needs `location: true`"));
  EXPECT_THAT(problems("{cookies: {}}"), testing::Not(testing::IsEmpty()));
  EXPECT_THAT(problems("{cookies: {path: x}}"), HasSubstr("must start with `/`"));
  EXPECT_THAT(problems("{cookies: {path: \"/;a\"}}"), HasSubstr("must start with `/`"));
  EXPECT_THAT(problems("{cookies: {domain: \"a b\"}}"), HasSubstr("must be a host"));
  EXPECT_THAT(problems("{cookies: {same_site: none, secure: false}}"), HasSubstr("browsers refuse"));
}

TEST(RewriteResponse, ComesBeforeRewrite) {
  chain::Written own{"rewrite_response", "rewrite_response", nullptr}, other{"rewrite", "rewrite", nullptr};
  auto objections = chain::object_to_order(std::vector{other, own}, "");
  ASSERT_EQ(objections.size(), 1U);
  EXPECT_EQ(objections[0].severity, config::Severity::error);
  EXPECT_EQ(objections[0].message, "`rewrite_response` must come before `rewrite`");
  EXPECT_TRUE(chain::object_to_order(std::vector{own, other}, "").empty());
}

}  // namespace
}  // namespace sluice::filters::rewrite_response_test

// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/as_asked.h"
#include "gateway/chain/order.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::handlers::redirect_test {
namespace {

using base::Reason;
using test::FakeExchange;
using testing::HasSubstr;

// "308 https://..." for a request, or what is wrong.
std::string redirected(std::string_view yaml, FakeExchange& fake, std::vector<std::string> captures = {}) {
  auto built = test::handler(yaml, std::move(captures));
  if (!built.problems.empty()) return built.problems;
  auto answered = built.get().answer(fake.ex);
  EXPECT_TRUE(answered.await_ready());
  auto result = answered.await_resume();
  if (!result) return std::string(base::row(result.error().reason).name);
  EXPECT_EQ(fake.ex.response_body, nullptr);
  return std::to_string(fake.response().status) + " " +
         std::string(fake.response().fields.value(http::FieldId::location));
}

std::string redirected(std::string_view yaml, std::string_view target,
                       std::string_view host = "api.example.com") {
  FakeExchange fake(target, "GET", host);
  return redirected(yaml, fake);
}

std::string problems(std::string_view yaml) { return test::handler(yaml).problems; }

TEST(Redirect, ToHttpsKeepsHostPathAndQuery) {
  EXPECT_EQ(redirected("redirect: https", "/a/b?c=d"), "308 https://api.example.com/a/b?c=d");
  EXPECT_EQ(redirected("redirect: {scheme: https}", "/a?"), "308 https://api.example.com/a?");
}

TEST(Redirect, ToAnotherSchemeTakesThatSchemesPort) {
  EXPECT_EQ(redirected("redirect: https", "/", "api.example.com:8080"), "308 https://api.example.com/");
  EXPECT_EQ(redirected("redirect: {scheme: https, port: 8443}", "/", "a.example:8080"),
            "308 https://a.example:8443/");
}

TEST(Redirect, LeavesTheDefaultPortOut) {
  EXPECT_EQ(redirected("redirect: {scheme: https, port: 443}", "/"), "308 https://api.example.com/");
  EXPECT_EQ(redirected("redirect: {scheme: http, port: 80}", "/"), "308 http://api.example.com/");
  EXPECT_EQ(redirected("redirect: {scheme: http, port: 443}", "/"), "308 http://api.example.com:443/");
  EXPECT_EQ(redirected("redirect: {port: 80}", "/", "a.example:8080"), "302 http://a.example/");
}

TEST(Redirect, ToAnotherHostKeepsSchemeAndPort) {
  EXPECT_EQ(redirected("redirect: {host: new.example.com}", "/a?b"), "302 http://new.example.com/a?b");
  EXPECT_EQ(redirected("redirect: {host: new.example.com}", "/a", "old:8080"),
            "302 http://new.example.com:8080/a");

  FakeExchange tls("/a");
  tls.stream.listener.scheme = "https";
  EXPECT_EQ(redirected("redirect: {host: new.example.com}", tls), "302 https://new.example.com/a");
}

TEST(Redirect, KeepsIpv6HostsInBrackets) {
  EXPECT_EQ(redirected("redirect: https", "/", "[::1]:8080"), "308 https://[::1]/");
  EXPECT_EQ(redirected("redirect: {host: \"[2001:db8::1]\", port: 81}", "/"), "302 http://[2001:db8::1]:81/");
}

TEST(Redirect, ToAnotherPathIsRelative) {
  FakeExchange fake("/old/7?x=1");
  fake.captures({{"id", "7%2F8"}});

  EXPECT_EQ(redirected("redirect: {path: \"/new/${path.id}\"}", fake, {"id"}), "302 /new/7%2F8?x=1");
  EXPECT_EQ(redirected("redirect: {path: /new?fixed=1}", "/old?x=1"), "302 /new?fixed=1");
  EXPECT_EQ(redirected("redirect: {path: /new, scheme: https}", "/old?x=1"),
            "308 https://api.example.com/new?x=1");
}

TEST(Redirect, WritesTheQueryOnceThatItsPathBrings) {
  EXPECT_EQ(redirected("redirect: {path: \"/v2${request.uri}\"}", "/old?x=1"), "302 /v2/old?x=1");
  EXPECT_EQ(redirected("redirect: {path: \"/v2${request.uri}\"}", "/old"), "302 /v2/old");
}

TEST(Redirect, RefusesARequestWithoutAValueThatIsASegment) {
  for (std::string_view setting :
       {"to: \"https://x.example/u/${query.id}/files\"", "to: \"/u/${query.id}?a=b\"",
        "to: \"/u/${query.id}\"", "path: \"/u/${query.id}${request.uri}\"",
        "path: \"/u/${query.id}/x\", scheme: https"})
    EXPECT_EQ(redirected("redirect: {" + std::string(setting) + "}", "/a?id="), "validation") << setting;
  EXPECT_EQ(redirected("redirect: {to: \"/u?id=/${query.id}/x\"}", "/a"), "302 /u?id=//x");
}

// What filters put into the query is for an upstream, and may be a secret.
TEST(Redirect, TellsTheClientNothingThatFiltersHavePutIn) {
  for (std::string_view setting : {"host: api.example.com", "path: \"${request.path}\"",
                                   "to: \"${request.uri}\"", "to: \"/a?${request.query}\""}) {
    FakeExchange fake("/a?b=c");
    chain::keep_line(fake.ex);
    fake.request().path = "/internal";
    fake.request().query = "b=c&key=secret";

    auto sent = redirected("redirect: {" + std::string(setting) + "}", fake);
    EXPECT_THAT(sent, testing::EndsWith("/a?b=c")) << setting;
    EXPECT_EQ(fake.request().query, "b=c&key=secret");
  }
}

TEST(Redirect, TakesTheStatusThatIsWritten) {
  EXPECT_EQ(redirected("redirect: {scheme: https, status: 301}", "/"), "301 https://api.example.com/");
  EXPECT_EQ(redirected("redirect: {to: /x, status: 307}", "/"), "307 /x");
}

TEST(Redirect, ToAWholeUrlAddsNothing) {
  EXPECT_EQ(redirected("redirect: {to: \"https://new.example.com/start\"}", "/a?b=c"),
            "302 https://new.example.com/start");
  EXPECT_EQ(redirected("redirect: {to: \"https://new.example.com${request.uri}\"}", "/a?b=c"),
            "302 https://new.example.com/a?b=c");
  EXPECT_EQ(redirected("redirect: {to: \"https://www.${request.host}${request.path}\"}", "/a?b=c"),
            "302 https://www.api.example.com/a");
  EXPECT_EQ(redirected("redirect: {to: \"/login?next=${request.uri}\"}", "/a?b=c&d"),
            "302 /login?next=%2Fa%3Fb%3Dc%26d");
}

// Each of these would make the browser leave for a host that the client's link named.
TEST(Redirect, IsNoOpenRedirect) {
  EXPECT_EQ(redirected("redirect: {path: \"${request.path}\"}", "//evil.com/x"), "302 /evil.com/x");
  EXPECT_EQ(redirected("redirect: {to: \"${request.uri}\"}", "//evil.com/x?y"), "302 /evil.com/x?y");
  EXPECT_EQ(redirected("redirect: {to: \"${query.next}\"}", "/?next=//evil.com"), "302 %2F%2Fevil.com");
  EXPECT_EQ(redirected("redirect: {to: \"${query.next}\"}", "/?next=https://evil.com"),
            "302 https%3A%2F%2Fevil.com");

  FakeExchange fake("/a//evil.com");
  fake.captures({{"rest", "/evil.com"}});
  EXPECT_EQ(redirected("redirect: {to: \"/${path.rest}\"}", fake, {"rest"}), "302 /evil.com");
}

TEST(Redirect, RefusesARequestThatMakesNoHost) {
  for (std::string_view tenant : {"evil.com@", "evil.com:", "a b", "evil.com%2F", "x/y"}) {
    FakeExchange fake("/");
    fake.captures({{"tenant", tenant}});
    EXPECT_EQ(redirected("redirect: {to: \"https://${path.tenant}.example.com/\"}", fake, {"tenant"}),
              "validation")
        << tenant;
  }
  FakeExchange fine("/");
  fine.captures({{"tenant", "acme"}});
  EXPECT_EQ(redirected("redirect: {to: \"https://${path.tenant}.example.com/\"}", fine, {"tenant"}),
            "302 https://acme.example.com/");
}

TEST(Redirect, RefusesARequestWithoutHostWhenItNeedsOne) {
  EXPECT_EQ(redirected("redirect: https", "/", ""), "validation");
  EXPECT_EQ(redirected("redirect: {scheme: https, host: a.example}", "/", ""), "308 https://a.example/");
  EXPECT_EQ(redirected("redirect: {path: /x}", "/", ""), "302 /x");
}

TEST(Redirect, AnswersARequestWithoutPathWithTheRoot) {
  FakeExchange fake("*", "OPTIONS");

  EXPECT_EQ(redirected("redirect: https", fake), "308 https://api.example.com/");
}

TEST(Redirect, RefusesSettingsThatMakeNoSense) {
  EXPECT_NE(problems("redirect: {}"), "");
  EXPECT_NE(problems("redirect: {status: 301}"), "");
  EXPECT_THAT(problems("redirect: {to: /x, host: a.example}"), HasSubstr("leaves nothing"));
  EXPECT_THAT(problems("redirect: {to: /x, status: 200}"), HasSubstr("301, 302, 303, 307 or 308"));
  EXPECT_THAT(problems("redirect: {host: \"a.example:80\"}"), HasSubstr("use `port`"));
  EXPECT_THAT(problems("redirect: {host: \"a b\"}"), HasSubstr("host name"));
  EXPECT_THAT(problems("redirect: {path: x}"), HasSubstr("must start with `/`"));
  EXPECT_THAT(problems("redirect: {path: //evil}"), HasSubstr("one `/`"));
  EXPECT_THAT(problems("redirect: {scheme: ftp}"), HasSubstr("https"));
  EXPECT_NE(problems("redirect: {port: 0, host: a.example}"), "");
}

TEST(Redirect, RefusesUrlsThatAreNone) {
  EXPECT_THAT(problems("redirect: {to: new.example.com}"), HasSubstr("must be an http or https URL"));
  EXPECT_THAT(problems("redirect: {to: \"//new.example.com\"}"), HasSubstr("scheme"));
  EXPECT_THAT(problems("redirect: {to: \"javascript://x\"}"), HasSubstr("must be an http or https URL"));
  EXPECT_THAT(problems("redirect: {to: \"/a b\"}"), HasSubstr("%20"));
  EXPECT_THAT(problems("redirect: {to: \"https://a b/\"}"), HasSubstr("%20"));
  EXPECT_THAT(problems("redirect: {to: \"https://u@a.example/\"}"), HasSubstr("names no host"));
  EXPECT_THAT(problems("redirect: {to: \"\"}"), HasSubstr("empty"));
}

TEST(Redirect, RefusesAValueThatCouldEndTheHost) {
  EXPECT_THAT(problems("redirect: {to: \"https://new.example.com${query.x}\"}"), HasSubstr("write a `/`"));
  EXPECT_EQ(problems("redirect: {to: \"https://new.example.com/${query.x}\"}"), "");
  EXPECT_EQ(problems("redirect: {to: \"https://www.${request.host}\"}"), "");
}

TEST(Redirect, ComplainsAboutCapturesThatTheRouteDoesNotHave) {
  EXPECT_THAT(problems("redirect: {to: \"/${path.x}\"}"), HasSubstr("error: to: the path of this route"));
  EXPECT_THAT(problems("redirect: {path: \"/${path.x}\"}"), HasSubstr("error: path: the path of this route"));
}

TEST(Redirect, IsRefusedTogetherWithARewrite) {
  std::vector<chain::Written> rewrite{{"rewrite", "rewrite", nullptr}};

  auto objections = chain::object_to_order(rewrite, "redirect");

  ASSERT_EQ(objections.size(), 1U);
  EXPECT_EQ(objections[0].severity, config::Severity::error);
}

}  // namespace
}  // namespace sluice::handlers::redirect_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/error_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/as_asked.h"
#include "gateway/chain/local_reply.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::chain::error_pages_test {
namespace {

using base::Reason;
using http::FieldId;
using test::FakeExchange;
using testing::HasSubstr;

constexpr const char* kBrowser = "text/html,application/xhtml+xml,*/*;q=0.8";

struct Pages {
  ErrorPagesConfig pages;
  bool operator==(const Pages&) const = default;
};
void describe(config::Description<Pages>& d) {
  d.about("test_pages", "Pages.");
  d.field("pages", &Pages::pages, "Pages.");
  d.check([](const Pages& p, const config::Site& at) { check_error_pages(p.pages, "pages", at); });
}

struct Built {
  std::optional<ErrorPages> pages;
  std::string problems;
};

Built built(std::string_view yaml, std::vector<std::string> captures = {}) {
  config::Diagnostics diagnostics;
  config::Document document = config::parse("pages: " + std::string(yaml), diagnostics);
  auto bound = config::bind<Pages>(document, diagnostics);
  Built out{std::nullopt, diagnostics.text()};
  if (!out.problems.empty()) return out;
  ErrorPages::Source source;
  source.read = [&](const std::string& at, const std::string& file) -> std::optional<std::string> {
    if (file == "page.html") return "<p>${error.status} ${request.host}</p>";
    out.problems += at + ": no file\n";
    return std::nullopt;
  };
  source.complain = [&](const std::string& at, std::string message, std::string) {
    out.problems += at + ": " + message + "\n";
  };
  out.pages.emplace(bound.pages, captures, source);
  return out;
}

// What a client that accepts this gets for the reply.
std::string replied(const ErrorPages& pages, FakeExchange& fake, Reason reason, std::string_view accept) {
  if (!accept.empty()) fake.request().fields.add("Accept", accept);
  make_local_reply(fake.ex, reason);
  pages.apply(fake.ex);
  return std::to_string(fake.ex.response.status) + " " +
         std::string(fake.response().fields.value(FieldId::content_type)) + ": " + fake.body();
}
std::string replied(std::string_view yaml, Reason reason, std::string_view accept) {
  auto made = built(yaml);
  EXPECT_EQ(made.problems, "");
  FakeExchange fake;
  return replied(*made.pages, fake, reason, accept);
}

TEST(ErrorPages, AreForBrowsers) {
  constexpr const char* kYaml = "{404: {html: \"<h1>${error.title}</h1>\"}}";
  EXPECT_EQ(replied(kYaml, Reason::no_route, kBrowser), "404 text/html; charset=utf-8: <h1>No route</h1>");
  for (const char* other : {"", "*/*", "application/json", "application/json, text/html;q=0.9", "image/png"})
    EXPECT_THAT(replied(kYaml, Reason::no_route, other),
                HasSubstr("application/problem+json: {\"type\":\"urn"))
        << other;
}

TEST(ErrorPages, AreChosenByStatusAndThenByClass) {
  constexpr const char* kYaml = "{5xx: {html: class}, 503: {html: status}}";
  EXPECT_THAT(replied(kYaml, Reason::overload, kBrowser), HasSubstr("status"));
  EXPECT_THAT(replied(kYaml, Reason::internal, kBrowser), HasSubstr("class"));
  EXPECT_THAT(replied(kYaml, Reason::no_route, kBrowser), HasSubstr("problem"));
}

TEST(ErrorPages, OfARouteGoOverTheDefaults) {
  auto defaults = built("{503: {html: default}, 404: {html: default}}");
  auto route = built("{5xx: {html: own}}");
  route.pages->fall_back_on(&*defaults.pages);
  FakeExchange unavailable, missing;

  EXPECT_THAT(replied(*route.pages, unavailable, Reason::overload, kBrowser), HasSubstr("own"));
  EXPECT_THAT(replied(*route.pages, missing, Reason::no_route, kBrowser), HasSubstr("default"));
}

TEST(ErrorPages, EscapeWhatClientsSay) {
  auto made = built("{404: {html: \"${header.x-name}\", problem: {who: \"${header.x-name}\"}}}");
  FakeExchange browser, program;
  for (auto* fake : {&browser, &program}) fake->request().fields.add("X-Name", "<script>\"");

  EXPECT_THAT(replied(*made.pages, browser, Reason::no_route, kBrowser), HasSubstr("&lt;script&gt;&quot;"));
  EXPECT_THAT(replied(*made.pages, program, Reason::no_route, ""), HasSubstr(R"({"who":"<script>\""})"));
}

TEST(ErrorPages, TellTheClientNothingThatFiltersHavePutIn) {
  auto made = built("{404: {html: \"${request.method} ${request.uri}\", problem: {at: \"${request.uri}\"}}}");
  FakeExchange browser("/a?b=c"), program("/a?b=c");
  for (auto* fake : {&browser, &program}) {
    keep_line(fake->ex);
    fake->request().method_text = "PUT";
    fake->request().path = "/internal";
    fake->request().query = "b=c&key=secret";
  }

  EXPECT_THAT(replied(*made.pages, browser, Reason::no_route, kBrowser), HasSubstr(": GET /a?b=c"));
  EXPECT_THAT(replied(*made.pages, program, Reason::no_route, ""), HasSubstr(R"({"at":"/a?b=c"})"));
}

TEST(ErrorPages, AreForBrowsersWhateverTheTargetIsAskedFor) {
  auto made = built("{404: {html: page}}");
  FakeExchange fake;
  fake.request().fields.add("Accept", kBrowser);
  keep_fields(fake.ex);
  fake.request().fields.set("Accept", "application/json");

  EXPECT_THAT(replied(*made.pages, fake, Reason::no_route, ""), HasSubstr("text/html; charset=utf-8: page"));
}

TEST(ErrorPages, ComeFromFilesToo) {
  EXPECT_THAT(replied("{404: page.html}", Reason::no_route, kBrowser),
              HasSubstr("<p>404 api.example.com</p>"));
  EXPECT_THAT(built("{404: none.html}").problems, HasSubstr("file: no file"));
}

TEST(ErrorPages, KeepWhatIsSaidBesideTheBody) {
  auto made = built("{401: {html: page}}");
  FakeExchange fake;
  fake.request().fields.add("Accept", kBrowser);
  make_local_reply(fake.ex, Reason::unauthenticated);
  fake.response().fields.add("WWW-Authenticate", "Basic");
  made.pages->apply(fake.ex);

  auto lines = test::lines(fake.response().fields);
  EXPECT_THAT(lines, HasSubstr("WWW-Authenticate: Basic"));
  EXPECT_THAT(lines, HasSubstr("Proxy-Status: sluice"));
  EXPECT_THAT(lines, HasSubstr("Vary: Accept"));
}

TEST(ErrorPages, MayChangeTheStatusWhichIsRemembered) {
  auto made = built("{502: {status: 503}}");
  FakeExchange fake;

  EXPECT_THAT(replied(*made.pages, fake, Reason::upstream_reset, ""),
              HasSubstr("503 application/problem+json"));
  EXPECT_EQ(fake.ex.replaced_status, 502);
}

// An upstream's error with a body.
std::string upstream_said(std::string_view yaml, std::string_view accept, FakeExchange& fake) {
  auto made = built(yaml);
  fake.request().fields.add("Accept", accept);
  fake.ex.response.status = 500;
  fake.response().fields.add(FieldId::content_type, "text/plain");
  fake.response().fields.add("ETag", "\"x\"");
  fake.response().fields.add("Content-MD5", "Q2hlY2s=");
  fake.response().fields.add("Set-Cookie", "a=b");
  fake.ex.response_body = http::make_body<http::TextBody>(fake.ex.arena, "secret stack trace");
  made.pages->apply(fake.ex);
  return fake.body();
}

TEST(ErrorPages, LeaveUpstreamsErrorsAloneUnlessToldOtherwise) {
  FakeExchange left, page, program;
  EXPECT_EQ(upstream_said("{500: {html: page}}", kBrowser, left), "secret stack trace");
  EXPECT_EQ(upstream_said("{500: {html: page, intercept: true}}", kBrowser, page), "page");
  EXPECT_EQ(test::lines(page.response().fields),
            "Set-Cookie: a=b\nContent-Type: text/html; charset=utf-8\nVary: Accept\n");
  EXPECT_THAT(
      upstream_said("{500: {intercept: true}}", "application/json", program),
      HasSubstr(R"({"type":"about:blank","title":"Internal Server Error","status":500,"instance":")"));
}

TEST(ErrorPages, FillResponsesThatTheOperatorLeftEmpty) {
  auto made = built("{410: {html: gone}}");
  FakeExchange empty, own;
  for (auto* fake : {&empty, &own}) {
    fake->request().fields.add("Accept", kBrowser);
    fake->ex.response.status = 410;
    fake->ex.answered_locally = true;
  }
  own.ex.response_body = http::make_body<http::TextBody>(own.ex.arena, "own");
  made.pages->apply(empty.ex);
  made.pages->apply(own.ex);

  EXPECT_EQ(empty.body(), "gone");
  EXPECT_EQ(own.body(), "own");
}

TEST(ErrorPages, LeaveCallsOfGrpcAlone) {
  auto made = built("{4xx: {html: page, status: 500}, 5xx: {html: page}}");
  FakeExchange fake;
  fake.request().fields.add(FieldId::content_type, "application/grpc");
  make_local_reply(fake.ex, Reason::no_route);
  made.pages->apply(fake.ex);

  EXPECT_EQ(fake.ex.response.status, 200);
  EXPECT_EQ(fake.body(), "");
}

TEST(ErrorPages, AreCheckedWhenTheyAreRead) {
  EXPECT_THAT(built("{200: {html: x}}").problems, HasSubstr("`200` is no status of an error"));
  EXPECT_THAT(built("{6xx: {html: x}}").problems, HasSubstr("write 404, 4xx or 5xx"));
  EXPECT_THAT(built("{404: {}}").problems, HasSubstr("says nothing"));
  for (auto status : {"204", "205", "304"})
    EXPECT_THAT(built("{5xx: {html: x, status: " + std::string(status) + "}}").problems,
                HasSubstr("a " + std::string(status) + " has no body"));
  EXPECT_THAT(built("{404: {html: \"${path.id}\"}}").problems, HasSubstr("captures `id`"));
  EXPECT_EQ(built("{404: {html: \"${path.id}\"}}", {"id"}).problems, "");
  EXPECT_THAT(built("{404: {problem: {a: \"${nothing}\"}}}").problems, HasSubstr("is no variable"));
}

}  // namespace
}  // namespace sluice::chain::error_pages_test

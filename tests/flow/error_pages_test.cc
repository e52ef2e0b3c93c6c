// SPDX-License-Identifier: Apache-2.0
// What clients get in place of errors, wherever those come from.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::error_pages_test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kBrowser = "Accept: text/html,*/*;q=0.8\r\n";

std::string yaml(const std::string& defaults, const std::string& own = "{}") {
  return "defaults: {error_pages: " + defaults +
         "}\n"
         "upstreams: {users: {url: <users>, retry: none}}\n"
         "routes: [{name: u, match: {path: /u/**}, to: users, error_pages: " +
         own + "}]\n";
}

TEST(ErrorPages, AnswerWhereThereIsNoRoute) {
  Gateway gw(yaml("{404: {html: \"<h1 id=e>${error.title}</h1>\"}}"));

  auto page = gw.get("/nowhere", kBrowser);

  EXPECT_THAT(page, HasStatus(404));
  EXPECT_EQ(page.body, "<h1 id=e>No route</h1>");
  EXPECT_THAT(page, HasField("Content-Type", HasSubstr("text/html")));
  EXPECT_THAT(page, HasField("Proxy-Status", HasSubstr("no_route")));
  EXPECT_THAT(gw.get("/nowhere"), Refused(404, "no_route"));
}

TEST(ErrorPages, OfTheRouteComeFirst) {
  Gateway gw(yaml("{5xx: {html: default}}", "{502: {html: own}}"));
  gw.upstream("users").stop_listening();

  EXPECT_EQ(gw.get("/u/1", kBrowser).body, "own");
}

TEST(ErrorPages, LeaveUpstreamsAloneUnlessToldToIntercept) {
  Gateway gw(yaml("{500: {html: page}, 501: {html: page, intercept: true}}"));
  gw.upstream("users").answers(500, "theirs");
  EXPECT_EQ(gw.get("/u/1", kBrowser).body, "theirs");

  gw.upstream("users").answers(501, "theirs", {{"Set-Cookie", "a=b"}, {"ETag", "\"x\""}});
  auto page = gw.get("/u/1", kBrowser);
  EXPECT_THAT(page, HasStatus(501));
  EXPECT_EQ(page.body, "page");
  EXPECT_TRUE(page.has("Set-Cookie"));
  EXPECT_FALSE(page.has("ETag"));
  EXPECT_THAT(gw.get("/u/1").body, HasSubstr("\"status\":501"));
}

TEST(ErrorPages, MayHideTheStatusFromClientsButNotFromTheLog) {
  Gateway gw(yaml("{501: {status: 503, intercept: true}}"));
  gw.upstream("users").answers(501, "theirs");

  EXPECT_THAT(gw.get("/u/1"), HasStatus(503));

  EXPECT_EQ(json_value(gw.log_line(), "status"), "501");
}

TEST(ErrorPages, AnswerHeadWithTheirLengthAlone) {
  Gateway gw(yaml("{404: {html: page}}"));
  RawClient client = gw.connect();

  auto head = client.ask("HEAD /nowhere HTTP/1.1\r\nHost: h\r\n" + std::string(kBrowser) + "\r\n");

  EXPECT_THAT(head, HasStatus(404));
  EXPECT_EQ(head.value("Content-Length"), "4");
  EXPECT_THAT(client.ask(get("/nowhere")), HasStatus(404));
}

TEST(ErrorPages, ReadFilesAndComplainOfMissingOnes) {
  TemporaryDirectory files;
  auto path = files.write("sorry.html", "<p>${error.status} ${request.path}</p>");
  Gateway gw(yaml("{4xx: " + path + "}"));
  EXPECT_EQ(gw.get("/%3Cb%3E", kBrowser).body, "<p>404 /%3Cb%3E</p>");

  auto loading = gw.reload(yaml("{4xx: /nowhere/sorry.html}"));
  EXPECT_FALSE(loading.good);
  EXPECT_THAT(loading.diagnostics, HasSubstr("/nowhere/sorry.html cannot be read"));
}

TEST(ErrorPages, StayOnesForRequestsThatCannotBeRead) {
  Gateway gw(yaml("{400: {problem: {sorry: true}}}"));
  RawClient client = gw.connect();
  client.send("GET / HTTP/1.1\r\n\r\n");  // without a host

  EXPECT_EQ(client.response().body, "{\"sorry\":true}");
}

}  // namespace
}  // namespace sluice::test::error_pages_test

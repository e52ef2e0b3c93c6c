// SPDX-License-Identifier: Apache-2.0
// Filters of listeners: whose requests pass them, and in which order.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::listener_filters_test {
namespace {

using ::testing::HasSubstr;

std::string trail(const std::string& step) { return "{headers: {request: {add: {x-trail: " + step + "}}}}"; }

TEST(ListenerFilters, ComeBeforeThoseOfTheFileAndOfTheRoute) {
  Gateway gw("listeners: {web: {bind: \"127.0.0.1:0\", use: [" + trail("listener") + ", " + trail("again") +
             "]}, plain: \"127.0.0.1:0\"}\nuse: [" + trail("file") +
             "]\nroutes: [{name: u, match: {path: /**}, use: [" + trail("route") + "], to: users}]");
  gw.upstream("users").answers(200, "ok");

  EXPECT_THAT(gw.connect("web").ask(get("/all")), HasStatus(200));
  EXPECT_THAT(gw.connect("plain").ask(get("/plain")), HasStatus(200));

  auto all = gw.upstream("users").received(0);
  auto plain = all.substr(all.find("GET /plain"));
  EXPECT_THAT(all, HasSubstr("x-trail: listener\r\nx-trail: again\r\nx-trail: file\r\nx-trail: route\r\n"));
  EXPECT_THAT(plain, HasSubstr("x-trail: file\r\nx-trail: route\r\n"));
  EXPECT_THAT(plain, testing::Not(HasSubstr("x-trail: listener")));
}

constexpr const char* kGuarded = R"(
listeners:
  edge: {bind: "127.0.0.1:0", use: {ip_access: {deny: [127.0.0.0/8]}}}
  web: "127.0.0.1:0"
routes: [{name: u, match: {path: /**}, to: users}]
)";
constexpr const char* kWithoutEdge = R"(
listeners: {web: "127.0.0.1:0"}
routes: [{name: u, match: {path: /**}, to: users}]
)";

TEST(ListenerFilters, RefuseRequestsOfTheirListenerAlone) {
  Gateway gw(kGuarded);
  gw.upstream("users").answers(200, "ok");

  EXPECT_THAT(gw.connect("edge").ask(get("/u")), HasStatus(403));
  EXPECT_THAT(gw.connect("web").ask(get("/u")), HasStatus(200));
}

TEST(ListenerFilters, ComeAndGoWithReloadsOnOpenConnections) {
  constexpr const char* kOpen = R"(
listeners: {edge: "127.0.0.1:0", web: "127.0.0.1:0"}
routes: [{name: u, match: {path: /**}, to: users}]
)";
  Gateway gw(kOpen);
  gw.upstream("users").answers(200, "ok");
  RawClient client = gw.connect("edge");
  EXPECT_THAT(client.ask(get("/u")), HasStatus(200));

  EXPECT_TRUE(gw.reload(kGuarded).good);
  EXPECT_THAT(client.ask(get("/u")), HasStatus(403));

  EXPECT_TRUE(gw.reload(kOpen).good);
  EXPECT_THAT(client.ask(get("/u")), HasStatus(200));
}

// What filters it was to pass nobody knows any more: the next configuration says nothing of that listener.
TEST(ListenerFilters, LetNoRequestPassWhoseListenerIsGone) {
  Gateway gw(kGuarded);
  gw.upstream("users").answers(200, "ok");
  RawClient late = gw.connect("edge");
  late.send("GET /u HTTP/1.1\r\nHost: a\r\n");
  EXPECT_THAT(gw.connect("edge").ask(get("/u")), HasStatus(403));  // the first bytes have been read

  EXPECT_TRUE(gw.reload(kWithoutEdge).good);
  gw.metrics();
  late.send("\r\n");

  auto answer = late.response();
  EXPECT_THAT(answer, HasStatus(503));
  EXPECT_THAT(answer, HasField("Connection", "close"));
  EXPECT_THAT(gw.connect("web").ask(get("/u")), HasStatus(200));
}

TEST(ListenerFilters, AnswerPreflights) {
  Gateway gw(R"(
listeners:
  edge: {bind: "127.0.0.1:0", use: [{cors: {origins: ["https://app.example.com"]}}]}
  web: "127.0.0.1:0"
routes: [{name: u, match: {path: /u, method: GET}, to: users}]
)");
  auto preflight =
      "OPTIONS /u HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example.com\r\n"
      "Access-Control-Request-Method: GET\r\n\r\n";

  EXPECT_THAT(gw.connect("edge").ask(preflight),
              HasField("Access-Control-Allow-Origin", "https://app.example.com"));
  EXPECT_THAT(gw.connect("web").ask(preflight), HasNoField("Access-Control-Allow-Origin"));
}

TEST(ListenerFilters, CountWhateverTheRoute) {
  Gateway gw(R"(
listeners: {edge: {bind: "127.0.0.1:0", use: [{rate_limit: {limit: 2/h}}]}}
routes:
  - {name: a, match: {path: /a}, respond: 200}
  - {name: b, match: {path: /b}, respond: 200}
)");
  RawClient client = gw.connect("edge");

  EXPECT_THAT(client.ask(get("/a")), HasStatus(200));
  EXPECT_THAT(client.ask(get("/b")), HasStatus(200));
  EXPECT_THAT(client.ask(get("/a")), HasStatus(429));
}

TEST(ListenerFilters, AreToldWithTheRoutes) {
  Gateway gw(kGuarded);

  auto routes = gw.admin("/routes").body;

  EXPECT_THAT(routes, HasSubstr("\"filter\": \"ip_access\""));
  EXPECT_THAT(routes, HasSubstr("\"listener\": \"edge\""));
}

}  // namespace
}  // namespace sluice::test::listener_filters_test

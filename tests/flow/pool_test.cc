// SPDX-License-Identifier: Apache-2.0
// Connections to targets: kept, used again last in first out, given up when they are of no use.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::pool_test {
namespace {

std::string yaml(std::string_view pool) {
  return "upstreams: {users: {url: \"<users>\", pool: " + std::string(pool) +
         "}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n";
}

// Two clients whose requests are in flight at the same time, on a connection each.
struct TwoInFlight {
  explicit TwoInFlight(Gateway& gw) : first(gw.connect()), second(gw.connect()) {
    first.send(get("/first"));
    targets.push_back(gw.upstream("users").accept());
    second.send(get("/second"));
    targets.push_back(gw.upstream("users").accept());
    for (auto& t : targets) t.expect_request();
  }
  void answer(std::size_t which) {
    targets[which].send(ok("done"));
    EXPECT_EQ((which == 0 ? first : second).response().body, "done");
  }
  RawClient first, second;
  std::vector<UpstreamConnection> targets;
};

TEST(Pool, UsesAConnectionAgain) {
  Gateway gw(yaml("{}"));
  gw.upstream("users").answers(200, "ok");
  Metrics before(gw);

  for (int i = 0; i < 5; ++i) gw.get("/u");

  EXPECT_EQ(gw.upstream("users").connections(), 1u);
  EXPECT_EQ(before.growth("sluice_upstream_connections_total", {{"upstream", "users"}}), 1);
  EXPECT_EQ(before.growth("sluice_upstream_connection_reuses_total", {{"upstream", "users"}}), 4);
  EXPECT_EQ(before.growth("sluice_upstream_connections", {{"state", "idle"}}), 1);
}

TEST(Pool, TakesTheConnectionThatWasUsedLast) {
  Gateway gw(yaml("{}"));
  TwoInFlight two(gw);

  two.answer(1);
  two.answer(0);
  two.second.send(get("/third"));

  EXPECT_EQ(two.targets[0].expect_request().target, "/third");
}

TEST(Pool, KeepsNoMoreIdleConnectionsThanItMay) {
  Gateway gw(yaml("{max_idle: 1}"));
  TwoInFlight two(gw);

  two.answer(0);
  two.answer(1);

  EXPECT_TRUE(two.targets[1].ended());
  two.first.send(get("/third"));
  EXPECT_EQ(two.targets[0].expect_request().target, "/third");
}

TEST(Pool, MakesAConnectionForEachRequestWhenItMayKeepNone) {
  Gateway gw(yaml("{max_idle: 0}"));
  gw.upstream("users").answers(200, "ok");

  for (int i = 0; i < 3; ++i) EXPECT_THAT(gw.get("/u"), HasStatus(200));

  EXPECT_EQ(gw.upstream("users").connections(), 3u);
}

TEST(Pool, ClosesAConnectionThatIdlesTooLong) {
  Gateway gw(yaml("{idle: 200ms}"));
  gw.upstream("users").answers(200, "ok");

  gw.get("/u");

  EXPECT_TRUE(gw.upstream("users").closed(0));
  EXPECT_THAT(gw.get("/u"), HasStatus(200));
  EXPECT_EQ(gw.upstream("users").connections(), 2u);
}

TEST(Pool, NoticesThatTheTargetClosedAnIdleConnection) {
  Gateway gw(yaml("{}"));
  gw.upstream("users").answers(200, "second");
  gw.upstream("users").script().expect_request().then_send(ok("first")).then_close();
  Metrics before(gw);

  EXPECT_EQ(gw.get("/u").body, "first");
  EXPECT_TRUE(before.becomes(0, "sluice_upstream_connections", {{"state", "idle"}}));

  EXPECT_EQ(gw.ask(post("/u", "body")).body, "second");
  EXPECT_EQ(before.growth("sluice_upstream_retries_total"), 0);
}

TEST(Pool, DropsAnIdleConnectionThatSpeaksUnasked) {
  Gateway gw(yaml("{}"));
  RawClient client = gw.connect();
  client.send(get("/1"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  target.send(ok("first"));
  EXPECT_EQ(client.response().body, "first");

  target.send(ok("for nobody"));

  EXPECT_TRUE(target.ended());
  client.send(get("/2"));
  auto other = gw.upstream("users").accept();
  other.expect_request();
  other.send(ok("second"));
  EXPECT_EQ(client.response().body, "second");
}

TEST(Pool, RefusesMoreConnectionsThanItMayHave) {
  Gateway gw(yaml("{max_connections: 1}"));
  RawClient first = gw.connect();
  first.send(get("/1"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  auto refused = gw.get("/2");
  target.send(ok("first"));

  EXPECT_THAT(refused, Refused(503, "upstream_limit"));
  EXPECT_THAT(refused, HasField("Retry-After", "1"));
  EXPECT_EQ(first.response().body, "first");
  first.send(get("/3"));
  EXPECT_EQ(target.expect_request().target, "/3");
}

TEST(Pool, GivesUpAnUnusedConnectionForOneThatIsNeeded) {
  Gateway gw(R"(
upstreams:
  users: {targets: ["<one>", "<two>"], balance: round_robin, retry: none, limits: {max_connections: 1}}
routes: [{name: u, match: {path: /**}, to: users}]
)");
  gw.upstream("one").answers(200, "ok");
  gw.upstream("two").answers(200, "ok");

  for (int i = 0; i < 4; ++i) EXPECT_EQ(gw.get("/u").status, 200);

  EXPECT_EQ(gw.upstream("one").request_count(), 2u);
  EXPECT_EQ(gw.upstream("two").request_count(), 2u);
}

TEST(Pool, HasConnectionsBeforeAnybodyAsks) {
  auto yaml = [](std::string_view pool) {
    return "upstreams: {users: {url: \"<users>\", protocol: h1, pool: " + std::string(pool) +
           "}}\nroutes: [{name: u, match: {path: /**}, to: users}]";
  };
  Gateway gw(yaml("{}"));
  gw.upstream("users").answers(200, "ok");  // before the first of them is made
  ASSERT_TRUE(gw.reload(yaml("{prewarm: 2}")).good);
  Metrics metrics(gw);
  EXPECT_TRUE(metrics.becomes(2, "sluice_upstream_connections", {{"upstream", "users"}, {"state", "idle"}}));

  for (int i = 0; i < 3; ++i) EXPECT_EQ(gw.get("/u").body, "ok");

  EXPECT_EQ(gw.upstream("users").connections(), 2u);
}

TEST(Pool, DoesNotUseAConnectionThatTheTargetWillClose) {
  Gateway gw(yaml("{}"));
  gw.upstream("users").answers_with(ok("closing", "Connection: close\r\n"), true);

  for (int i = 0; i < 3; ++i) EXPECT_EQ(gw.get("/u").body, "closing");

  EXPECT_EQ(gw.upstream("users").connections(), 3u);
}

TEST(Pool, DoesNotUseAConnectionWhoseAnswerNobodyReadToItsEnd) {
  Gateway gw(yaml("{}"));
  RawClient client = gw.connect();
  client.send(get("/1"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  target.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin");
  client.response_head();

  client.reset();

  EXPECT_TRUE(target.ended());
}

}  // namespace
}  // namespace sluice::test::pool_test

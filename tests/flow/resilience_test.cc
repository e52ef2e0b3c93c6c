// SPDX-License-Identifier: Apache-2.0
// What the gateway does about targets and upstreams that fail or are full: outliers, the circuit breaker,
// budgets, limits and the queue. How long things last is for the unit tests, with a virtual clock.
#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <string>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::resilience_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string upstream(std::string_view settings, std::string_view targets = "url: \"<users>\"") {
  return "upstreams: {users: {" + std::string(targets) + ", " + std::string(settings) +
         "}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n";
}
constexpr std::string_view kThree = "targets: [\"<a>\", \"<b>\", \"<c>\"], balance: round_robin";
constexpr const char* kTargets = "sluice_upstream_targets";

TEST(Outlier, GetsNoRequestsAfterFiveFailures) {
  Gateway gw(upstream("retry: none", kThree));
  gw.upstream("a").answers(200, "a");
  gw.upstream("b").answers(503, "b");
  gw.upstream("c").answers(200, "c");
  Metrics metrics(gw);

  int failed = 0;
  for (int i = 0; i < 30; ++i) failed += gw.get("/x").status == 503;

  EXPECT_EQ(failed, 5);
  EXPECT_EQ(gw.upstream("b").request_count(), 5u);
  EXPECT_TRUE(metrics.becomes(1, kTargets, {{"upstream", "users"}, {"state", "ejected"}}));
  EXPECT_EQ(metrics.growth("sluice_upstream_ejections_total", {{"upstream", "users"}, {"cause", "failures"}}),
            1);
  auto port = std::to_string(gw.upstream("b").port());
  EXPECT_THAT(
      gw.admin("/upstreams").body,
      AllOf(HasSubstr("{\"target\":\"127.0.0.1:" + port + "\",\"state\":\"ejected\""),
            HasSubstr("is out of service: 5 failures in a row, the last one with status 503"),
            HasSubstr(
                "\"state\":\"ejected\",\"cause\":\"5 failures in a row, the last one with status 503\"}]"),
            HasSubstr("\"ejections\":1}")));
}

TEST(Outlier, ComesBackByItself) {
  std::atomic<bool> well = false;
  Gateway gw(upstream("retry: none, outlier: {ejection: 100ms}", kThree));
  gw.upstream("a").answers(200, "a");
  gw.upstream("b").answers_by([&](const Request&) -> Answer {
    return {well ? "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"
                 : "HTTP/1.1 503 Oh\r\nContent-Length: 0\r\n\r\n",
            false};
  });
  gw.upstream("c").answers(200, "c");
  while (gw.upstream("b").request_count() < 5) gw.get("/x");
  well = true;

  while (gw.get("/x").body != "b") {
  }
}

TEST(Outlier, KeepsServingWhereItIsTheOnlyTarget) {
  Gateway gw(upstream("retry: none"));
  gw.upstream("users").answers(503, "busy");

  for (int i = 0; i < 12; ++i) EXPECT_EQ(gw.get("/x").body, "busy");
}

TEST(Outlier, IsNotLookedForWhereThatIsOff) {
  Gateway gw(upstream("retry: none, outlier: off", kThree));
  for (const char* name : {"a", "b", "c"}) gw.upstream(name).answers(503, name);

  for (int i = 0; i < 30; ++i) gw.get("/x");

  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(gw.upstream(name).request_count(), 10u);
}

TEST(Outlier, StaysOutAcrossAReload) {
  auto yaml = upstream("retry: none", kThree);
  Gateway gw(yaml);
  gw.upstream("a").answers(200, "a");
  gw.upstream("b").answers(503, "b");
  gw.upstream("c").answers(200, "c");
  for (int i = 0; i < 15; ++i) gw.get("/x");

  ASSERT_TRUE(gw.reload("on_tie: first\n" + yaml).good);

  for (int i = 0; i < 9; ++i) EXPECT_EQ(gw.get("/x").status, 200);
}

// --- retries

TEST(RetryOnStatus, AsksAnotherTarget) {
  Gateway gw(
      upstream("retry: {attempts: 2, on: [502, 503]}", "targets: [\"<a>\", \"<b>\"], balance: round_robin"));
  gw.upstream("a").answers(503, "a");
  gw.upstream("b").answers(200, "b");
  Metrics before(gw);

  for (int i = 0; i < 4; ++i) EXPECT_EQ(gw.get("/x").body, "b");

  EXPECT_EQ(
      before.growth("sluice_upstream_retries_total", {{"cause", "upstream_status"}, {"result", "success"}}),
      2);
  auto lines = gw.log_line() + gw.log_line();
  EXPECT_THAT(lines, HasSubstr("upstream_status"));
}

TEST(RetryOnStatus, PassesOnWhatIsNotListedOrIsLast) {
  Gateway gw(upstream("retry: {attempts: 2, on: [503]}"));
  gw.upstream("users").answers(500, "five hundred");
  EXPECT_EQ(gw.get("/x").body, "five hundred");
  EXPECT_EQ(gw.upstream("users").request_count(), 1u);

  gw.upstream("users").answers(503, "busy");
  EXPECT_EQ(gw.get("/x").body, "busy");
  EXPECT_EQ(gw.upstream("users").request_count(), 3u);
}

TEST(RetryOnStatus, NeverRepeatsAPost) {
  Gateway gw(upstream("retry: {attempts: 2, on: 503}"));
  gw.upstream("users").answers(503, "busy");

  EXPECT_EQ(gw.post("/x", "order").body, "busy");
  EXPECT_EQ(gw.upstream("users").request_count(), 1u);
  EXPECT_EQ(gw.post("/x", "order", "Idempotency-Key: 7\r\n").body, "busy");
  EXPECT_EQ(gw.upstream("users").request_count(), 3u);
  EXPECT_EQ(gw.upstream("users").request(2).body, "order");
}

TEST(RetryWithABody, SendsItOnceMore) {
  Gateway gw("routes: [{name: u, match: {path: /**}, to: users}]");
  gw.upstream("users").answers(200, "stored");
  gw.upstream("users").script().expect_request().then_close();
  std::string body(40'000, 'x');

  EXPECT_EQ(gw.ask("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 40000\r\n\r\n" + body).body, "stored");

  EXPECT_EQ(gw.upstream("users").request(1).body, body);
}

TEST(RetryWithABody, DoesNotKeepALongOne) {
  Gateway gw("routes: [{name: u, match: {path: /**}, to: users}]");
  gw.upstream("users").answers(200, "stored");
  gw.upstream("users").script().expect_request().then_close();
  std::string body(70'000, 'x');

  EXPECT_THAT(gw.ask("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n" + body),
              Refused(502, "upstream_reset"));
  EXPECT_EQ(gw.upstream("users").connections(), 1u);
}

TEST(RetryBudget, StopsAStorm) {
  Gateway gw(upstream("retry: {attempts: 3, on: 503, budget: {share: 0%, at_least: 0}}"));
  gw.upstream("users").answers(503, "busy");
  Metrics before(gw);

  for (int i = 0; i < 5; ++i) EXPECT_EQ(gw.get("/x").body, "busy");

  EXPECT_EQ(gw.upstream("users").request_count(), 5u);
  EXPECT_EQ(before.growth("sluice_upstream_retries_total",
                          {{"cause", "upstream_status"}, {"result", "over_budget"}}),
            5);
}

// The others get no more by them than they would have had without that target.
TEST(RetryBudget, IsNotForRequestsWhoseTargetIsGone) {
  Gateway gw(upstream("retry: {attempts: 2, budget: {share: 0%, at_least: 0}}, outlier: off",
                      "targets: [\"<a>\", \"<b>\"], balance: round_robin"));
  gw.upstream("b").answers(200, "b");
  for (int i = 0; i < 4; ++i) gw.upstream("a").script().expect_request().then_reset();
  Metrics before(gw);

  for (int i = 0; i < 4; ++i) EXPECT_EQ(gw.get("/x").body, "b");
  gw.upstream("a").stop_listening();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(gw.get("/x").body, "b");

  EXPECT_EQ(before.growth("sluice_upstream_retries_total", {{"result", "over_budget"}}), 0);
  EXPECT_GE(
      before.growth("sluice_upstream_retries_total", {{"cause", "upstream_reset"}, {"result", "success"}}),
      1);
  EXPECT_GE(before.growth("sluice_upstream_retries_total",
                          {{"cause", "upstream_connect_failed"}, {"result", "success"}}),
            1);
}

TEST(RetryBudget, IsForTheirSecondRetry) {
  Gateway gw(upstream("retry: {attempts: 3, budget: {share: 0%, at_least: 0}}, outlier: off",
                      "targets: [\"<a>\", \"<b>\"], balance: round_robin"));
  gw.upstream("a").stop_listening();
  gw.upstream("b").stop_listening();
  Metrics before(gw);

  EXPECT_THAT(gw.get("/x"), Refused(502, "upstream_connect_failed"));

  EXPECT_EQ(before.growth("sluice_upstream_requests_total", {{"reason", "upstream_connect_failed"}}), 2);
  EXPECT_EQ(before.growth("sluice_upstream_retries_total", {{"result", "over_budget"}}), 1);
}

// --- circuit breaker

TEST(CircuitBreaker, OpensAndLetsTheUpstreamAlone) {
  Gateway gw(upstream("retry: none, circuit_breaker: {min_requests: 4, open: 1h}"));
  auto& users = gw.upstream("users");
  users.answers(503, "busy");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(gw.get("/x").body, "busy");

  auto answer = gw.get("/x");

  EXPECT_THAT(answer, Refused(503, "circuit_open"));
  EXPECT_EQ(answer.value("Retry-After"), "3600");
  EXPECT_EQ(users.request_count(), 4u);
  EXPECT_TRUE(Metrics(gw).becomes(2, "sluice_upstream_circuit_state", {{"upstream", "users"}}));
}

TEST(CircuitBreaker, StaysOpenAcrossAReload) {
  auto yaml = upstream("retry: none, circuit_breaker: {min_requests: 4, open: 1h}");
  Gateway gw(yaml);
  auto& users = gw.upstream("users");
  users.answers(503, "busy");
  for (int i = 0; i < 4; ++i) gw.get("/x");
  users.answers(200, "well");

  ASSERT_TRUE(gw.reload("on_tie: first\n" + yaml).good);

  EXPECT_THAT(gw.get("/x"), Refused(503, "circuit_open"));
  EXPECT_EQ(users.request_count(), 4u);
}

TEST(CircuitBreaker, ClosesOnceRequestsGoWell) {
  Gateway gw(upstream("retry: none, circuit_breaker: {min_requests: 4, open: 100ms}"));
  auto& users = gw.upstream("users");
  users.answers(503, "busy");
  for (int i = 0; i < 4; ++i) gw.get("/x");
  users.answers(200, "well");

  while (gw.get("/x").status != 200) {
  }
  while (sum(gw.metrics(), "sluice_upstream_circuit_state") != 0) gw.get("/x");
  EXPECT_EQ(gw.get("/x").body, "well");
}

// One failure opens it.
constexpr std::string_view kBreakable = "retry: none, circuit_breaker: {min_requests: 1, open: 1h}, ";

TEST(CircuitBreaker, CountsSilenceOnceTheWholeRequestWasSent) {
  Gateway gw(upstream(std::string(kBreakable) + "timeouts: {total: 1s}"));
  gw.upstream("users").answers(200, "well");
  gw.upstream("users").script().expect_request().then_wait_for_close();

  EXPECT_THAT(gw.post("/x", "order"), Refused(504, "timeout_total"));

  EXPECT_THAT(gw.get("/x"), Refused(503, "circuit_open"));
}

TEST(CircuitBreaker, DoesNotCountAClientThatKeepsItsBodyBack) {
  Gateway gw(upstream(std::string(kBreakable) + "timeouts: {total: 200ms}"));
  gw.upstream("users").answers(200, "well");
  gw.upstream("users").script().then_wait_for_close();

  RawClient client = gw.connect();
  client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nor");
  EXPECT_THAT(client.response(), Refused(504, "timeout_total"));

  EXPECT_EQ(gw.get("/x").body, "well");
}

TEST(CircuitBreaker, TriesAgainAtOnceAfterARequestOfWhichNothingCame) {
  Gateway gw(
      upstream("retry: none, circuit_breaker: {min_requests: 1, open: 100ms}, timeouts: {propagate: true}"));
  auto& users = gw.upstream("users");
  users.answers(200, "well");
  users.script().expect_request().then_send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").then_close();
  users.script().expect_request().then_wait_for_close();
  EXPECT_EQ(gw.get("/x").status, 503);

  int status = 503;
  while (status == 503) status = gw.get("/x", "X-Request-Deadline: 1000\r\n").status;
  EXPECT_EQ(status, 504) << "the caller's own time is over, which blames nobody";

  EXPECT_EQ(gw.get("/x").body, "well");
}

TEST(CircuitBreaker, HoldsForCallsOfOthersToo) {
  Gateway gw(R"(
upstreams:
  auth: {url: "<auth>", retry: none, circuit_breaker: {min_requests: 3, open: 1h}}
  users: {url: "<users>"}
routes: [{name: u, match: {path: /**}, use: [{forward_auth: {to: auth, path: /check}}], to: users}]
)");
  gw.upstream("users").answers(200, "users");
  gw.upstream("auth").answers(503, "busy");

  for (int i = 0; i < 6; ++i) EXPECT_EQ(gw.get("/x").status, 503);

  EXPECT_EQ(gw.upstream("auth").request_count(), 3u);
}

// --- limits and the queue

// One request is under way, and its target waits.
class FullUpstream : public ::testing::Test {
 protected:
  void start(std::string_view settings) {
    gw = std::make_unique<Gateway>(upstream("protocol: h1, " + std::string(settings)));
    first = std::make_unique<RawClient>(gw->connect());
    first->send(get("/first"));
    target = std::make_unique<UpstreamConnection>(gw->upstream("users").accept());
    target->expect_request();
  }
  void let_go() {
    target->send(ok("first"));
    EXPECT_EQ(first->response().body, "first");
  }
  // The next request, on the same connection.
  void serve(const std::string& body) {
    target->expect_request();
    target->send(ok(body));
  }
  std::unique_ptr<Gateway> gw;
  std::unique_ptr<RawClient> first;
  std::unique_ptr<UpstreamConnection> target;
};

TEST_F(FullUpstream, RefusesFurtherRequests) {
  start("limits: {max_requests: 1}");

  auto answer = gw->get("/x");

  EXPECT_THAT(answer, Refused(503, "upstream_limit"));
  EXPECT_EQ(answer.value("Retry-After"), "1");
  let_go();
  RawClient next = gw->connect();
  next.send(get("/next"));
  serve("next");
  EXPECT_EQ(next.response().body, "next");
}

TEST_F(FullUpstream, LetsThemWaitInAQueue) {
  start("limits: {max_requests: 1}, queue: {max: 1, timeout: 1m}");
  RawClient second = gw->connect();
  Metrics metrics(*gw);

  second.send(get("/second"));
  EXPECT_TRUE(metrics.becomes(1, "sluice_upstream_pending_requests", {{"upstream", "users"}}));
  EXPECT_THAT(gw->get("/third"), Refused(503, "upstream_limit")) << "the queue is full";
  let_go();
  serve("second");

  EXPECT_EQ(second.response().body, "second");
  EXPECT_TRUE(metrics.becomes(0, "sluice_upstream_pending_requests", {{"upstream", "users"}}));
  EXPECT_GE(metrics.growth("sluice_upstream_queue_seconds_count", {{"upstream", "users"}}), 1);
}

TEST_F(FullUpstream, IsWaitedForOnNobodysAccount) {
  start("limits: {max_requests: 1}, queue: {max: 1, timeout: 1m}");
  RawClient second = gw->connect();
  Metrics metrics(*gw);
  second.send(get("/second"));
  EXPECT_TRUE(metrics.becomes(1, "sluice_upstream_pending_requests", {{"upstream", "users"}}));
  let_go();
  serve("second");
  EXPECT_EQ(second.response().body, "second");

  gw->log_line();
  auto line = gw->log_line();

  auto milliseconds = [&](const std::string& field) { return std::stod(json_value(line, field)); };
  EXPECT_LE(milliseconds("queue_ms") + milliseconds("overhead_us") / 1000, milliseconds("duration_ms") + 0.01)
      << "what it waited is no time of the gateway's own: " << line;
}

TEST_F(FullUpstream, DoesNotAskItForThoseWhoWaitedWhileTheCircuitOpened) {
  start(
      "retry: none, limits: {max_requests: 1}, queue: {max: 5, timeout: 1m}, "
      "circuit_breaker: {min_requests: 1, open: 1h}");
  RawClient second = gw->connect();
  Metrics metrics(*gw);
  second.send(get("/second"));
  EXPECT_TRUE(metrics.becomes(1, "sluice_upstream_pending_requests", {{"upstream", "users"}}));
  EXPECT_THAT(gw->admin("/upstreams").body, HasSubstr("\"circuit\":\"closed\",\"waiting\":1"));

  target->send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");

  EXPECT_THAT(first->response(), HasStatus(503));
  EXPECT_THAT(second.response(), Refused(503, "circuit_open"));
  EXPECT_EQ(gw->upstream("users").request_count(), 1u);
  EXPECT_THAT(gw->admin("/upstreams").body, HasSubstr("\"circuit\":\"open\",\"waiting\":0"));
}

TEST_F(FullUpstream, RefusesWhoHasWaitedTooLong) {
  start("limits: {max_requests: 1}, queue: {max: 1, timeout: 100ms}");

  EXPECT_THAT(gw->get("/second"), Refused(503, "upstream_limit"));
  let_go();
}

TEST_F(FullUpstream, ForgetsAClientThatLeavesTheQueue) {
  start("limits: {max_requests: 1}, queue: {max: 1, timeout: 1h}");
  Metrics metrics(*gw);
  {
    RawClient second = gw->connect();
    second.send(get("/second"));
    EXPECT_TRUE(metrics.becomes(1, "sluice_upstream_pending_requests", {{"upstream", "users"}}));
  }
  EXPECT_TRUE(metrics.becomes(0, "sluice_upstream_pending_requests", {{"upstream", "users"}}));
  let_go();
}

TEST_F(FullUpstream, HasAsManyConnectionsAsItMay) {
  start("limits: {max_connections: 1}");

  EXPECT_THAT(gw->get("/x"), Refused(503, "upstream_limit"));
  let_go();
}

TEST_F(FullUpstream, ForgetsATunnelWhoseClientLeavesTheQueue) {
  start("limits: {max_requests: 1}, queue: {max: 1, timeout: 1h}");
  Metrics metrics(*gw);
  RawClient second = gw->connect();
  second.send(get("/chat",
                  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  ASSERT_TRUE(metrics.becomes(1, "sluice_upstream_pending_requests", {{"upstream", "users"}}));

  second.close();

  EXPECT_EQ(json_value(gw->log_line(), "status"), "499");
  EXPECT_TRUE(metrics.becomes(0, "sluice_upstream_pending_requests", {{"upstream", "users"}}));
  let_go();
  RawClient third = gw->connect();
  third.send(get("/third"));
  serve("third");
  EXPECT_EQ(third.response().body, "third");
  EXPECT_EQ(gw->upstream("users").request_count(), 2u);
}

// --- deadlines

TEST(Deadline, IsToldToTheTarget) {
  Gateway gw(upstream("timeouts: {total: 10s, propagate: true}"));
  gw.upstream("users").answers(200, "ok");

  gw.get("/a");
  gw.get("/b", "X-Request-Deadline: 2000\r\n");

  auto told = [&](std::size_t i) {
    return std::stoi(gw.upstream("users").request(i).value("X-Request-Deadline"));
  };
  EXPECT_LE(told(0), 10'000);
  EXPECT_GT(told(0), 2'000);
  EXPECT_LE(told(1), 2'000);
}

TEST(Deadline, ThatHasPassedEndsARequestBeforeItsTargetHearsOfIt) {
  Gateway gw(upstream("timeouts: {propagate: true}"));

  EXPECT_THAT(gw.get("/a", "X-Request-Deadline: 0\r\n"), Refused(504, "timeout_total"));
  EXPECT_THAT(gw.get("/a", "X-Request-Deadline: soon\r\n"), Refused(400, "validation"));
  EXPECT_EQ(gw.upstream("users").connections(), 0u);
}

TEST(AttemptTimeout, LetsAnotherTargetAnswer) {
  Gateway gw(upstream("timeouts: {attempt: 200ms}", "targets: [\"<a>\", \"<b>\"], balance: round_robin"));
  for (int i = 0; i < 2; ++i) gw.upstream("a").script().expect_request().then_wait_for_close();
  gw.upstream("b").answers(200, "b");

  for (int i = 0; i < 2; ++i) EXPECT_EQ(gw.get("/x").body, "b");

  EXPECT_GE(sum(gw.metrics(), "sluice_upstream_requests_total", {{"reason", "timeout_first_byte"}}), 1);
}

TEST(AttemptTimeout, IsNamedWhereItPasses) {
  Gateway gw(upstream("timeouts: {attempt: 200ms}, retry: none"));
  gw.upstream("users").script().expect_request().then_wait_for_close();

  EXPECT_THAT(gw.get("/x"), Refused(504, "timeout_first_byte"));

  EXPECT_THAT(gw.log_line(), ::testing::HasSubstr("within `timeouts.attempt`"));
}

}  // namespace
}  // namespace sluice::test::resilience_test

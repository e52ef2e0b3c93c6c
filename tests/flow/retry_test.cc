// SPDX-License-Identifier: Apache-2.0
// What is tried again and what is not: never anything that a target may have acted on.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/hold_worker.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::retry_test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kOne = "routes: [{name: u, match: {path: /**}, to: users}]";
constexpr const char* kTwo = R"(
upstreams: {users: {targets: ["<one>", "<two>"], balance: round_robin}}
routes: [{name: u, match: {path: /**}, to: users}]
)";

// A connection in the pool that the target closes as soon as it gets another request.
class StaleConnection : public ::testing::Test {
 protected:
  StaleConnection() {
    users.answers(200, "fresh");
    users.script().expect_request().then_send(ok("first")).then_close_after(1);
    EXPECT_EQ(gw.get("/first").body, "first");
  }
  double retries(const Labels& labels) { return before.growth("sluice_upstream_retries_total", labels); }

  Gateway gw{kOne};
  Upstream& users = gw.upstream("users");
  Metrics before{gw};
};

TEST_F(StaleConnection, IsNoReasonToFailAGet) {
  EXPECT_EQ(gw.get("/again").body, "fresh");

  EXPECT_EQ(users.connections(), 2u);
  EXPECT_EQ(retries({{"cause", "stale_connection"}, {"result", "success"}}), 1);
  gw.log_line();
  auto line = gw.log_line();
  EXPECT_EQ(json_value(line, "status"), "200");
  EXPECT_THAT(line, HasSubstr("\"attempts\":[{"));
  EXPECT_THAT(line, HasSubstr("stale_connection"));
}

TEST_F(StaleConnection, FailsAPostWithABody) {
  EXPECT_THAT(gw.post("/again", "body"), Refused(502, "stale_connection"));

  EXPECT_EQ(users.connections(), 1u);
  EXPECT_EQ(retries({}), 0);
}

TEST_F(StaleConnection, FailsAPostWithoutBody) {
  EXPECT_THAT(gw.post("/again", ""), Refused(502, "stale_connection"));
  EXPECT_EQ(users.connections(), 1u);
}

TEST_F(StaleConnection, DoesNotFailAPostThatSaysItMayBeRepeated) {
  EXPECT_EQ(gw.post("/again", "", "Idempotency-Key: 7\r\n").body, "fresh");
}

TEST_F(StaleConnection, IsNoReasonToFailAPutWhoseBodyIsKept) {
  EXPECT_EQ(gw.ask("PUT /again HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody").body, "fresh");
  EXPECT_EQ(users.request(1).body, "body");
}

constexpr const char* kHolding = R"(
upstreams: {users: {url: "<users>", protocol: h1}}
routes:
  - {name: hold, match: {path: /hold}, hold_worker: {}}
  - {name: u, match: {path: /**}, to: users}
)";

// The target is gone before the worker has heard of it, so that no byte of the request gets any further.
TEST(GoneConnection, IsNoReasonToFailAPost) {
  for (std::string body : {"", "an order", "an order and more than a buffer of it "}) {
    if (body.size() > 20) body.append(100'000, 'x');
    Gateway gw(kHolding);
    RawClient client = gw.connect(), holder = gw.connect();
    client.send(get("/first"));
    auto target = gw.upstream("users").accept();
    target.expect_request();
    target.send(ok("first"));
    EXPECT_EQ(client.response().body, "first");
    Metrics before(gw);

    holder.send(get("/hold"));
    HoldWorker::held.acquire();
    client.send(post("/order", body));
    target.reset();
    HoldWorker::let_go.release();

    auto next = gw.upstream("users").accept();
    EXPECT_EQ(next.expect_request().body, body);
    next.send(ok("taken"));
    EXPECT_EQ(client.response().body, "taken");
    EXPECT_EQ(before.growth("sluice_upstream_retries_total",
                            {{"cause", "stale_connection"}, {"result", "success"}}),
              1);
  }
}

TEST(Retry, SendsABodyOfUnknownLengthOnceMore) {
  Gateway gw(R"(
upstreams: {u: {targets: ["<one>", "<two>"], balance: round_robin, retry: {attempts: 2, on: [503]}}}
routes: [{name: u, match: {path: /**}, to: u}]
)");
  gw.upstream("one").answers(503, "busy");
  gw.upstream("two").answers(200, "ok");

  for (int i = 0; i < 2; ++i)
    EXPECT_THAT(
        gw.ask("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        HasStatus(200));

  EXPECT_EQ(gw.upstream("two").request(0).body, "hello");
  EXPECT_EQ(gw.upstream("one").request(0).body, "hello");
}

TEST(Retry, GoesToAnotherTargetWhenOneRefusesToConnect) {
  Gateway gw(kTwo);
  gw.upstream("one").stop_listening();
  gw.upstream("two").answers(200, "two");
  Metrics before(gw);

  for (int i = 0; i < 4; ++i) EXPECT_EQ(gw.get("/u").body, "two");
  // Nothing was sent: any request may be sent elsewhere, with its body.
  for (int i = 0; i < 4; ++i) EXPECT_EQ(gw.post("/u", "body").body, "two");

  EXPECT_EQ(gw.upstream("two").request(7).body, "body");
  EXPECT_EQ(before.growth("sluice_upstream_retries_total",
                          {{"cause", "upstream_connect_failed"}, {"result", "success"}}),
            4);
}

TEST(Retry, NamesTheHostOfTheTargetThatItGoesTo) {
  Gateway gw(R"(
upstreams: {users: {targets: ["<one>", "<two>"], balance: round_robin, host: upstream}}
routes: [{name: u, match: {path: /**}, to: users}]
)");
  Upstream& two = gw.upstream("two");
  gw.upstream("one").stop_listening();
  two.answers(200, "two");

  for (int i = 0; i < 2; ++i) EXPECT_EQ(gw.get("/u").body, "two");

  for (std::size_t i = 0; i < 2; ++i) EXPECT_THAT(two.request(i), HasField("Host", two.url().substr(7)));
}

TEST(Retry, GivesUpWhenNoTargetCanBeReached) {
  Gateway gw(kTwo);
  gw.upstream("one").stop_listening();
  gw.upstream("two").stop_listening();
  Metrics before(gw);

  EXPECT_THAT(gw.get("/u"), Refused(502, "upstream_connect_failed"));

  EXPECT_EQ(before.growth("sluice_upstream_requests_total", {{"reason", "upstream_connect_failed"}}), 2);
  EXPECT_EQ(before.growth("sluice_upstream_retries_total", {{"result", "failed"}}), 1);
  EXPECT_EQ(
      before.growth("sluice_requests_total", {{"reason", "upstream_connect_failed"}, {"source", "gateway"}}),
      1);
}

TEST(Retry, TriesAgainWhenATargetClosesWithoutAWord) {
  Gateway gw(kOne);
  gw.upstream("users").answers(200, "second");
  gw.upstream("users").script().expect_request().then_close();

  EXPECT_EQ(gw.get("/u").body, "second");
  EXPECT_EQ(gw.upstream("users").connections(), 2u);
}

TEST(Retry, TriesNotMoreOftenThanItMay) {
  Gateway gw(R"(
upstreams: {users: {url: "<users>", retry: {attempts: 3}}}
routes: [{name: u, match: {path: /**}, to: users}]
)");
  for (int i = 0; i < 4; ++i) gw.upstream("users").script().expect_request().then_close();
  Metrics before(gw);

  EXPECT_THAT(gw.get("/u"), Refused(502, "upstream_reset"));
  EXPECT_EQ(gw.upstream("users").connections(), 3u);
  EXPECT_EQ(
      before.growth("sluice_upstream_retries_total", {{"cause", "upstream_reset"}, {"result", "failed"}}), 2);
}

TEST(Retry, NeverTriesAgainWhenToldNotTo) {
  Gateway gw(R"(
upstreams: {users: {url: "<users>", retry: none}}
routes: [{name: u, match: {path: /**}, to: users}]
)");
  gw.upstream("users").answers(200, "second");
  gw.upstream("users").script().expect_request().then_close();

  EXPECT_THAT(gw.get("/u"), Refused(502, "upstream_reset"));
  EXPECT_EQ(gw.upstream("users").connections(), 1u);
}

TEST(Retry, NeverTriesAgainOnceAByteOfAnAnswerCame) {
  Gateway gw(kOne);
  gw.upstream("users").answers(200, "second");
  gw.upstream("users").script().expect_request().then_send("H").then_close();

  EXPECT_THAT(gw.get("/u"), Refused(502, "upstream_reset"));
  EXPECT_EQ(gw.upstream("users").connections(), 1u);
}

TEST(Retry, NeverRepeatsAPostThatATargetHasSeen) {
  Gateway gw(kOne);
  gw.upstream("users").answers(200, "second");
  gw.upstream("users").script().expect_request().then_reset();

  EXPECT_THAT(gw.post("/u", "body"), Refused(502, "upstream_reset"));
  EXPECT_EQ(gw.upstream("users").connections(), 1u);
}

}  // namespace
}  // namespace sluice::test::retry_test

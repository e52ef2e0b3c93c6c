// SPDX-License-Identifier: Apache-2.0
// Second attempts beside ones that are late.
#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::hedge_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kHedges = "sluice_upstream_hedges_total";

// With one target, which is asked twice: the order of its connections is that of the attempts.
class Hedge : public ::testing::Test {
 protected:
  void start(const std::string& settings = "hedge: 1ms") {
    gw = std::make_unique<Gateway>("upstreams: {users: {url: \"<users>\", " + settings +
                                   "}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n");
    client = std::make_unique<RawClient>(gw->connect());
    before = std::make_unique<Metrics>(*gw);
  }
  Upstream& users() { return gw->upstream("users"); }
  // A request of the client that has reached the target, and is late.
  UpstreamConnection asked() {
    auto connection = users().accept();
    connection.expect_request();
    return connection;
  }
  // The same of both attempts, in their order.
  std::pair<UpstreamConnection, UpstreamConnection> both_asked() {
    auto first = asked();
    return {std::move(first), asked()};
  }
  double counted(const char* result) const {
    return before->growth(kHedges, {{"upstream", "users"}, {"result", result}});
  }

  std::unique_ptr<Gateway> gw;
  std::unique_ptr<RawClient> client;
  std::unique_ptr<Metrics> before;
};

TEST(HedgeElsewhere, GivesTheAnswerOfAnotherTargetThatIsQuicker) {
  Gateway gw(R"(
upstreams: {users: {targets: ["<slow>", "<quick>"], balance: round_robin, host: upstream, hedge: 300ms}}
routes: [{name: u, match: {path: /**}, to: users}]
)");
  Upstream& slow = gw.upstream("slow");
  Upstream& quick = gw.upstream("quick");
  slow.script().expect_request().then_wait_for_close();
  quick.answers(200, "quick");
  Metrics before(gw);

  // One of them comes to the slow one first.
  for (int i = 0; i < 2; ++i) EXPECT_EQ(gw.get("/x").body, "quick");

  EXPECT_TRUE(slow.closed(0));
  EXPECT_EQ(slow.request_count(), 1u);
  EXPECT_EQ(before.growth(kHedges, {{"upstream", "users"}, {"result", "won"}}), 1);
  EXPECT_EQ(before.growth("sluice_upstream_retries_total"), 0);
  EXPECT_EQ(before.growth("sluice_upstream_requests_total", {{"reason", "outrun"}}), 1);
  auto name = [](const Upstream& u) { return u.url().substr(7); };
  for (const Request& r : quick.requests()) EXPECT_THAT(r, HasField("Host", name(quick)));
  std::string lines = gw.log_line() + gw.log_line();
  EXPECT_THAT(lines, AllOf(HasSubstr("\"attempts\":[{\"target\":\"" + name(slow)),
                           HasSubstr("{\"target\":\"" + name(quick)), HasSubstr("outrun")));
}

TEST_F(Hedge, GivesUpTheSecondAttemptIfTheFirstIsAnsweredAfterAll) {
  start();
  client->send(get("/x"));
  auto [first, second] = both_asked();

  first.send(ok("first"));

  EXPECT_EQ(client->response().body, "first");
  EXPECT_TRUE(second.ended());
  EXPECT_EQ(counted("lost"), 1);
  EXPECT_THAT(gw->log_line(), HasSubstr("outrun"));
  // The connection that was answered is kept.
  client->send(get("/y"));
  first.expect_request();
  first.send(ok("again"));
  EXPECT_EQ(client->response().body, "again");
}

TEST_F(Hedge, KeepsTheConnectionOfTheWinner) {
  start();
  client->send(get("/x"));
  auto [first, second] = both_asked();

  second.send(ok("second"));

  EXPECT_EQ(client->response().body, "second");
  EXPECT_TRUE(first.ended());
  client->send(get("/y"));
  second.expect_request();
  second.send(ok("again"));
  EXPECT_EQ(client->response().body, "again");
}

TEST_F(Hedge, WaitsForTheSecondAttemptIfTheFirstFails) {
  start();
  client->send(get("/x"));
  auto [first, second] = both_asked();

  first.close();
  second.send(ok("second"));

  EXPECT_EQ(client->response().body, "second");
  EXPECT_EQ(counted("won"), 1);
}

TEST_F(Hedge, TakesNoFailureOfTheSecondAttemptForAnAnswer) {
  start();
  client->send(get("/x"));
  auto [first, second] = both_asked();

  second.send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
  first.send(ok("first"));

  EXPECT_EQ(client->response().body, "first");
}

TEST_F(Hedge, TakesTheAnswerOfTheSecondAttemptForAFailureOfTheFirst) {
  start();
  client->send(get("/x"));
  auto [first, second] = both_asked();

  first.send("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
  second.send(ok("second"));

  EXPECT_EQ(client->response().body, "second");
}

TEST_F(Hedge, FailsWithTheFirstAttemptIfBothFail) {
  start();
  client->send(get("/x"));
  auto [first, second] = both_asked();

  second.close();
  first.close();

  EXPECT_THAT(client->response(), Refused(502, "upstream_reset"));
  EXPECT_EQ(users().connections(), 2u);
  auto target = "{\"target\":\"127.0.0.1:" + std::to_string(users().port());
  EXPECT_THAT(gw->admin("/failures").body,
              HasSubstr("\"target\": \"127.0.0.1:" + std::to_string(users().port())));
  EXPECT_THAT(gw->log_line(), HasSubstr("\"attempts\":[" + target));
}

TEST_F(Hedge, GivesBothUpIfTheClientLeaves) {
  start();
  client->send(get("/x"));
  auto [first, second] = both_asked();

  client->close();

  EXPECT_TRUE(first.ended());
  EXPECT_TRUE(second.ended());
}

TEST_F(Hedge, GivesBothUpWhenTheTimeIsOver) {
  start("hedge: 1ms, timeouts: {total: 300ms}");
  client->send(get("/x"));
  auto [first, second] = both_asked();

  EXPECT_THAT(client->response(), Refused(504, "timeout_total"));
  EXPECT_TRUE(first.ended());
  EXPECT_TRUE(second.ended());
}

TEST_F(Hedge, NeverMakesARequestTwiceThatMayChangeSomething) {
  start();
  auto other = gw->connect();
  client->send(post("/x", ""));
  auto first = asked();

  // One that is made later, and twice.
  other.send(get("/y"));
  auto second = asked();
  auto third = asked();

  EXPECT_EQ(users().connections(), 3u);
  first.send(ok("post"));
  EXPECT_EQ(client->response().body, "post");
  third.send(ok("get"));
  EXPECT_EQ(other.response().body, "get");
}

TEST_F(Hedge, KeepsWithinItsBudget) {
  start("hedge: {after: 1ms, budget: 1%}");
  for (int i = 0; i < 10; ++i) {
    auto one = gw->connect();
    one.send(get("/x"));
    auto [first, second] = both_asked();
    first.send(ok("1", "Connection: close\r\n"));
    EXPECT_EQ(one.response().body, "1");
    // Given up by the gateway: left by the test, it would take a shared connection along, and the next
    // request would be repeated on a new one, which is not made twice.
    EXPECT_TRUE(second.ended());
  }

  client->send(get("/x"));
  auto first = asked();
  EXPECT_TRUE(before->grows_by(1, kHedges, {{"upstream", "users"}, {"result", "over_budget"}}));
  first.send(ok("late"));

  EXPECT_EQ(client->response().body, "late");
  EXPECT_EQ(counted("lost"), 10);
  EXPECT_EQ(users().connections(), 21u);
}

TEST_F(Hedge, FindsOutHowLateIsLate) {
  // A budget for all: where the machine slows down, many of the hundred are late.
  start("hedge: {budget: 100%}");
  users().answers(200, "ok");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(gw->get("/x").body, "ok");
  // The one that lost may be answered after this, and nobody may wait for one that was not asked.
  struct Asked {
    std::atomic<int> count = 0;
    std::atomic<bool> over = false;
  };
  auto asked = std::make_shared<Asked>();
  users().answers_by([asked](const Request&) -> Answer {
    if (asked->count++ == 0)
      while (asked->count < 2 && !asked->over) std::this_thread::yield();
    return {ok("late")};
  });

  EXPECT_EQ(gw->get("/x").body, "late");

  EXPECT_EQ(asked->count, 2);
  asked->over = true;
}

TEST_F(Hedge, LeavesAnUpstreamAloneThatIsAtItsLimit) {
  start("hedge: 1ms, limits: {max_requests: 1}");
  client->send(get("/x"));
  auto first = asked();

  EXPECT_THAT(gw->get("/y"), Refused(503, "upstream_limit"));
  first.send(ok("first"));

  EXPECT_EQ(client->response().body, "first");
  EXPECT_EQ(users().connections(), 1u);
}

TEST_F(Hedge, HasBothAttemptsAtTheirTargetsDoneInTheEnd) {
  start();
  client->send(get("/x"));
  auto [first, second] = both_asked();
  second.send(ok("second"));
  EXPECT_EQ(client->response().body, "second");

  while (gw->admin("/upstreams").body.find("\"active\":0,\"connections\":1") == std::string::npos) {
  }
}

}  // namespace
}  // namespace sluice::test::hedge_test

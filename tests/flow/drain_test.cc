// SPDX-License-Identifier: Apache-2.0
// How the gateway ends: it says so, finishes what it has begun, and cuts what takes too long.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::drain_test {
namespace {

constexpr const char* kYaml = "routes: [{name: u, match: {path: /**}, to: users}]";

// Begins to drain, and returns when the workers have done so.
std::future<std::size_t> drained(Gateway& gw) {
  auto port = gw.port();
  auto cut = gw.drain();
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (RawClient(port).open())
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("it goes on accepting");
  gw.metrics();
  return cut;
}

TEST(Drain, FinishesTheExchangeInFlight) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  auto cut = gw.drain();
  EXPECT_EQ(gw.admin("/readyz").status, 503);
  target.send(ok("in time"));

  auto answer = client.response();
  EXPECT_EQ(answer.body, "in time");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(cut.get(), 0u);
}

TEST(Drain, TellsTheClientThatTheConnectionEnds) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send("POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na");
  auto target = gw.upstream("users").accept();
  target.expect_head();

  auto cut = drained(gw);
  client.send("b");
  EXPECT_EQ(target.receive(2), "ab");
  target.send(ok("bye"));

  EXPECT_THAT(client.response(), HasField("Connection", "close"));
  EXPECT_EQ(cut.get(), 0u);
}

TEST(Drain, ClosesIdleConnections) {
  Gateway gw(kYaml);
  gw.upstream("users").answers(200, "ok");
  RawClient used = gw.connect(), unused = gw.connect();
  used.ask(get("/u"));
  gw.metrics();

  auto cut = gw.drain();

  EXPECT_TRUE(used.ended());
  EXPECT_TRUE(unused.ended());
  EXPECT_EQ(cut.get(), 0u);
}

TEST(Drain, ServesAHeadThatHasBegun) {
  Gateway gw(kYaml);
  gw.upstream("users").answers(200, "ok");
  RawClient client = gw.connect();
  Metrics before(gw);
  client.send("GET /u HTTP/1.1\r\n");
  EXPECT_TRUE(before.becomes(1, "sluice_connections"));
  gw.metrics();

  auto cut = drained(gw);
  client.send("Host: h\r\n\r\n");

  auto answer = client.response();
  EXPECT_THAT(answer, HasStatus(200));
  EXPECT_THAT(answer, HasField("Connection", "close"));
  EXPECT_EQ(cut.get(), 0u);
}

TEST(Drain, ServesTheFirstRequestOfWhoHadJustBegunWithHttp2) {
  Gateway gw(kYaml, Downstream::h2);
  gw.upstream("users").answers(200, "ok");
  H2Client client(gw.port(), {}, false);
  client.send(h2::kPreface.substr(0, 1));

  auto cut = drained(gw);
  auto id = client.next_id();
  client.send(std::string(h2::kPreface.substr(1)) + h2::settings() +
              h2::headers(id, h2::request("GET", "/u"), true));

  EXPECT_EQ(client.response(id).status, 200);
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(client.goaway(), std::uint32_t{h2::kNoError});
  client.close();
  EXPECT_EQ(cut.get(), 0u);
}

TEST(Drain, RefusesNewConnections) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  auto port = gw.port();

  auto cut = drained(gw);

  EXPECT_FALSE(RawClient(port).open());
  target.send(ok("bye"));
  EXPECT_EQ(client.response().body, "bye");
  EXPECT_EQ(cut.get(), 0u);
}

// A response that has begun cannot say any more that the connection ends.
TEST(Drain, ServesOnceMoreWhoCouldNotBeTold) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send(get("/1"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  target.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbe");
  EXPECT_THAT(client.response_head(), HasNoField("Connection"));
  EXPECT_EQ(client.receive(2), "be");

  auto cut = drained(gw);
  target.send("gin");
  EXPECT_EQ(client.receive(3), "gin");
  client.send(get("/2"));
  target.expect_request();
  target.send(ok("told"));

  auto answer = client.response();
  EXPECT_EQ(answer.body, "told");
  EXPECT_THAT(answer, HasField("Connection", "close"));
  EXPECT_EQ(cut.get(), 0u);
}

TEST(Drain, ServesAllThatWaitedToBeAccepted) {
  Gateway gw(
      "workers: 1\n"
      "listeners: {web: {bind: \"127.0.0.1:0\", max_accept_rate: 1/min}}\n"
      "routes: [{name: r, match: {path: /**}, respond: {status: 200, body: here}}]",
      Downstream::h1);
  std::vector<RawClient> clients;
  for (int i = 0; i < 1500; ++i) {
    clients.push_back(gw.connect());
    clients.back().send(get("/"));
  }

  auto cut = gw.drain();

  int served = 0;
  for (auto& client : clients) served += client.response().body == "here";
  EXPECT_EQ(served, 1500);
  EXPECT_EQ(cut.get(), 0u);
}

TEST(Drain, CutsWhatTakesTooLong) {
  Gateway gw("shutdown: {pre_stop: 0s, grace: 200ms}\nroutes: [{name: u, match: {path: /**}, to: users}]");
  RawClient client = gw.connect();
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  EXPECT_EQ(gw.drain().get(), 1u);
}

TEST(Drain, GoesOnServingUntilTheBalancerHasNoticed) {
  Gateway gw("shutdown: {pre_stop: 60s, grace: 1s}\nroutes: [{name: u, match: {path: /**}, to: users}]");
  gw.upstream("users").answers(200, "ok");

  auto cut = gw.drain();

  EXPECT_EQ(gw.admin("/readyz").status, 503);
  EXPECT_EQ(gw.admin("/livez").status, 200);
  EXPECT_THAT(gw.get("/u"), HasStatus(200));
}

TEST(Destruction, EndsEveryConnectionAtOnce) {
  auto users = std::make_unique<Upstream>();
  std::string yaml = "upstreams: {users: {url: \"" + users->url() + "\"}}\n" + kYaml;
  auto gw = std::make_unique<Gateway>(yaml);
  RawClient waiting = gw->connect(), idle = gw->connect(), reading = gw->connect();
  waiting.send(get("/waiting"));
  auto first = users->accept();
  first.expect_request();
  reading.send(get("/reading"));
  auto second = users->accept();
  second.expect_request();
  second.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  reading.response_head();

  gw.reset();

  EXPECT_EQ(idle.rest(), "");
  EXPECT_EQ(reading.rest(), "hello");
  waiting.rest();
  EXPECT_TRUE(first.ended());
  EXPECT_TRUE(second.ended());
}

}  // namespace
}  // namespace sluice::test::drain_test

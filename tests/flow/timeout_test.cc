// SPDX-License-Identifier: Apache-2.0
// Who is waited for, and what becomes of the exchange when nothing comes. No test asks how long it took.
#include <gmock/gmock.h>

#include <memory>
#include <thread>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::timeout_test {
namespace {

std::string client_yaml(std::string_view timeouts) {
  return "listeners: {web: {bind: \"127.0.0.1:0\", timeouts: " + std::string(timeouts) +
         "}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n";
}

std::string upstream_yaml(std::string_view timeouts) {
  return "upstreams: {users: {url: \"<users>\", retry: none, timeouts: " + std::string(timeouts) +
         "}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n";
}

TEST(ClientTimeout, RefusesAHeadThatStops) {
  Gateway gw(client_yaml("{head: 1s}"));
  RawClient client = gw.connect();

  client.send("GET /u HTTP/1.1\r\nHost: h\r\nX-A");

  EXPECT_THAT(client.response(), Refused(408, "client_timeout"));
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "client_timeout");
  EXPECT_EQ(gw.upstream("users").connections(), 0u);
}

TEST(ClientTimeout, ClosesAConnectionOnWhichNothingWasEverSaid) {
  Gateway gw(client_yaml("{head: 200ms}"));

  EXPECT_TRUE(gw.connect().ended());
}

TEST(ClientTimeout, RefusesABodyThatStops) {
  Gateway gw(client_yaml("{body: 200ms}"));
  RawClient client = gw.connect();
  client.send("POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello");
  auto target = gw.upstream("users").accept();
  target.expect_head();
  EXPECT_EQ(target.receive(5), "hello");

  EXPECT_THAT(client.response(), Refused(408, "client_timeout"));
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(target.ended());
}

TEST(ClientTimeout, ClosesAnIdleConnection) {
  Gateway gw(client_yaml("{keep_alive: 200ms}"));
  gw.upstream("users").answers(200, "ok");
  RawClient client = gw.connect();

  EXPECT_EQ(client.ask(get("/u")).body, "ok");

  EXPECT_TRUE(client.ended());
  EXPECT_EQ(client.end(), End::closed);
}

TEST(ClientTimeout, CutsAClientThatDoesNotRead) {
  Gateway gw(client_yaml("{write: 200ms}"));
  gw.upstream("users").answers(200, std::string(32 << 20, 'x'));
  RawClient client = gw.connect("web", 4096);
  Metrics before(gw);

  client.send(get("/u"));

  auto line = gw.log_line();
  EXPECT_EQ(json_value(line, "reason"), "client_write_timeout");
  EXPECT_EQ(json_value(line, "status"), "200");
  EXPECT_EQ(before.growth("sluice_client_aborts_total", {{"route", "u"}, {"stage", "response"}}), 1);
  EXPECT_TRUE(gw.upstream("users").closed(0));
  EXPECT_FALSE(client.response().complete);
}

constexpr const char* kOneSecondInAll =
    "upstreams: {users: {url: \"<users>\"}}\nroutes: [{name: u, match: {path: /**}, timeout: 1s, to: users}]";

// One exchange whose upstream the test plays.
class UpstreamTimeout : public ::testing::Test {
 protected:
  void start(std::string_view yaml, std::string_view request = "") {
    gw = std::make_unique<Gateway>(yaml);
    before = std::make_unique<Metrics>(*gw);
    client = std::make_unique<RawClient>(gw->connect());
    client->send(request.empty() ? get("/u") : std::string(request));
    target = std::make_unique<UpstreamConnection>(gw->upstream("users").accept());
    if (request.empty()) target->expect_request();
  }
  // What log and metrics say of it, and that its connection is not used again.
  void expect_blamed(std::string_view reason) {
    EXPECT_TRUE(target->ended());
    EXPECT_EQ(json_value(gw->log_line(), "reason"), reason);
    EXPECT_EQ(before->growth("sluice_upstream_requests_total",
                             {{"upstream", "users"}, {"reason", std::string(reason)}}),
              1);
    EXPECT_EQ(before->growth("sluice_requests_total", {{"route", "u"}, {"reason", std::string(reason)}}), 1);
  }
  std::unique_ptr<Gateway> gw;
  std::unique_ptr<Metrics> before;
  std::unique_ptr<RawClient> client;
  std::unique_ptr<UpstreamConnection> target;
};

TEST_F(UpstreamTimeout, NamesTheFirstByte) {
  start(upstream_yaml("{first_byte: 200ms}"));

  EXPECT_THAT(client->response(), Refused(504, "timeout_first_byte"));
  expect_blamed("timeout_first_byte");
}

TEST_F(UpstreamTimeout, NamesTheIdleTimeInTheMiddleOfAHead) {
  start(upstream_yaml("{idle: 200ms}"));

  target->send("HTTP/1.1 200 OK\r\nContent-");

  EXPECT_THAT(client->response(), Refused(504, "timeout_idle"));
  expect_blamed("timeout_idle");
}

TEST_F(UpstreamTimeout, CutsABodyThatStops) {
  start(upstream_yaml("{idle: 200ms}"));

  target->send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");

  auto response = client->response();
  EXPECT_EQ(response.body, "hello");
  EXPECT_FALSE(response.complete);
  expect_blamed("timeout_idle");
}

TEST_F(UpstreamTimeout, CutsABodyThatStopsOnItsWayThroughTheKernel) {
  start(upstream_yaml("{idle: 1s}"));

  target->send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(400'000, 'x'));

  auto response = client->response();
  EXPECT_EQ(response.body.size(), 400'000u);
  EXPECT_FALSE(response.complete);
  expect_blamed("timeout_idle");
}

TEST_F(UpstreamTimeout, CutsChunksThatStop) {
  start(upstream_yaml("{idle: 200ms}"));

  target->send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");

  auto response = client->response();
  EXPECT_EQ(response.body, "hello");
  EXPECT_FALSE(response.complete);
  expect_blamed("timeout_idle");
}

TEST_F(UpstreamTimeout, NamesTheTotalTime) {
  start(kOneSecondInAll);

  EXPECT_THAT(client->response(), Refused(504, "timeout_total"));
  expect_blamed("timeout_total");
}

TEST_F(UpstreamTimeout, CutsABodyWhenTheTotalTimeHasPassed) {
  start(kOneSecondInAll);

  target->send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");

  EXPECT_FALSE(client->response().complete);
  expect_blamed("timeout_total");
}

TEST_F(UpstreamTimeout, NamesATargetThatDoesNotTakeTheRequest) {
  std::string body(9 << 20, 'x');
  start(upstream_yaml("{idle: 200ms, first_byte: 200ms}"),
        "POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  std::thread upload([&] { client->send(body); });

  auto response = client->response();
  upload.join();

  EXPECT_THAT(response, Refused(504, "timeout_idle"));
  EXPECT_EQ(json_value(gw->log_line(), "reason"), "timeout_idle");
  EXPECT_EQ(
      before->growth("sluice_upstream_requests_total", {{"upstream", "users"}, {"reason", "timeout_idle"}}),
      1);
}

// The time is over for whoever says how long his answer is, however often he says a little of it.
TEST_F(UpstreamTimeout, CutsABodyThatTrickles) {
  start(kOneSecondInAll);
  target->send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
  std::thread trickling([&] { while (target->trickle("x")); });

  auto response = client->response();
  trickling.join();

  EXPECT_EQ(response.status, 200);
  EXPECT_FALSE(response.complete);
  EXPECT_EQ(json_value(gw->log_line(), "reason"), "timeout_total");
}

TEST_F(UpstreamTimeout, NamesTheTotalTimeForAHeadThatStopsWithinTheIdleTime) {
  start(kOneSecondInAll);

  target->send("HTTP/1.1 200 OK\r\nContent-");

  EXPECT_THAT(client->response(), Refused(504, "timeout_total"));
  expect_blamed("timeout_total");
}

// Streams by their type, and all that does not say how long it is.
class EndlessAnswer : public ::testing::TestWithParam<std::string> {};

TEST_P(EndlessAnswer, IsNotCutByTheTotalTime) {
  bool chunked = GetParam().ends_with("chunked\r\n");
  std::string protocol =
      chunked ? "" : ", protocol: h1";  // HTTP/2 has no answer that ends with its connection
  Gateway gw("upstreams: {users: {url: \"<users>\"" + protocol + "}, silent: {url: \"<silent>\"}}" + R"(
routes:
  - {name: stream, match: {path: /stream}, timeout: 1s, to: users}
  - {name: silent, match: {path: /silent}, timeout: 1100ms, to: silent}
)");
  RawClient client = gw.connect();
  client.send(get("/stream"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  target.send("HTTP/1.1 200 OK\r\n" + GetParam() + "\r\n" + (chunked ? "1\r\na\r\n" : "a"));
  client.response_head();
  EXPECT_EQ(client.receive(6), "1\r\na\r\n");

  // This takes longer than the stream would have had.
  EXPECT_THAT(gw.get("/silent"), Refused(504, "timeout_total"));
  target.send(chunked ? "1\r\nb\r\n0\r\n\r\n" : "b");
  target.half_close();

  EXPECT_EQ(client.receive(11), "1\r\nb\r\n0\r\n\r\n");
}

INSTANTIATE_TEST_SUITE_P(
    UpstreamTimeouts, EndlessAnswer,
    ::testing::Values("Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n",
                      "Transfer-Encoding: chunked\r\n", "Connection: close\r\n"));

// It is silence that ends those.
TEST_F(UpstreamTimeout, IsTheIdleTimeOfAnAnswerOfUnknownLength) {
  start(
      "upstreams: {users: {url: \"<users>\", timeouts: {idle: 1s}}}\n"
      "routes: [{name: u, match: {path: /**}, timeout: 500ms, to: users}]");

  target->send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");

  EXPECT_FALSE(client->response().complete);
  expect_blamed("timeout_idle");
}

// A port where connections are neither made nor refused: its one place in the queue is taken.
struct Unresponsive {
  Bell bell;
  Socket reserved = Socket::reserve();
  Socket listener = Socket::listen(reserved.port(), &bell, 0);
  Socket filler = Socket::connect(reserved.port());
  std::string url() const { return "http://127.0.0.1:" + std::to_string(reserved.port()); }
};

TEST(ConnectTimeout, IsNamed) {
  Unresponsive silent;
  Gateway gw("upstreams: {users: {url: \"" + silent.url() +
             "\", timeouts: {connect: 200ms}}}\nroutes: [{name: u, match: {path: /**}, to: users}]");

  EXPECT_THAT(gw.get("/u"), Refused(504, "timeout_connect"));
}

TEST(ConnectTimeout, IsNoReasonNotToAskAnotherTarget) {
  Unresponsive silent;
  Gateway gw("upstreams: {users: {targets: [\"" + silent.url() +
             "\", \"<other>\"], balance: round_robin, timeouts: {connect: 1s}}}\n"
             "routes: [{name: u, match: {path: /**}, to: users}]");
  gw.upstream("other").answers(200, "other");
  Metrics before(gw);

  for (int i = 0; i < 2; ++i) EXPECT_EQ(gw.post("/u", "body").body, "other");

  EXPECT_EQ(
      before.growth("sluice_upstream_retries_total", {{"cause", "timeout_connect"}, {"result", "success"}}),
      1);
}

}  // namespace
}  // namespace sluice::test::timeout_test

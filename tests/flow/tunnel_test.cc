// SPDX-License-Identifier: Apache-2.0
// Connections that are upgraded (101): from then on both directions are bytes that nobody looks into.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::tunnel_test {
namespace {

constexpr const char* kYaml = "routes: [{name: u, match: {path: /**}, to: users}]";
constexpr std::string_view kAsk =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view kSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n";

std::string switched(std::string_view lines = {}, std::string_view early = {}) {
  return std::string(kSwitch) + std::string(lines) + "\r\n" + std::string(early);
}

class Tunnel : public ::testing::Test {
 protected:
  void ask(std::string_view early = {}) { client.send(get("/chat", kAsk) + std::string(early)); }
  // Both ends of a tunnel.
  void open() {
    ask();
    target = std::make_unique<UpstreamConnection>(gw.upstream("users").accept());
    target->expect_request();
    target->send(switched());
    ASSERT_EQ(client.response_head().status, 101);
  }
  // The log line, once it has ended.
  void expect_logged(std::string_view reason, std::size_t sent = std::string::npos) {
    auto line = gw.log_line();
    if (sent != std::string::npos) {
      EXPECT_EQ(json_value(line, "bytes_in"), std::to_string(get("/chat", kAsk).size() + sent));
    }
    EXPECT_EQ(json_value(line, "status"), "101");
    EXPECT_EQ(json_value(line, "reason"), reason);
    EXPECT_EQ(before.growth("sluice_websockets"), 0);
    EXPECT_EQ(before.growth("sluice_streams"), 0);
    EXPECT_EQ(before.growth("sluice_upstream_connections"), 0);
  }

  explicit Tunnel(std::string_view yaml = kYaml) : gw(yaml) {}
  Gateway gw;
  Metrics before{gw};
  RawClient client = gw.connect();
  std::unique_ptr<UpstreamConnection> target;
};

TEST_F(Tunnel, IsAskedForAndOpenedWithoutAnySetting) {
  client.send(get("/chat?room=1",
                  "Connection: keep-alive, Upgrade, X-Hop\r\nUpgrade: websocket\r\nX-Hop: 1\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"));
  auto server = gw.upstream("users").accept();
  auto request = server.expect_request();
  EXPECT_EQ(request.target, "/chat?room=1");
  EXPECT_THAT(request, HasField("Connection", "Upgrade"));
  EXPECT_THAT(request, HasField("Upgrade", "websocket"));
  EXPECT_THAT(request, HasField("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="));
  EXPECT_THAT(request, HasNoField("X-Hop"));
  EXPECT_EQ(request.count("Connection"), 1u);
  EXPECT_EQ(request.count("Upgrade"), 1u);

  server.send(switched("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  auto answer = client.response_head();

  EXPECT_EQ(answer.status, 101);
  EXPECT_EQ(answer.phrase, "Switching Protocols");
  EXPECT_THAT(answer, HasField("Connection", "Upgrade"));
  EXPECT_THAT(answer, HasField("Upgrade", "websocket"));
  EXPECT_THAT(answer, HasField("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  EXPECT_THAT(answer, HasNoField("Content-Length"));
  EXPECT_THAT(answer, HasNoField("Transfer-Encoding"));
  client.send("ping");
  EXPECT_EQ(server.receive(4), "ping");
  server.send("pong");
  EXPECT_EQ(client.receive(4), "pong");
}

TEST_F(Tunnel, TakesWhatCameBehindTheHeads) {
  ask("before the answer");
  auto server = gw.upstream("users").accept();
  server.expect_request();
  server.send(switched({}, "with the answer"));

  EXPECT_EQ(client.response_head().status, 101);
  EXPECT_EQ(client.receive(15), "with the answer");
  EXPECT_EQ(server.receive(17), "before the answer");
  client.send("and after");
  EXPECT_EQ(server.receive(9), "and after");
}

TEST_F(Tunnel, TakesMuchThatCameBehindTheHeads) {
  auto bytes = patterned(2'000'000);
  std::thread sending([&] { ask(bytes); });
  auto server = gw.upstream("users").accept();
  server.expect_request();
  std::thread answering([&] { server.send(switched({}, bytes)); });

  EXPECT_EQ(client.response_head().status, 101);
  sending.join();
  EXPECT_TRUE(client.receive(bytes.size()) == bytes);
  answering.join();
  EXPECT_TRUE(server.receive(bytes.size()) == bytes);
}

TEST_F(Tunnel, PassesMegabytesBothWaysAtOnce) {
  open();
  auto bytes = patterned(20'000'000);
  std::string forth;
  std::thread client_sends([&] { client.send(bytes); });
  std::thread target_works([&] {
    std::thread sends([&] { target->send(bytes); });
    forth = target->receive(bytes.size());
    sends.join();
  });

  auto back = client.receive(bytes.size());
  client_sends.join();
  target_works.join();

  EXPECT_TRUE(forth == bytes);
  EXPECT_TRUE(back == bytes);
}

TEST_F(Tunnel, PassesATrickle) {
  open();

  client.trickle("a byte at a time");
  EXPECT_EQ(target->receive(16), "a byte at a time");
  target->trickle("and the other way");
  EXPECT_EQ(client.receive(17), "and the other way");
}

TEST_F(Tunnel, RelaysTheClientsEndAndGoesOnTheOtherWay) {
  open();
  client.send("last words");
  client.half_close();

  EXPECT_EQ(target->rest(), "last words");
  target->send("heard you");
  EXPECT_EQ(client.receive(9), "heard you");
  target->send(", good bye");
  target->close();
  EXPECT_EQ(client.rest(), ", good bye");
  EXPECT_EQ(client.end(), End::closed);
  expect_logged("");
}

TEST_F(Tunnel, RelaysTheTargetsEndAndGoesOnTheOtherWay) {
  open();
  target->send("last words");
  target->half_close();

  EXPECT_EQ(client.rest(), "last words");
  client.send("heard you");
  EXPECT_EQ(target->receive(9), "heard you");
  client.close();
  EXPECT_EQ(target->rest(), "");
  expect_logged("");
}

TEST_F(Tunnel, PassesEverythingBeforeAnEnd) {
  open();
  auto bytes = patterned(3'000'000);

  std::thread sending([&] {
    client.send(bytes);
    client.half_close();
  });
  EXPECT_TRUE(target->rest() == bytes);
  sending.join();
  target->close();
  EXPECT_EQ(client.rest(), "");
}

TEST_F(Tunnel, RelaysAResetOfTheClientAtOnce) {
  open();
  client.send("12345");
  EXPECT_EQ(target->receive(5), "12345");

  client.reset();

  EXPECT_EQ(target->rest(), "");
  EXPECT_EQ(target->end(), End::reset);
  expect_logged("client_closed", 5);
}

TEST_F(Tunnel, RelaysAResetOfTheTargetAtOnce) {
  open();
  client.send("12345");
  EXPECT_EQ(target->receive(5), "12345");

  target->reset();

  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(client.end(), End::reset);
  expect_logged("upstream_reset", 5);
}

// Sends until nothing more is taken; how much was.
template <class P>
std::size_t fill(P& peer) {
  auto bytes = patterned(100'000);
  std::size_t sent = 0;
  while (std::size_t n = peer.send_some(bytes)) sent += n;
  return sent;
}

TEST_F(Tunnel, SeesAResetOfTheClientWhileTheTargetDoesNotRead) {
  open();
  fill(client);

  client.reset();

  target->rest();
  EXPECT_EQ(target->end(), End::reset);
  expect_logged("client_closed");
}

TEST_F(Tunnel, SeesAResetOfTheTargetWhileTheClientDoesNotRead) {
  open();
  fill(*target);

  target->reset();

  expect_logged("upstream_reset");
  client.rest();
  EXPECT_EQ(client.end(), End::reset);
}

TEST_F(Tunnel, TakesNoMoreFromTheClientThanTheTargetTakes) {
  open();

  auto sent = fill(client);
  EXPECT_LT(sent, 64u << 20) << "the gateway takes in what nobody reads";

  client.half_close();
  EXPECT_EQ(target->rest().size(), sent);
}

TEST_F(Tunnel, TakesNoMoreFromTheTargetThanTheClientTakes) {
  open();

  auto sent = fill(*target);
  EXPECT_LT(sent, 64u << 20) << "the gateway takes in what nobody reads";

  target->half_close();
  EXPECT_EQ(client.rest().size(), sent);
}

TEST_F(Tunnel, KeepsAHalfCloseApartFromAnEndWhileTheTargetDoesNotRead) {
  open();
  auto sent = fill(client);
  client.half_close();

  // The gateway has seen that the client sends nothing more, long before it has read everything.
  target->send("not forgotten");
  EXPECT_EQ(client.receive(13), "not forgotten");
  EXPECT_EQ(target->rest().size(), sent);
}

TEST_F(Tunnel, IsCountedApartFromRequests) {
  open();
  EXPECT_EQ(before.growth("sluice_websockets", {{"route", "u"}}), 1);
  EXPECT_EQ(before.growth("sluice_streams", {{"route", "u"}, {"kind", "websocket"}}), 1);
  EXPECT_EQ(before.growth("sluice_requests_in_flight"), 0);
  EXPECT_EQ(before.growth("sluice_requests_total", {{"route", "u"}, {"code_class", "1xx"}}), 1);
  EXPECT_EQ(before.growth("sluice_request_duration_seconds_count", {{"route", "u"}}), 1);
  EXPECT_EQ(before.growth("sluice_upstream_connections", {{"state", "active"}}), 1);

  client.send("12345");
  EXPECT_EQ(target->receive(5), "12345");
  target->send("1234567");
  EXPECT_EQ(client.receive(7), "1234567");
  client.close();
  target->close();

  auto line = gw.log_line();
  auto asked = get("/chat", kAsk).size();
  EXPECT_EQ(json_value(line, "bytes_in"), std::to_string(asked + 5));
  EXPECT_EQ(before.growth("sluice_received_bytes_total", {{"side", "downstream"}}), asked + 5);
  EXPECT_EQ(before.growth("sluice_sent_bytes_total", {{"side", "upstream"}}) -
                before.growth("sluice_received_bytes_total", {{"side", "downstream"}}),
            double(gw.upstream("users").received(0).size()) - double(asked + 5));
  EXPECT_EQ(std::to_string(int(before.growth("sluice_sent_bytes_total", {{"side", "downstream"}}))),
            json_value(line, "bytes_out"));
  EXPECT_EQ(before.growth("sluice_stream_duration_seconds_count", {{"kind", "websocket"}}), 1);
  EXPECT_EQ(before.growth("sluice_request_duration_seconds_count"), 1);
  EXPECT_EQ(before.growth("sluice_websockets"), 0);
  EXPECT_EQ(before.growth("sluice_upstream_request_duration_seconds_count"), 1);
}

TEST_F(Tunnel, OfAnotherProtocolIsNoWebSocket) {
  client.send(get("/chat", "Connection: upgrade\r\nUpgrade: SPDY/3.1\r\n"));
  auto server = gw.upstream("users").accept();
  EXPECT_THAT(server.expect_request(), HasField("Upgrade", "SPDY/3.1"));
  server.send("HTTP/1.1 101 OK\r\nConnection: Upgrade\r\nUpgrade: spdy/3.1\r\n\r\n");

  EXPECT_THAT(client.response_head(), HasField("Upgrade", "spdy/3.1"));
  EXPECT_EQ(before.growth("sluice_websockets"), 0);
  EXPECT_EQ(before.growth("sluice_streams", {{"kind", "upgrade"}}), 1);
}

TEST_F(Tunnel, NeverReturnsItsConnectionToThePool) {
  open();
  target->half_close();
  client.half_close();
  EXPECT_TRUE(client.ended());
  expect_logged("");

  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(gw.get("/u").body, "ok");
  EXPECT_EQ(gw.upstream("users").connections(), 2u);
}

TEST_F(Tunnel, MayBeginOnAReusedConnectionOfBothSides) {
  gw.upstream("users").answers_by(
      [](const Request& r) { return Answer{r.has("Upgrade") ? switched({}, "hello") : ok("plain")}; });
  EXPECT_EQ(client.ask(get("/u")).body, "plain");
  ask();

  EXPECT_EQ(client.response_head().status, 101);
  EXPECT_EQ(client.receive(5), "hello");
  EXPECT_EQ(gw.upstream("users").connections(), 1u);
}

TEST_F(Tunnel, ThatIsRefusedLeavesBothConnectionsAsTheyWere) {
  gw.upstream("users").answers_by([](const Request& r) {
    if (!r.has("Upgrade")) return Answer{ok("plain")};
    return Answer{
        "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 2\r\n\r\nno"};
  });

  ask();
  auto answer = client.response();
  EXPECT_THAT(answer, HasStatus(426));
  EXPECT_THAT(answer, HasField("Sec-WebSocket-Version", "13"));
  EXPECT_EQ(answer.body, "no");
  EXPECT_EQ(client.ask(get("/u")).body, "plain");
  EXPECT_EQ(gw.upstream("users").connections(), 1u);
  EXPECT_EQ(before.growth("sluice_websockets"), 0);
}

TEST_F(Tunnel, ThatIsRefusedTurnsWhatFollowsIntoTheNextRequest) {
  gw.upstream("users").answers_by([](const Request& r) { return Answer{ok(r.target)}; });

  ask(get("/next"));

  EXPECT_EQ(client.response().body, "/chat");
  EXPECT_EQ(client.response().body, "/next");
}

TEST_F(Tunnel, GivesNothingToATargetThatHasNotSwitched) {
  ask("GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n");
  auto server = gw.upstream("users").accept();
  server.expect_request();
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it");
  EXPECT_EQ(client.response_head().status, 200);
  client.close();

  EXPECT_EQ(server.rest(), "") << "bytes of a client went to a target that speaks HTTP";
}

TEST_F(Tunnel, IsNotOpenedWithAnotherProtocolThanWasAskedFor) {
  for (std::string_view lines :
       {"Connection: upgrade\r\nUpgrade: h2c\r\n", "Connection: upgrade\r\nUpgrade: \r\n",
        "Connection: upgrade\r\nUpgrade: websocket, x\r\n"}) {
    gw.upstream("users").script().expect_request().then_send("HTTP/1.1 101 Yes\r\n" + std::string(lines) +
                                                             "\r\nGET / HTTP/1.1\r\n\r\n");
    EXPECT_THAT(gw.get("/chat", kAsk), Refused(502, "upstream_protocol")) << lines;
  }
}

// Of what no server may accept the target hears nothing.
TEST_F(Tunnel, IsNotOpenedByABadHandshake) {
  RawClient other = gw.connect();
  auto old = other.ask(get("/chat",
                           "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  EXPECT_THAT(old, Refused(426, "upgrade_required"));
  EXPECT_THAT(old, HasField("Sec-WebSocket-Version", "13"));
  EXPECT_THAT(old, HasField("Connection", "Upgrade"));
  EXPECT_THAT(old, HasField("Upgrade", "websocket"));
  auto keyless =
      other.ask(get("/chat", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"));
  EXPECT_THAT(keyless, Refused(400, "bad_request"));
  EXPECT_EQ(gw.upstream("users").request_count(), 0u);
}

TEST_F(Tunnel, IsNotOpenedByATargetThatDoesNotSaySo) {
  for (std::string_view lines : {"Connection: upgrade\r\n", "Upgrade: websocket\r\n", ""}) {
    gw.upstream("users").script().expect_request().then_send("HTTP/1.1 101 Yes\r\n" + std::string(lines) +
                                                             "\r\n");
    EXPECT_THAT(gw.get("/chat", kAsk), Refused(502, "upstream_protocol")) << lines;
  }
}

TEST_F(Tunnel, IsNotOpenedUnasked) {
  for (std::string_view lines :
       {"", "Upgrade: websocket\r\n", "Connection: upgrade\r\n", "Connection: upgrade\r\nUpgrade: h2c\r\n",
        "Connection: upgrade\r\nUpgrade: websocket, h2c\r\n"}) {
    gw.upstream("users").script().expect_request().then_send(switched());
    EXPECT_THAT(gw.get("/chat", lines), Refused(502, "upstream_protocol")) << lines;
  }
  gw.upstream("users").script().expect_request().then_send(switched());
  EXPECT_THAT(gw.post("/chat", "body", kAsk), Refused(502, "upstream_protocol"));
}

TEST_F(Tunnel, CancelsTheTargetWhenTheClientLeavesBeforeTheSwitch) {
  ask();
  auto server = gw.upstream("users").accept();
  server.expect_request();

  client.close();

  EXPECT_TRUE(server.ended());
  EXPECT_EQ(json_value(gw.log_line(), "status"), "499");
}

TEST(TunnelToNobody, IsGivenUpWhenTheClientLeavesWhileATargetIsBeingConnectedTo) {
  Bell bell;
  Socket reserved = Socket::reserve();
  // Its one place in the queue is taken: connections are neither made nor refused.
  Socket listener = Socket::listen(reserved.port(), &bell, 0);
  Socket filler = Socket::connect(reserved.port());
  Gateway gw("upstreams: {users: {url: \"http://127.0.0.1:" + std::to_string(reserved.port()) +
             "\", limits: {max_connections: 1}, timeouts: {connect: 1h}}}\n" + kYaml);
  Metrics before(gw);
  RawClient client = gw.connect();
  client.send(get("/chat", kAsk));
  ASSERT_TRUE(before.becomes(1, "sluice_requests_in_flight", {{"route", "u"}}));

  client.close();

  auto line = gw.log_line();
  EXPECT_EQ(json_value(line, "status"), "499");
  EXPECT_EQ(json_value(line, "reason"), "client_closed");
}

TEST_F(Tunnel, SurvivesReloadsAndHoldsNoOldConfiguration) {
  open();

  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(gw.reload(i % 2 ? kYaml : "routes: [{name: v, match: {path: /**}, respond: 410}]").good);
  EXPECT_TRUE(before.becomes(1, "sluice_config_generations_alive"));

  client.send("still");
  EXPECT_EQ(target->receive(5), "still");
  target->send("here");
  EXPECT_EQ(client.receive(4), "here");
  EXPECT_EQ(before.growth("sluice_websockets", {{"route", "u"}}), 1);
  client.close();
  target->close();
  auto line = gw.log_line();
  EXPECT_EQ(json_value(line, "route"), "u");
  EXPECT_EQ(json_value(line, "upstream"), "users");
}

TEST_F(Tunnel, SurvivesTheEndOfItsListenerAndItsUpstream) {
  open();

  EXPECT_TRUE(gw.reload("listeners: {other: \"127.0.0.1:0\"}\nroutes: []\nupstreams: {}").good);

  client.send("still");
  EXPECT_EQ(target->receive(5), "still");
  client.close();
  EXPECT_TRUE(target->ended());
}

TEST_F(Tunnel, GoesOnWhileTheGatewayDrains) {
  open();
  auto cut = gw.drain();
  EXPECT_EQ(gw.admin("/readyz").status, 503);
  gw.metrics();

  client.send("still");
  EXPECT_EQ(target->receive(5), "still");
  client.close();
  target->close();

  EXPECT_EQ(cut.get(), 0u);
}

TEST(TunnelDrain, CutsTheTunnelAfterTheGrace) {
  Gateway gw(std::string("shutdown: {pre_stop: 0s, grace: 200ms}\n") + kYaml);
  RawClient client = gw.connect();
  client.send(get("/chat", kAsk));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  target.send(switched());
  EXPECT_EQ(client.response_head().status, 101);

  EXPECT_EQ(gw.drain().get(), 1u);
}

std::string timeouts_yaml(std::string_view timeouts) {
  return "upstreams: {users: {url: \"<users>\", timeouts: " + std::string(timeouts) +
         "}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n";
}

struct IdleTunnel : Tunnel {
  IdleTunnel() : Tunnel(timeouts_yaml("{tunnel: 1s}")) {}
};

TEST_F(IdleTunnel, EndsAndTheLogSaysWhichTimer) {
  open();
  client.send("a");
  EXPECT_EQ(target->receive(1), "a");

  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(target->ended());
  EXPECT_EQ(client.end(), End::closed);
  EXPECT_EQ(target->end(), End::closed);
  expect_logged("timeout_idle");
}

TEST_F(IdleTunnel, EndsWhateverTypeTheAnswerNames) {
  ask();
  target = std::make_unique<UpstreamConnection>(gw.upstream("users").accept());
  target->expect_request();
  target->send(switched("Content-Type: text/event-stream\r\n"));

  EXPECT_EQ(client.response_head().status, 101);
  EXPECT_TRUE(client.ended());
  expect_logged("timeout_idle");
}

TEST_F(IdleTunnel, EndsWhenNobodyTakesWhatIsSent) {
  open();
  fill(client);

  expect_logged("timeout_idle");
}

struct ShortTotal : Tunnel {
  ShortTotal() : Tunnel(timeouts_yaml("{total: 1s, idle: 1s, first_byte: 1s, tunnel: 60s}")) {}
};

TEST_F(ShortTotal, NoLongerCountsOnceTheTunnelIsOpen) {
  open();
  auto other = gw.connect();
  other.send(get("/slow"));

  // When this one has run into its time, so would the tunnel have.
  EXPECT_EQ(other.response().status, 504);
  client.send("still");
  EXPECT_EQ(target->receive(5), "still");
}

TEST(TunnelWithFilters, PassesThemInBothDirections) {
  Gateway gw(R"(
routes:
  - name: u
    match: {path: "/{room}/**"}
    use:
      - headers: {request: {set: {X-Room: "${path.room}"}}, response: {set: {X-Seen: "yes"}}}
    to: users
)");
  RawClient client = gw.connect();
  client.send(get("/a/chat", kAsk));
  auto target = gw.upstream("users").accept();
  EXPECT_THAT(target.expect_request(), HasField("X-Room", "a"));
  target.send(switched());

  EXPECT_THAT(client.response_head(), HasField("X-Seen", "yes"));
  client.send("ping");
  EXPECT_EQ(target.receive(4), "ping");
}

TEST(TunnelRetry, TakesAnotherTargetBeforeTheSwitchOnly) {
  Gateway gw(R"(
upstreams: {users: {targets: ["<dead>", "<users>"], balance: round_robin}}
routes: [{name: u, match: {path: /**}, to: users}]
)");
  gw.upstream("dead").stop_listening();
  gw.upstream("users").answers_with(switched({}, "hello"), true);
  for (int i = 0; i < 2; ++i) {
    RawClient client = gw.connect();
    client.send(get("/chat", kAsk));
    EXPECT_EQ(client.response_head().status, 101);
    EXPECT_EQ(client.rest(), "hello");
  }
  EXPECT_EQ(gw.upstream("users").request_count(), 2u);
}

}  // namespace
}  // namespace sluice::test::tunnel_test

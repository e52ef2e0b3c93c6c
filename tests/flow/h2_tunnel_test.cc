// SPDX-License-Identifier: Apache-2.0
// WebSockets over HTTP/2 (RFC 8441) in front of targets that know them over HTTP/1.1 only.
#include <gmock/gmock.h>

#include <memory>
#include <thread>

#include "gateway/http/h1/websocket_key.h"

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::h2_tunnel_test {
namespace {

std::vector<Line> connect(std::vector<Line> more = {}) {
  std::vector<Line> lines = {{":method", "CONNECT"},    {":protocol", "websocket"},
                             {":scheme", "http"},       {":authority", "test.example"},
                             {":path", "/chat?room=1"}, {"sec-websocket-version", "13"}};
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

std::string switched(const Request& request, std::string_view lines = {}, std::string_view early = {}) {
  auto accept = http::h1::accept_of(request.value("Sec-WebSocket-Key"));
  return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
         "websocket\r\nSec-WebSocket-Accept: " +
         std::string(accept.view()) + "\r\n" + std::string(lines) + "\r\n" + std::string(early);
}

class H2Tunnel : public ::testing::Test {
 protected:
  H2Tunnel() : H2Tunnel("routes: [{name: u, match: {path: /**, method: GET}, to: users}]") {}
  explicit H2Tunnel(std::string_view yaml) : gw(yaml, Downstream::h2) {}
  void ask(const std::vector<Line>& lines = connect()) {
    id = client.open(lines, false);
    target = std::make_unique<UpstreamConnection>(gw.upstream("users").accept());
    request = target->expect_request();
  }
  void open() {
    ask();
    target->send(switched(request));
    ASSERT_TRUE(client.read_until([&] { return stream().response.status != 0; }));
    ASSERT_EQ(stream().response.status, 200);
  }
  H2Client::Stream& stream() { return client.stream(id); }
  // Waits until the client has got this.
  void expect_received(std::string_view bytes) {
    EXPECT_TRUE(client.read_until([&] { return stream().response.body.size() >= bytes.size(); }));
    EXPECT_EQ(stream().response.body, bytes);
  }
  bool over() {
    return client.read_until([&] { return stream().over(); });
  }

  Gateway gw;
  Metrics before{gw};
  H2Client client = gw.h2();
  std::uint32_t id = 0;
  std::unique_ptr<UpstreamConnection> target;
  Request request;
};

TEST_F(H2Tunnel, IsOffered) {
  EXPECT_TRUE(client.alive());

  EXPECT_EQ(client.settings().at(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL), 1u);
}

TEST_F(H2Tunnel, IsAnUpgradeToTheTarget) {
  ask(connect(
      {{"sec-websocket-protocol", "chat"}, {"sec-websocket-key", "the client's"}, {"origin", "http://a"}}));

  EXPECT_EQ(request.start, "GET /chat?room=1 HTTP/1.1");
  EXPECT_THAT(request, HasField("Connection", "Upgrade"));
  EXPECT_THAT(request, HasField("Upgrade", "websocket"));
  EXPECT_THAT(request, HasField("Host", "test.example"));
  EXPECT_THAT(request, HasField("sec-websocket-protocol", "chat"));
  EXPECT_EQ(request.count("Sec-WebSocket-Version"), 1u);
  EXPECT_EQ(request.count("Sec-WebSocket-Key"), 1u);
  EXPECT_EQ(request.value("Sec-WebSocket-Key").size(), 24u);

  target->send(switched(request, "Sec-WebSocket-Protocol: chat\r\n", "early"));
  expect_received("early");
  const auto& answer = stream().response;
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer, HasField("sec-websocket-protocol", "chat"));
  for (const char* name : {"sec-websocket-accept", "upgrade", "connection", "content-length"})
    EXPECT_THAT(answer, HasNoField(name));
}

TEST_F(H2Tunnel, AsksForTheVersionThatTheClientTookForGranted) {
  ask({{":method", "CONNECT"},
       {":protocol", "websocket"},
       {":scheme", "http"},
       {":authority", "h"},
       {":path", "/"}});

  EXPECT_THAT(request, HasField("Sec-WebSocket-Version", "13"));
}

TEST_F(H2Tunnel, PassesBytesBothWays) {
  open();

  client.send(h2::data(id, "ping", false));
  EXPECT_EQ(target->receive(4), "ping");
  target->send("pong");
  expect_received("pong");
  client.send(h2::data(id, "", false) + h2::data(id, "again", false));
  EXPECT_EQ(target->receive(5), "again");
}

TEST_F(H2Tunnel, TakesWhatCameBeforeTheAnswer) {
  ask();
  client.send(h2::data(id, "early", false));
  EXPECT_TRUE(client.alive());

  target->send(switched(request));

  EXPECT_EQ(target->receive(5), "early");
}

TEST_F(H2Tunnel, PassesMegabytesFromTheTarget) {
  open();
  auto bytes = patterned(3'000'000);

  std::thread sending([&] {
    target->send(bytes);
    target->half_close();
  });
  EXPECT_TRUE(over());
  sending.join();

  EXPECT_TRUE(stream().response.body == bytes);
  EXPECT_TRUE(stream().ended);
}

TEST_F(H2Tunnel, RelaysTheClientsEndAndGoesOnTheOtherWay) {
  open();

  client.send(h2::data(id, "last words", true));
  EXPECT_EQ(target->rest(), "last words");
  target->send("heard you");
  target->close();

  EXPECT_TRUE(over());
  EXPECT_EQ(stream().response.body, "heard you");
  EXPECT_TRUE(stream().ended);
  EXPECT_FALSE(stream().reset);
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "");
}

TEST_F(H2Tunnel, RelaysTheTargetsEndAndGoesOnTheOtherWay) {
  open();

  target->half_close();
  EXPECT_TRUE(client.read_until([&] { return stream().ended; }));
  client.send(h2::data(id, "still", false));
  EXPECT_EQ(target->receive(5), "still");
  client.send(h2::data(id, "", true));
  EXPECT_EQ(target->rest(), "");

  EXPECT_EQ(json_value(gw.log_line(), "reason"), "");
}

TEST_F(H2Tunnel, RelaysAResetOfTheStream) {
  open();

  client.send(h2::reset(id, h2::kCancel));

  EXPECT_EQ(target->rest(), "");
  EXPECT_EQ(target->end(), End::reset);
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "client_closed");
  EXPECT_TRUE(client.alive()) << "the other streams must not suffer";
}

TEST_F(H2Tunnel, RelaysTheEndOfTheConnection) {
  open();

  client.close();

  EXPECT_EQ(target->rest(), "");
  EXPECT_EQ(json_value(gw.log_line(), "status"), "101");
}

TEST_F(H2Tunnel, RelaysAResetOfTheTarget) {
  open();

  target->reset();

  EXPECT_TRUE(over());
  EXPECT_EQ(stream().reset, std::optional<std::uint32_t>(NGHTTP2_CONNECT_ERROR));
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "upstream_reset");
  EXPECT_TRUE(client.alive());
}

TEST_F(H2Tunnel, TakesNoMoreFromTheTargetThanTheClientTakes) {
  open();
  client.open_windows = false;

  auto bytes = patterned(100'000);
  std::size_t sent = 0;
  while (std::size_t n = target->send_some(bytes)) sent += n;
  EXPECT_LT(sent, 64u << 20);

  target->half_close();
  client.open_windows = true;
  client.send(h2::window_update(0, 1 << 20) + h2::window_update(id, 1 << 20));
  EXPECT_TRUE(over());
  EXPECT_EQ(stream().response.body.size(), sent);
}

TEST_F(H2Tunnel, LeavesOtherStreamsAlone) {
  open();
  gw.upstream("users").answers(200, "plain");

  EXPECT_EQ(client.get("/u").body, "plain");
  client.send(h2::data(id, "ping", false));
  EXPECT_EQ(target->receive(4), "ping");
}

TEST_F(H2Tunnel, ThatIsRefusedIsAnOrdinaryAnswer) {
  ask();

  target->send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");

  EXPECT_TRUE(over());
  EXPECT_EQ(stream().response.status, 403);
  EXPECT_EQ(stream().response.body, "no");
  EXPECT_EQ(before.growth("sluice_websockets"), 0);
}

// Any 2xx would tell the client that the tunnel is open, and what follows that it came through it.
TEST_F(H2Tunnel, IsNotOpenedByAnAnswerThatSwitchesNothing) {
  ask();

  target->send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\x81\x04page");

  EXPECT_TRUE(over());
  EXPECT_EQ(stream().response.status, 502);
  EXPECT_THAT(stream().response.body, testing::HasSubstr("upgrade_unsupported"));
}

class H2TunnelBehindACircuit : public H2Tunnel {
 protected:
  H2TunnelBehindACircuit()
      : H2Tunnel(R"(
upstreams: {users: {url: "<users>", retry: none, circuit_breaker: {min_requests: 1, open: 1h}}}
routes: [{name: u, match: {path: /**, method: GET}, to: users}])") {}
};

// Any client can ask a service for a tunnel that knows none.
TEST_F(H2TunnelBehindACircuit, BlamesNoTargetForAnAnswerThatSwitchesNothing) {
  ask();
  target->send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_TRUE(over());
  gw.upstream("users").answers(200, "plain");

  EXPECT_EQ(client.get("/u").body, "plain");
}

TEST_F(H2Tunnel, IsNotOpenedWithoutTheAnswerToTheKey) {
  ask();

  target->send(
      "HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
      "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");

  EXPECT_TRUE(over());
  EXPECT_EQ(stream().response.status, 502);
  EXPECT_THAT(stream().response.body, ::testing::HasSubstr("upstream_protocol"));
}

TEST_F(H2Tunnel, IsRefusedForOtherProtocols) {
  for (const char* protocol : {"connect-udp", "h2c", "", "websocket,x"}) {
    auto lines = connect();
    lines[1].value = protocol;
    id = client.open(lines, false);
    EXPECT_TRUE(over()) << protocol;
    EXPECT_EQ(stream().response.status, 501) << protocol;
  }
  EXPECT_EQ(gw.upstream("users").connections(), 0u);
}

TEST_F(H2Tunnel, IsRefusedWithALength) {
  id = client.open(connect({{"content-length", "5"}}), false);

  EXPECT_TRUE(over());
  EXPECT_EQ(stream().response.status, 400);
  EXPECT_EQ(gw.upstream("users").connections(), 0u);
}

// RFC 9113 section 8.5
TEST_F(H2Tunnel, CarriesNoFieldSections) {
  for (bool last : {true, false}) {
    open();

    client.send(h2::headers(id, {{"x", "y"}}, last));

    EXPECT_TRUE(over());
    EXPECT_EQ(stream().reset, std::uint32_t{h2::kProtocolError});
    EXPECT_TRUE(target->ended());
    EXPECT_TRUE(client.alive());
  }
}

// The target has not answered: nothing of what came may reach it as if it were the tunnel's.
TEST_F(H2Tunnel, CarriesNoFieldSectionsBeforeItIsOpenEither) {
  ask();

  client.send(h2::headers(id, {{"x", "y"}}, true));

  EXPECT_TRUE(over());
  EXPECT_EQ(stream().reset, std::uint32_t{h2::kProtocolError});
  EXPECT_TRUE(target->ended());
}

TEST_F(H2Tunnel, IsCountedAsAWebSocket) {
  open();
  EXPECT_EQ(before.growth("sluice_websockets", {{"route", "u"}}), 1);

  client.send(h2::data(id, "12345", true));
  EXPECT_EQ(target->rest(), "12345");
  target->close();
  EXPECT_TRUE(over());

  auto line = gw.log_line();
  EXPECT_EQ(json_value(line, "protocol"), "HTTP/2");
  EXPECT_EQ(json_value(line, "status"), "101");
  EXPECT_EQ(before.growth("sluice_websockets"), 0);
  EXPECT_EQ(before.growth("sluice_stream_duration_seconds_count", {{"kind", "websocket"}}), 1);
}

struct IdleH2Tunnel : H2Tunnel {
  IdleH2Tunnel()
      : H2Tunnel(
            "upstreams: {users: {url: \"<users>\", timeouts: {tunnel: 300ms}}}\n"
            "routes: [{name: u, match: {path: /**}, to: users}]") {}
};

TEST_F(IdleH2Tunnel, EndsWithItsStreamAlone) {
  open();

  EXPECT_TRUE(over());
  EXPECT_TRUE(stream().reset);
  EXPECT_TRUE(target->ended());
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "timeout_idle");
  EXPECT_TRUE(client.alive());
}

}  // namespace
}  // namespace sluice::test::h2_tunnel_test

// SPDX-License-Identifier: Apache-2.0
// WebSockets towards targets that speak HTTP/2 (RFC 8441), from clients of HTTP/1.1 and of HTTP/2.
#include <gmock/gmock.h>

#include "gateway/http/h1/websocket_key.h"

#include "tests/support/gateway.h"
#include "tests/support/h2_target.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::h2_upstream_tunnel_test {
namespace {

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

std::string yaml(std::string_view more = {}) {
  return "upstreams: {users: {url: \"<users>\", protocol: h2" + std::string(more) +
         "}}\nroutes: [{name: u, match: {path: /**, method: GET}, to: users}]\n";
}

// The end of a tunnel that a client of either version has.
class TunnelClient {
 public:
  TunnelClient(Gateway& gw, Downstream version) {
    if (version == Downstream::h1) {
      h1_.emplace(gw.connect());
    } else {
      h2_.emplace(gw.h2());
    }
  }

  void ask() {
    if (h1_) {
      h1_->send(get("/chat?room=1",
                    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Key: " +
                        std::string(kKey) + "\r\n"));
      return;
    }
    id_ = h2_->open({{":method", "CONNECT"},
                     {":protocol", "websocket"},
                     {":scheme", h2_->scheme},
                     {":authority", "test.example"},
                     {":path", "/chat?room=1"},
                     {"sec-websocket-protocol", "chat"},
                     {"sec-websocket-version", "13"}},
                    false);
  }
  // The head of the answer.
  Response head() {
    if (h1_) return h1_->response_head();
    h2_->read_until([&] { return stream().response.status != 0 || stream().over(); });
    return stream().response;
  }
  // The whole of an answer that opens no tunnel.
  Response answer() { return h1_ ? h1_->response() : h2_->response(id_); }
  int status_of_a_tunnel() const { return h1_ ? 101 : 200; }
  void send(std::string_view bytes) {
    if (h1_) {
      h1_->send(bytes);
    } else {
      h2_->send(h2::data(id_, bytes, false));
    }
  }
  std::string receive(std::size_t n) {
    if (h1_) return h1_->receive(n);
    h2_->read_until([&] { return stream().response.body.size() >= taken_ + n; });
    auto bytes = stream().response.body.substr(taken_, n);
    taken_ += bytes.size();
    return bytes;
  }
  void half_close() {
    if (h1_) {
      h1_->half_close();
    } else {
      h2_->send(h2::data(id_, "", true));
    }
  }
  void reset() {
    if (h1_) {
      h1_->reset();
    } else {
      h2_->send(h2::reset(id_, h2::kCancel));
    }
  }
  // How the target's side of the tunnel ends.
  bool ended_in_order() { return h1_ ? h1_->ended() && h1_->end() == End::closed : over() && stream().ended; }
  bool broken_off() { return h1_ ? h1_->ended() && h1_->end() == End::reset : over() && stream().reset; }

 private:
  H2Client::Stream& stream() { return h2_->stream(id_); }
  bool over() {
    return h2_->read_until([&] { return stream().over(); });
  }
  std::optional<RawClient> h1_;
  std::optional<H2Client> h2_;
  std::uint32_t id_ = 0;
  std::size_t taken_ = 0;
};

class TunnelToH2 : public ::testing::TestWithParam<Downstream> {
 protected:
  explicit TunnelToH2(const std::string& text = yaml()) : gw(text, GetParam()) {}
  void accept(std::string_view settings = h2::setting(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1)) {
    target.emplace(gw.upstream("users").accept(), settings);
  }
  void ask() {
    client.ask();
    accept();
    request = target->expect_head();
  }
  void open() {
    ask();
    target->headers(request.stream, {{":status", "200"}, {"sec-websocket-protocol", "chat"}});
    ASSERT_EQ(client.head().status, client.status_of_a_tunnel());
  }
  std::string reason() { return json_value(gw.log_line(), "reason"); }

  Gateway gw;
  Metrics before{gw};
  TunnelClient client{gw, GetParam()};
  std::optional<H2Target> target;
  H2Request request;
};

TEST_P(TunnelToH2, IsAnExtendedConnect) {
  ask();

  EXPECT_EQ(request.value(":method"), "CONNECT");
  EXPECT_EQ(request.value(":protocol"), "websocket");
  EXPECT_EQ(request.value(":scheme"), "http");
  EXPECT_EQ(request.value(":path"), "/chat?room=1");
  EXPECT_FALSE(request.value(":authority").empty());
  EXPECT_EQ(request.value("sec-websocket-protocol"), "chat");
  EXPECT_EQ(request.value("sec-websocket-version"), "13");
  EXPECT_EQ(request.value("x-forwarded-proto"), "http");
  for (auto name : {"sec-websocket-key", "connection", "upgrade", "host", "content-length"})
    EXPECT_FALSE(request.has(name)) << name;
}

TEST_P(TunnelToH2, IsToTheClientWhatItAskedFor) {
  ask();
  target->headers(request.stream, {{":status", "200"},
                                   {"sec-websocket-protocol", "chat"},
                                   {"sec-websocket-accept", "of no key"},
                                   {"content-length", "5"}});

  auto answer = client.head();

  EXPECT_EQ(answer.status, client.status_of_a_tunnel());
  EXPECT_THAT(answer, HasField("Sec-WebSocket-Protocol", "chat"));
  EXPECT_THAT(answer, HasNoField("Content-Length"));
  if (GetParam() == Downstream::h1) {
    EXPECT_THAT(answer, HasField("Connection", "Upgrade"));
    EXPECT_THAT(answer, HasField("Upgrade", "websocket"));
    EXPECT_THAT(answer, HasField("Sec-WebSocket-Accept", std::string(http::h1::accept_of(kKey).view())));
  } else {
    EXPECT_THAT(answer, HasNoField("Sec-WebSocket-Accept"));
  }
  target->data(request.stream, "longer than five");
  EXPECT_EQ(client.receive(16), "longer than five");
}

TEST_P(TunnelToH2, PassesBytesBothWays) {
  open();

  client.send("ping");
  EXPECT_EQ(target->expect_body(request.stream, 4).body, "ping");
  target->data(request.stream, "pong");
  EXPECT_EQ(client.receive(4), "pong");
  client.send("again");
  EXPECT_EQ(target->expect_body(request.stream, 9).body, "pingagain");
}

TEST(TunnelOverTls, PassesBytesBothWays) {
  Upstream users;
  users.speak_tls({.certificate = Authority().issue(), .h2 = true});
  Gateway gw("upstreams: {users: {url: \"https://127.0.0.1:" + std::to_string(users.port()) +
                 "\", protocol: h2, tls: {verify: false}}}\n"
                 "routes: [{name: u, match: {path: /**, method: GET}, to: users}]\n",
             Downstream::h2_tls);
  TunnelClient client(gw, Downstream::h2_tls);
  client.ask();
  H2Target target(users.accept(), h2::setting(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1));
  auto request = target.expect_head();
  EXPECT_EQ(request.value(":protocol"), "websocket");
  EXPECT_EQ(request.value(":scheme"), "https");
  target.headers(request.stream, {{":status", "200"}});
  ASSERT_EQ(client.head().status, client.status_of_a_tunnel());

  client.send("ping");
  EXPECT_EQ(target.expect_body(request.stream, 4).body, "ping");
  target.data(request.stream, "pong");
  EXPECT_EQ(client.receive(4), "pong");
}

TEST_P(TunnelToH2, WaitsForTheFirstSettings) {
  client.ask();
  auto connection = gw.upstream("users").accept();
  EXPECT_EQ(connection.receive(h2::kPreface.size()), h2::kPreface);
  Metrics settled(gw);  // the gateway has had its time
  connection.send(h2::settings(h2::setting(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1)));

  for (std::string type;;) {
    auto head = connection.receive(9);
    auto length = static_cast<unsigned char>(head[1]) * 256u + static_cast<unsigned char>(head[2]);
    connection.receive(length);
    if (head[3] == h2::kHeaders) break;
    ASSERT_NE(head[3], h2::kReset);
  }
}

TEST_P(TunnelToH2, NamesTheTargetThatDoesNotTakeIt) {
  client.ask();
  accept(h2::setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 10));

  auto answer = client.answer();

  EXPECT_THAT(answer, Refused(502, "upgrade_unsupported"));
  auto line = gw.log_line();
  EXPECT_THAT(json_value(line, "detail"), ::testing::HasSubstr("ENABLE_CONNECT_PROTOCOL"));
  EXPECT_THAT(line, ::testing::Not(::testing::HasSubstr("attempts"))) << "it would say the same again";
  EXPECT_EQ(before.growth("sluice_websockets"), 0);
}

TEST_P(TunnelToH2, ThatIsRefusedIsAnOrdinaryAnswer) {
  ask();
  target->headers(request.stream, {{":status", "403"}, {"content-length", "2"}});
  target->data(request.stream, "no", true);

  auto answer = client.answer();

  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.body, "no");
  auto sent = target->finish(request.stream);
  EXPECT_TRUE(sent.complete) << "our side is ended in order";
  EXPECT_FALSE(sent.reset);
  EXPECT_EQ(before.growth("sluice_websockets"), 0);
  EXPECT_EQ(reason(), "");
}

TEST_P(TunnelToH2, RelaysTheClientsEndAndGoesOnTheOtherWay) {
  open();

  client.send("last words");
  client.half_close();
  auto sent = target->finish(request.stream);
  EXPECT_EQ(sent.body, "last words");
  EXPECT_FALSE(sent.reset);
  target->data(request.stream, "heard you", true);

  EXPECT_EQ(client.receive(9), "heard you");
  EXPECT_TRUE(client.ended_in_order());
  EXPECT_EQ(reason(), "");
}

TEST_P(TunnelToH2, RelaysTheTargetsEndAndGoesOnTheOtherWay) {
  open();

  target->data(request.stream, "bye", true);
  EXPECT_EQ(client.receive(3), "bye");
  client.send("still");
  EXPECT_EQ(target->expect_body(request.stream, 5).body, "still");
  client.half_close();

  EXPECT_TRUE(target->finish(request.stream).complete);
  EXPECT_TRUE(client.ended_in_order());
  EXPECT_EQ(reason(), "");
}

TEST_P(TunnelToH2, RelaysAResetOfTheClient) {
  open();

  client.reset();

  auto sent = target->finish(request.stream);
  EXPECT_TRUE(sent.reset);
  EXPECT_EQ(sent.error, h2::kCancel);
  EXPECT_EQ(reason(), "client_closed");
}

TEST_P(TunnelToH2, RelaysAResetOfTheTarget) {
  open();

  target->reset(request.stream, h2::kCancel);

  EXPECT_TRUE(client.broken_off());
  EXPECT_EQ(reason(), "upstream_reset");
}

TEST_P(TunnelToH2, RelaysAComplaintOfTheTarget) {
  open();

  target->reset(request.stream, h2::kProtocolError);

  EXPECT_TRUE(client.broken_off());
  EXPECT_EQ(reason(), "upstream_protocol");
}

// RFC 9113 section 8.5
TEST_P(TunnelToH2, EndsWithAFieldSectionOfTheTarget) {
  open();

  target->headers(request.stream, {{"x-trailer", "1"}}, true);

  EXPECT_TRUE(client.broken_off());
  EXPECT_EQ(target->finish(request.stream).error, h2::kProtocolError);
  EXPECT_EQ(reason(), "upstream_protocol");
}

TEST_P(TunnelToH2, RelaysTheEndOfTheTargetsConnection) {
  open();

  target->connection().close();

  EXPECT_TRUE(client.broken_off());
  EXPECT_EQ(reason(), "upstream_reset");
}

TEST_P(TunnelToH2, EndsWhenTheTargetHasSaidAllAndTakesNoMore) {
  open();

  target->data(request.stream, "bye", true);
  EXPECT_EQ(client.receive(3), "bye");
  target->reset(request.stream, h2::kNoError);

  EXPECT_TRUE(client.ended_in_order());
  EXPECT_EQ(reason(), "");
}

TEST_P(TunnelToH2, SharesTheConnectionWithRequests) {
  open();
  auto other = std::async(std::launch::async, [&] { return gw.get("/plain"); });
  auto plain = target->expect_request();
  EXPECT_EQ(plain.value(":method"), "GET");
  target->answer(plain.stream, "plain");

  EXPECT_EQ(other.get().body, "plain");
  EXPECT_EQ(gw.upstream("users").connections(), 1u);
  client.send("ping");
  EXPECT_EQ(target->expect_body(request.stream, 4).body, "ping");
}

TEST_P(TunnelToH2, IsCountedAsAWebSocket) {
  open();
  EXPECT_EQ(before.growth("sluice_websockets", {{"route", "u"}}), 1);

  target->data(request.stream, "", true);
  client.half_close();
  EXPECT_EQ(reason(), "");

  EXPECT_EQ(before.growth("sluice_websockets"), 0);
  EXPECT_EQ(before.growth("sluice_stream_duration_seconds_count", {{"kind", "websocket"}}), 1);
}

class IdleTunnelToH2 : public TunnelToH2 {
 protected:
  IdleTunnelToH2() : TunnelToH2(yaml(", timeouts: {tunnel: 300ms}")) {}
};

TEST_P(IdleTunnelToH2, EndsOnBothSides) {
  open();

  EXPECT_TRUE(target->finish(request.stream).reset);
  EXPECT_EQ(reason(), "timeout_idle");
}

class SilentTargetOfATunnel : public TunnelToH2 {
 protected:
  SilentTargetOfATunnel() : TunnelToH2(yaml(", retry: none, timeouts: {first_byte: 200ms}")) {}
};

TEST_P(SilentTargetOfATunnel, IsNotWaitedForLongerThanForAnAnswer) {
  client.ask();
  auto connection = gw.upstream("users").accept();

  EXPECT_THAT(client.answer(), Refused(504, "timeout_first_byte"));
}

std::string version(const ::testing::TestParamInfo<Downstream>& info) {
  return info.param == Downstream::h1 ? "FromH1" : "FromH2";
}
INSTANTIATE_TEST_SUITE_P(Clients, TunnelToH2, ::testing::Values(Downstream::h1, Downstream::h2), version);
INSTANTIATE_TEST_SUITE_P(Clients, IdleTunnelToH2, ::testing::Values(Downstream::h1, Downstream::h2), version);
INSTANTIATE_TEST_SUITE_P(Clients, SilentTargetOfATunnel, ::testing::Values(Downstream::h1, Downstream::h2),
                         version);

TEST(TunnelOfHttp1ToH2, NeedsAKey) {
  Gateway gw(yaml(), Downstream::h1);
  auto client = gw.connect();
  client.send(get("/chat", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"));

  EXPECT_THAT(client.response(), Refused(400, "bad_request"));
}

TEST(TunnelOfHttp1ToH2, MayBeOfAnyProtocol) {
  Gateway gw(yaml(), Downstream::h1);
  auto client = gw.connect();
  client.send(get("/raw", "Connection: Upgrade\r\nUpgrade: raw\r\n"));
  H2Target target(gw.upstream("users").accept(), h2::setting(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1));
  auto request = target.expect_head();
  EXPECT_EQ(request.value(":protocol"), "raw");
  target.headers(request.stream, {{":status", "200"}});

  auto answer = client.response_head();
  EXPECT_EQ(answer.status, 101);
  EXPECT_THAT(answer, HasField("Upgrade", "raw"));
  EXPECT_THAT(answer, HasNoField("Sec-WebSocket-Accept"));
}

TEST(TunnelOfHttp1ToH2, IsForGetAlone) {
  Gateway gw(
      "upstreams: {users: {url: \"<users>\", protocol: h2}}\nroutes: [{name: u, match: {path: /**}, to: "
      "users}]\n",
      Downstream::h1);
  auto client = gw.connect();
  client.send("DELETE /chat HTTP/1.1\r\nHost: test.example\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n");
  H2Target target(gw.upstream("users").accept(), h2::setting(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1));
  auto request = target.expect_request();
  EXPECT_EQ(request.value(":method"), "DELETE");
  EXPECT_FALSE(request.has(":protocol"));
  EXPECT_FALSE(request.has("upgrade"));
  target.answer(request.stream, "gone");

  EXPECT_EQ(client.response().body, "gone");
}

}  // namespace
}  // namespace sluice::test::h2_upstream_tunnel_test

// SPDX-License-Identifier: Apache-2.0
// PROXY headers to targets.
#include "gateway/net/proxy_protocol.h"

#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::proxy_protocol_test {
namespace {

std::string with(const std::string& version, const std::string& more = "") {
  return "upstreams: {users: {url: <users>, proxy_protocol: " + version +
         "}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n" + more;
}

// The text that ends with a line's end.
std::string line_of(UpstreamConnection& target) {
  std::string line;
  while (!line.ends_with("\n")) {
    auto byte = target.receive(1);
    if (byte.empty()) break;
    line += byte;
  }
  return line;
}

TEST(ProxyToTarget, TellsTheClientsAddressBeforeTheRequest) {
  Gateway gw(with("v1"));
  RawClient client = gw.connect();
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();

  auto header = line_of(target);
  target.expect_request();
  target.send(ok("hi"));

  EXPECT_EQ(client.response().body, "hi");
  EXPECT_EQ(header, "PROXY TCP4 127.0.0.1 127.0.0.1 " + json_value(gw.log_line(), "client_port") + " " +
                        std::to_string(gw.port()) + "\r\n");
}

TEST(ProxyToTarget, SpeaksVersion2) {
  Gateway gw(with("v2"));
  RawClient client = gw.connect();
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();

  auto bytes = target.receive(28);
  target.expect_request();
  target.send(ok("hi"));

  EXPECT_EQ(client.response().body, "hi");
  net::ProxyHeader header;
  ASSERT_EQ(net::parse_proxy_header(bytes, header).kind, net::ProxyVerdict::Kind::complete);
  EXPECT_EQ(header.source.ip(), "127.0.0.1");
  EXPECT_EQ(header.destination.port(), gw.port());
}

TEST(ProxyToTarget, ComesBeforeTheHandshakeOfTls) {
  Upstream users;
  Gateway gw("upstreams: {users: {url: \"https://127.0.0.1:" + std::to_string(users.port()) +
             "\", proxy_protocol: v1, tls: {verify: false}}}\n"
             "routes: [{name: u, match: {path: /**}, to: users}]\n");
  RawClient client = gw.connect();
  client.send(get("/u"));
  auto target = users.accept();

  EXPECT_THAT(line_of(target), ::testing::StartsWith("PROXY TCP4 127.0.0.1 127.0.0.1 "));
  EXPECT_EQ(target.receive(2), "\x16\x03") << "the first bytes of a client's hello";
}

TEST(ProxyToTarget, PassesOnWhatItWasTold) {
  Gateway gw(with("v1", "listeners: {web: {bind: \"127.0.0.1:0\", proxy_protocol: 127.0.0.1}}\n"));
  const std::string header = "PROXY TCP6 2001:db8::1 2001:db8::2 1 443\r\n";
  RawClient client = gw.connect();
  client.send(header + get("/u"));
  auto target = gw.upstream("users").accept();

  EXPECT_EQ(line_of(target), header);
  target.expect_request();
  target.send(ok("hi"));
  EXPECT_EQ(client.response().body, "hi");
}

TEST(ProxyToTarget, UsesAConnectionForOneExchange) {
  Gateway gw(with("v1"));
  RawClient client = gw.connect();
  Metrics before(gw);
  for (int i = 0; i < 3; ++i) {
    client.send(get("/u"));
    auto target = gw.upstream("users").accept();
    line_of(target);
    target.expect_request();
    target.send(ok("hi"));

    EXPECT_EQ(client.response().body, "hi");
    EXPECT_TRUE(target.ended());
  }
  EXPECT_EQ(before.growth("sluice_upstream_connections_total", {{"upstream", "users"}}), 3);
  EXPECT_EQ(before.growth("sluice_upstream_connections", {{"upstream", "users"}}), 0);
}

TEST(ProxyToTarget, KnowsNothingOfAClientOnAUnixSocket) {
  TemporaryDirectory directory;
  auto path = directory / "web.sock";
  Gateway gw(with("v1", "listeners: {web: \"unix:" + path + "\"}\n"));
  RawClient client(path);
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();

  EXPECT_EQ(line_of(target), "PROXY UNKNOWN\r\n");
  target.expect_request();
  target.send(ok("hi"));
  EXPECT_EQ(client.response().body, "hi");
}

TEST(ProxyToTarget, IsSentAgainWithAnotherAttempt) {
  Gateway gw(with("v1"));
  RawClient client = gw.connect();
  client.send(get("/u"));
  {
    auto first = gw.upstream("users").accept();
    line_of(first);
    first.expect_request();
    first.reset();
  }
  auto second = gw.upstream("users").accept();

  EXPECT_THAT(line_of(second), ::testing::StartsWith("PROXY TCP4 127.0.0.1 "));
  second.expect_request();
  second.send(ok("hi"));
  EXPECT_EQ(client.response().body, "hi");
}

}  // namespace
}  // namespace sluice::test::proxy_protocol_test

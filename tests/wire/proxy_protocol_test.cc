// SPDX-License-Identifier: Apache-2.0
// PROXY headers in front of requests, however the bytes arrive: whole, byte by byte, and together with the
// request.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"
#include "tests/support/tls.h"

namespace sluice::test::proxy_protocol_test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kYaml = R"(
listeners:
  web: {bind: "127.0.0.1:0", proxy_protocol: {from: [127.0.0.0/8]}}
  others: {bind: "127.0.0.1:0", proxy_protocol: {from: [192.0.2.0/24, unix]}}
  impatient: {bind: "127.0.0.1:0", proxy_protocol: {from: 127.0.0.1, timeout: 100ms}}
routes:
  - name: u
    match: {path: /**}
    use:
      - headers:
          request:
            set: {X-Id: "[${proxy.unique_id}]", X-Name: "[${proxy.authority}]", X-Client: "${client.ip}",
                  X-Alpn: "[${proxy.alpn}]", X-Endpoint: "[${proxy.vpc_endpoint}]"}
    to: users
)";

const std::string kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
const std::string kAddresses{"\xc0\0\2\1\xc0\0\2\2\xdc\4\1\xbb", 12};
std::string two(std::size_t n) { return {static_cast<char>(n >> 8), static_cast<char>(n & 0xff)}; }
std::string v2(char command, char family, const std::string& block) {
  return kSignature + command + family + two(block.size()) + block;
}
const std::string kText = "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n";
const std::string kBinary = v2('\x21', '\x11', kAddresses);

class ProxyWire : public ::testing::Test {
 protected:
  ProxyWire() { gw.upstream("users").answers(200, "ok"); }
  // Does the connection with these first bytes end without an answer, and is it counted as refused?
  void expect_refused(const std::string& bytes, const std::string& listener = "web") {
    Metrics before(gw);
    RawClient client = gw.connect(listener);
    client.send(bytes);
    EXPECT_TRUE(client.ended()) << ::testing::PrintToString(bytes);
    EXPECT_EQ(before.growth("sluice_connections_rejected_total",
                            {{"listener", listener}, {"reason", "proxy_protocol"}}),
              1);
    EXPECT_EQ(before.growth("sluice_connections_total", {{"listener", listener}}), 0);
  }

  Gateway gw{kYaml};
};

TEST_F(ProxyWire, TellsTheClientsAddress) {
  for (const auto& header : {kText, kBinary}) {
    RawClient client = gw.connect();

    EXPECT_THAT(client.ask(header + get("/")), HasStatus(200));
    EXPECT_THAT(client.ask(get("/again")), HasStatus(200)) << "one header, many requests";

    for (int i = 0; i < 2; ++i) {
      auto line = gw.log_line();
      EXPECT_EQ(json_value(line, "client_ip"), "192.0.2.1");
      EXPECT_EQ(json_value(line, "client_port"), "56324");
    }
    auto request = gw.upstream("users").requests().back();
    EXPECT_THAT(request, HasField("X-Forwarded-For", "192.0.2.1"));
    EXPECT_THAT(request, HasField("X-Client", "192.0.2.1"));
  }
}

TEST_F(ProxyWire, MayArriveByteByByte) {
  for (const auto& header : {kText, kBinary}) {
    RawClient client = gw.connect();

    client.trickle(header);
    client.trickle(get("/"));

    EXPECT_THAT(client.response(), HasStatus(200));
    EXPECT_EQ(json_value(gw.log_line(), "client_ip"), "192.0.2.1");
  }
}

TEST_F(ProxyWire, TellsIpv6AndIpv4InIpv6) {
  EXPECT_THAT(gw.connect().ask("PROXY TCP6 2001:db8::1 ::1 1 2\r\n" + get("/")), HasStatus(200));
  EXPECT_THAT(gw.connect().ask("PROXY TCP6 ::ffff:192.0.2.9 ::1 1 2\r\n" + get("/")), HasStatus(200));

  EXPECT_EQ(json_value(gw.log_line(), "client_ip"), "2001:db8::1");
  EXPECT_EQ(json_value(gw.log_line(), "client_ip"), "192.0.2.9");
}

TEST_F(ProxyWire, LeavesThePeersAddressWhereNoneIsTold) {
  for (const auto& header : {std::string("PROXY UNKNOWN\r\n"), v2('\x20', '\0', ""),
                             v2('\x20', '\x11', kAddresses), v2('\x21', '\0', "")}) {
    EXPECT_THAT(gw.connect().ask(header + get("/")), HasStatus(200));
    EXPECT_EQ(json_value(gw.log_line(), "client_ip"), "127.0.0.1");
  }
}

TEST_F(ProxyWire, KnowsClientsOnAUnixSocketOfTheProxy) {
  EXPECT_THAT(gw.connect().ask(v2('\x21', '\x31', std::string(216, '\0')) + get("/")), HasStatus(200));

  EXPECT_EQ(json_value(gw.log_line(), "client_ip"), "unix");
}

TEST_F(ProxyWire, GivesItsValuesToFilters) {
  auto values = kAddresses + '\2' + two(9) + "a.example" + '\5' + two(2) + "\r\n" + '\1' + two(2) + "h2" +
                '\xea' + two(6) + '\1' + "vpce-";

  EXPECT_THAT(gw.connect().ask(v2('\x21', '\x11', values) + get("/")), HasStatus(200));
  EXPECT_THAT(gw.connect().ask(kText + get("/")), HasStatus(200));

  auto told = gw.upstream("users").request(0), untold = gw.upstream("users").request(1);
  EXPECT_THAT(told, HasField("X-Id", "[0d0a]"));
  EXPECT_THAT(told, HasField("X-Name", "[a.example]"));
  EXPECT_THAT(told, HasField("X-Alpn", "[h2]"));
  EXPECT_THAT(told, HasField("X-Endpoint", "[vpce-]"));
  for (auto name : {"X-Id", "X-Name", "X-Alpn", "X-Endpoint"}) EXPECT_THAT(untold, HasField(name, "[]"));
}

TEST(ProxyBeforeAnything, ComesBeforeHttp2) {
  Gateway gw(
      "listeners: {web: {bind: \"127.0.0.1:0\", protocols: [h1, h2], proxy_protocol: 127.0.0.1}}\n"
      "routes: [{name: u, match: {path: /**}, to: users}]\n");
  gw.upstream("users").answers(200, "ok");
  for (const auto& header : {kText, kBinary}) {
    Socket socket = Socket::connect(gw.port());
    socket.send(header);
    H2Client client(std::move(socket));

    EXPECT_EQ(client.get("/u").body, "ok");
    EXPECT_EQ(json_value(gw.log_line(), "client_ip"), "192.0.2.1");
  }
}

TEST(ProxyBeforeAnything, ComesBeforeTheHandshakeOfTls) {
  Authority authority;
  auto issued = authority.issue();
  TemporaryDirectory files;
  Gateway gw("listeners: {web: {bind: \"127.0.0.1:0\", proxy_protocol: 127.0.0.1, tls: {certs: [{cert: \"" +
             files.write("a.pem", issued.certificate) + "\", key: \"" + files.write("a.key", issued.key) +
             "\"}]}}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n");
  gw.upstream("users").answers(200, "ok");
  for (const auto& header : {kText, kBinary}) {
    Socket socket = Socket::connect(gw.port());
    socket.send(header);
    ASSERT_EQ(secure(socket, {.ca = authority.certificate()}), "");
    RawClient client(std::move(socket));

    EXPECT_EQ(client.ask(get("/u")).body, "ok");
    EXPECT_EQ(json_value(gw.log_line(), "client_ip"), "192.0.2.1");
  }
}

TEST_F(ProxyWire, IsRequired) {
  expect_refused(get("/"));
  expect_refused("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
  expect_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}

TEST_F(ProxyWire, MustBeValid) {
  expect_refused("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 1\r\n" + get("/"));
  expect_refused("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\n" + get("/"));
  expect_refused("PROXY UNKNOWN " + std::string(200, 'x'));
  expect_refused(v2('\x31', '\x11', kAddresses) + get("/"));
  expect_refused(v2('\x21', '\x12', kAddresses) + get("/"));
  expect_refused(v2('\x21', '\x11', kAddresses.substr(2)) + get("/"));
  expect_refused(v2('\x21', '\x11', kAddresses + "\5\0\5id"));
  expect_refused(kSignature + "\x21\x11\xff\xff" + std::string(1000, '\0'));
}

TEST_F(ProxyWire, IsTakenOnce) {
  EXPECT_THAT(gw.connect().ask(kText + kText + get("/")), Refused(400, "bad_request"));
}

TEST_F(ProxyWire, IsTakenFromThoseListedAlone) {
  expect_refused(kText + get("/"), "others");
  expect_refused(get("/"), "others");
}

TEST_F(ProxyWire, MustNotBeCutOff) {
  for (const auto& header : {kText, kBinary}) {
    Metrics before(gw);
    RawClient client = gw.connect();
    client.send(header.substr(0, header.size() - 1));
    client.half_close();

    EXPECT_TRUE(client.ended());
    EXPECT_EQ(before.growth("sluice_connections_rejected_total", {{"listener", "web"}}), 1);
  }
}

TEST_F(ProxyWire, MustComeInTime) {
  Metrics before(gw);
  RawClient silent = gw.connect("impatient"), slow = gw.connect("impatient");
  slow.send(kText.substr(0, 10));

  EXPECT_TRUE(silent.ended());
  EXPECT_TRUE(slow.ended());
  EXPECT_EQ(before.growth("sluice_connections_rejected_total", {{"listener", "impatient"}}), 2);
}

TEST_F(ProxyWire, MayComeWhileTheListenerDrains) {
  RawClient client = gw.connect();
  client.send(kText.substr(0, 10));
  RawClient later = gw.connect();  // once it has an answer, the one before it has been accepted
  ASSERT_THAT(later.ask(kText + get("/")), HasStatus(200));
  auto cut = gw.drain();
  while (gw.connect().open()) {
  }

  client.send(kText.substr(10) + get("/"));

  auto response = client.response();
  EXPECT_THAT(response, HasStatus(200));
  EXPECT_THAT(response, HasField("Connection", "close"));
  EXPECT_EQ(cut.get(), 0u);
}

TEST_F(ProxyWire, DoesNotCountProbesThatOnlyConnect) {
  Metrics before(gw);
  RawClient probe = gw.connect();
  probe.half_close();

  EXPECT_TRUE(probe.ended());
  EXPECT_EQ(before.growth("sluice_connections_rejected_total", {{"listener", "web"}}), 0);
}

}  // namespace
}  // namespace sluice::test::proxy_protocol_test

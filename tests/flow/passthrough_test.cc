// SPDX-License-Identifier: Apache-2.0
// TLS connections that are passed on by their server name, as they are. What follows the hello is no TLS
// here: nobody on the way may care.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"
#include "tests/support/tls.h"

namespace sluice::test::passthrough_test {
namespace {

using ::testing::HasSubstr;

std::string counted(const std::string& bytes, int width) {
  std::string out;
  for (int i = width - 1; i >= 0; --i) out += static_cast<char>(bytes.size() >> (8 * i) & 0xff);
  return out + bytes;
}

// The first message of a client that asks for `name`, in records of at most `size` bytes.
std::string hello(const std::string& name, std::size_t size = 16384) {
  std::string zero(1, '\0');
  std::string list = counted(zero + counted(name, 2), 2);
  std::string extensions = name.empty() ? "" : zero + zero + counted(list, 2);
  std::string body = "\x03\x03" + std::string(32, 'r') + counted("", 1) + counted("\x13\x01", 2) +
                     counted(zero, 1) + counted(extensions, 2);
  std::string message = "\x01" + counted(body, 3), out;
  for (std::size_t at = 0; at < message.size(); at += size)
    out += "\x16\x03\x01" + counted(message.substr(at, size), 2);
  return out;
}
const std::string kShop = hello("shop.example.com");
const std::string kUnrecognized{"\x15\x03\x03\0\2\2\x70", 7}, kInternal{"\x15\x03\x03\0\2\2\x50", 7};

std::string with(const std::string& rules, const std::string& upstreams, const std::string& listener = "") {
  return "listeners: {web: {bind: \"127.0.0.1:0\", passthrough: [" + rules + "]" + listener +
         "}}\nupstreams: {" + upstreams + "}\nroutes: []\n";
}
const std::string kYaml =
    with("{sni: [shop.example.com, \"*.shop.example.com\"], to: shop}, {sni: \"*.example.com\", to: rest}",
         "shop: {url: <shop>}, rest: {url: <rest>}");

TEST(Passthrough, MovesBytesAsTheyAreByServerName) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send(kShop + "and more");
  auto target = gw.upstream("shop").accept();

  EXPECT_EQ(target.receive(kShop.size() + 8), kShop + "and more");
  target.send("an answer");
  EXPECT_EQ(client.receive(9), "an answer");
  client.send("again");
  EXPECT_EQ(target.receive(5), "again");
}

TEST(Passthrough, PrefersExactNamesAndLongWildcards) {
  Gateway gw(kYaml);
  struct Case {
    const char *name, *upstream;
  };
  for (auto [name, upstream] : {Case{"shop.example.com", "shop"}, Case{"SHOP.example.com", "shop"},
                                Case{"eu.shop.example.com", "shop"}, Case{"a.b.shop.example.com", "shop"},
                                Case{"blog.example.com", "rest"}}) {
    RawClient client = gw.connect();
    client.send(hello(name));
    auto target = gw.upstream(upstream).accept();

    EXPECT_EQ(target.receive(hello(name).size()), hello(name)) << name;
  }
}

TEST(Passthrough, ReadsHellosInPieces) {
  Gateway gw(kYaml);
  auto bytes = hello("shop.example.com", 5);
  RawClient client = gw.connect();
  client.trickle(bytes);
  auto target = gw.upstream("shop").accept();

  EXPECT_EQ(target.receive(bytes.size()), bytes);
}

TEST(Passthrough, RefusesNamesThatNobodyServes) {
  Gateway gw(kYaml);
  Metrics before(gw);
  for (const char* name : {"example.com", "shop.example.org", ""}) {
    RawClient client = gw.connect();
    client.send(hello(name));
    EXPECT_EQ(client.rest(), kUnrecognized) << name;
  }
  EXPECT_EQ(before.growth("sluice_connections_rejected_total", {{"listener", "web"}, {"reason", "sni"}}), 3);
  EXPECT_EQ(before.growth("sluice_connections_total", {{"listener", "web"}}), 0);
}

TEST(Passthrough, TakesEveryOtherNameWithAStar) {
  Gateway gw(with("{sni: shop.example.com, to: shop}, {sni: \"*\", to: rest}",
                  "shop: {url: <shop>}, rest: {url: <rest>}"));
  for (const char* name : {"example.org", ""}) {
    RawClient client = gw.connect();
    client.send(hello(name));
    auto target = gw.upstream("rest").accept();
    EXPECT_EQ(target.receive(hello(name).size()), hello(name)) << name;
  }
}

TEST(Passthrough, LeavesOtherNamesToAListenerThatHasCertificates) {
  Authority authority;
  auto issued = authority.issue();
  TemporaryDirectory files;
  Gateway gw(
      "listeners: {web: {bind: \"127.0.0.1:0\", passthrough: [{sni: shop.example.com, to: shop}],"
      " tls: {certs: [{cert: \"" +
      files.write("a.pem", issued.certificate) + "\", key: \"" + files.write("a.key", issued.key) +
      "\"}]}}}\nupstreams: {shop: {url: <shop>}}\n"
      "routes: [{name: r, match: {path: /**}, respond: {body: here}}]\n");
  RawClient passed = gw.connect();
  passed.send(kShop);
  auto target = gw.upstream("shop").accept();
  TlsClient served(gw.port(), {.ca = authority.certificate()});

  EXPECT_EQ(target.receive(kShop.size()), kShop);
  EXPECT_EQ(served.failure(), "");
  EXPECT_EQ(served.ask(get("/")).body, "here");
}

TEST(Passthrough, RefusesWhatIsNoTls) {
  Gateway gw(kYaml);
  Metrics before(gw);
  for (const std::string& bytes :
       {std::string("SSH-2.0-x\r\n"), std::string("\x16\x03\x01\0\0", 5), kShop.substr(0, 20)}) {
    RawClient client = gw.connect();
    client.send(bytes);
    client.half_close();
    EXPECT_TRUE(client.ended());
  }
  EXPECT_EQ(before.growth("sluice_connections_rejected_total", {{"listener", "web"}, {"reason", "sni"}}), 3);
}

TEST(Passthrough, AnswersPlainHttpInPlainWords) {
  Gateway gw(kYaml);
  Metrics before(gw);
  RawClient client = gw.connect();

  auto answer = client.ask(get("/"));

  EXPECT_THAT(answer, Refused(400, "bad_request"));
  EXPECT_THAT(answer.body, testing::HasSubstr("use https://"));
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(before.growth("sluice_connections_rejected_total", {{"listener", "web"}, {"reason", "sni"}}), 1);
}

TEST(Passthrough, WaitsForAHelloNoLongerThanForAHead) {
  Gateway gw(with("{sni: \"*\", to: shop}", "shop: {url: <shop>}", ", timeouts: {head: 100ms}"));
  RawClient client = gw.connect();
  client.send(kShop.substr(0, 20));

  EXPECT_TRUE(client.ended());
}

TEST(Passthrough, PassesTheEndOnInOneDirection) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send(kShop);
  client.half_close();
  auto target = gw.upstream("shop").accept();

  EXPECT_EQ(target.rest(), kShop);
  target.send("still there");
  EXPECT_EQ(client.receive(11), "still there");
  target.close();
  EXPECT_TRUE(client.ended());
}

TEST(Passthrough, PassesAResetOn) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send(kShop);
  auto target = gw.upstream("shop").accept();
  target.receive(kShop.size());

  client.reset();

  EXPECT_TRUE(target.ended());
  EXPECT_EQ(target.end(), End::reset);
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "client_closed");
}

TEST(Passthrough, CarriesMuchBothWays) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send(kShop);
  auto target = gw.upstream("shop").accept();
  target.receive(kShop.size());
  auto much = patterned(4 << 20);

  client.send(much);
  EXPECT_TRUE(target.receive(much.size()) == much);
  target.send(much);
  EXPECT_TRUE(client.receive(much.size()) == much);
}

TEST(Passthrough, ReadsNoMoreThanTheOtherSideTakes) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send(kShop);
  auto target = gw.upstream("shop").accept();
  std::string chunk(1 << 20, 'x');
  std::size_t sent = 0;
  while (std::size_t n = client.send_some(chunk)) {
    sent += n;
    ASSERT_LT(sent, std::size_t{64} << 20) << "nobody reads, and still it takes more";
  }
  EXPECT_EQ(target.receive(kShop.size() + sent).size(), kShop.size() + sent);
}

TEST(Passthrough, IsCountedAndLogged) {
  Gateway gw(kYaml);
  Metrics before(gw);
  {
    RawClient client = gw.connect();
    client.send(kShop);
    auto target = gw.upstream("shop").accept();
    target.receive(kShop.size());
    target.send("12345");
    client.receive(5);
    EXPECT_EQ(before.growth("sluice_connections", {{"listener", "web"}, {"protocol", "passthrough"}}), 1);
    EXPECT_EQ(before.growth("sluice_upstream_connections",
                            {{"upstream", "shop"}, {"state", "active"}, {"protocol", "passthrough"}}),
              1);
  }
  auto line = gw.log_line();
  EXPECT_EQ(json_value(line, "host"), "shop.example.com");
  EXPECT_EQ(json_value(line, "protocol"), "TLS");
  EXPECT_EQ(json_value(line, "upstream"), "shop");
  EXPECT_EQ(json_value(line, "client_ip"), "127.0.0.1");
  EXPECT_EQ(json_value(line, "bytes_in"), std::to_string(kShop.size()));
  EXPECT_EQ(json_value(line, "bytes_out"), "5");
  EXPECT_EQ(before.growth("sluice_connections", {{"listener", "web"}}), 0);
  EXPECT_EQ(before.growth("sluice_upstream_connections", {{"upstream", "shop"}}), 0);
}

TEST(Passthrough, TriesAnotherTarget) {
  Gateway gw(with("{sni: \"*\", to: shop}", "shop: {balance: round_robin, targets: [<one>, <two>]}"));
  gw.upstream("one").stop_listening();
  for (int i = 0; i < 2; ++i) {
    RawClient client = gw.connect();
    client.send(kShop);
    EXPECT_EQ(gw.upstream("two").accept().receive(kShop.size()), kShop);
  }
}

// Whichever worker has the unused connection, and whichever gets the tunnel.
TEST(Passthrough, TakesTheRoomOfUnusedConnectionsOfAnyWorker) {
  Gateway gw(
      "workers: 2\nlisteners: {plain: {bind: \"127.0.0.1:0\"}, web: {bind: \"127.0.0.1:0\", passthrough: "
      "[{sni: \"*\", to: shop}]}}\nupstreams: {shop: {url: <shop>, pool: {max_connections: 1}}}\n"
      "routes: [{name: all, match: {path: /**}, to: shop}]\n");
  for (int i = 0; i < 16; ++i) {
    RawClient plain = gw.connect("plain");
    plain.send(get("/"));
    auto served = gw.upstream("shop").accept();
    served.expect_request();
    served.send(ok("done"));
    EXPECT_EQ(plain.response().body, "done");
    ASSERT_TRUE(
        Metrics(gw).becomes(1, "sluice_upstream_connections", {{"upstream", "shop"}, {"state", "idle"}}));

    RawClient client = gw.connect();
    client.send(kShop);
    auto target = gw.upstream("shop").accept();
    EXPECT_EQ(target.receive(kShop.size()), kShop) << i;
    target.close();
    EXPECT_TRUE(client.ended());
    client.close();
    ASSERT_TRUE(Metrics(gw).becomes(0, "sluice_upstream_connections", {{"upstream", "shop"}}));
  }
}

TEST(Passthrough, SaysSoWhenNoTargetCanBeReached) {
  Gateway gw(kYaml);
  gw.upstream("shop").stop_listening();
  RawClient client = gw.connect();
  client.send(kShop);

  EXPECT_EQ(client.rest(), kInternal);
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "upstream_connect_failed");
}

TEST(Passthrough, IsGivenUpWhenTheClientBreaksWhileATargetIsBeingConnectedTo) {
  Bell bell;
  Socket reserved = Socket::reserve();
  // Its one place in the queue is taken: connections are neither made nor refused.
  Socket listener = Socket::listen(reserved.port(), &bell, 0);
  Socket filler = Socket::connect(reserved.port());
  Gateway gw(with(
      "{sni: \"*\", to: shop}",
      "shop: {url: \"http://127.0.0.1:" + std::to_string(reserved.port()) + "\", timeouts: {connect: 1h}}"));
  Metrics before(gw);
  RawClient client = gw.connect();
  client.send(kShop);
  ASSERT_TRUE(before.becomes(1, "sluice_connections", {{"listener", "web"}, {"protocol", "passthrough"}}));

  client.reset();

  EXPECT_EQ(json_value(gw.log_line(), "reason"), "client_closed");
  EXPECT_TRUE(before.becomes(0, "sluice_connections", {{"listener", "web"}, {"protocol", "passthrough"}}));
}

TEST(Passthrough, EndsWhenNothingMoves) {
  Gateway gw(with("{sni: \"*\", to: shop}", "shop: {url: <shop>, timeouts: {tunnel: 200ms}}"));
  RawClient client = gw.connect();
  client.send(kShop);
  auto target = gw.upstream("shop").accept();
  target.receive(kShop.size());

  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(target.ended());
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "timeout_idle");
}

TEST(Passthrough, GoesWithThePolicyOfProxiesOnBothSides) {
  Gateway gw(with("{sni: \"*\", to: shop}", "shop: {url: <shop>, proxy_protocol: v1}",
                  ", proxy_protocol: 127.0.0.1"));
  const std::string header = "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n";
  RawClient client = gw.connect();
  client.send(header + kShop);
  auto target = gw.upstream("shop").accept();

  EXPECT_EQ(target.receive(header.size() + kShop.size()), header + kShop);
  client.close();
  target.close();
  EXPECT_EQ(json_value(gw.log_line(), "client_ip"), "192.0.2.1");
}

TEST(Passthrough, LivesThroughAReload) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send(kShop);
  auto target = gw.upstream("shop").accept();
  target.receive(kShop.size());

  EXPECT_TRUE(gw.reload(with("{sni: \"*\", to: rest}", "rest: {url: <rest>}")).good);
  client.send("on");
  EXPECT_EQ(target.receive(2), "on");
  RawClient next = gw.connect();
  next.send(kShop);
  EXPECT_EQ(gw.upstream("rest").accept().receive(kShop.size()), kShop);
}

TEST(Passthrough, IsCutAtTheEndOfTheGrace) {
  Gateway gw(kYaml + "shutdown: {pre_stop: 0s, grace: 100ms}\n");
  RawClient client = gw.connect();
  client.send(kShop);
  auto target = gw.upstream("shop").accept();
  target.receive(kShop.size());

  EXPECT_EQ(gw.drain().get(), 1u);
}

TEST(Passthrough, NamesAreGivenOnce) {
  Gateway gw(kYaml);

  auto twice = gw.reload(
      with("{sni: [a.example, A.example], to: rest}, {sni: a.example, to: rest}", "rest: {url: <rest>}"));

  EXPECT_FALSE(twice.good);
  EXPECT_THAT(twice.diagnostics, HasSubstr("is the same name as "));
}

}  // namespace
}  // namespace sluice::test::passthrough_test

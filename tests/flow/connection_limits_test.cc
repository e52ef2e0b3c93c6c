// SPDX-License-Identifier: Apache-2.0
// How many connections a listener takes, in all and from each client.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::connection_limits_test {
namespace {

std::string with(const std::string& limits, const std::string& more = "") {
  return "listeners: {web: {bind: \"127.0.0.1:0\", " + limits +
         "}}\nroutes: [{name: r, match: {path: /**}, respond: 204}]\n" + more;
}

bool served(RawClient& client) { return client.ask(get("/")).status == 204; }

TEST(MaxConnections, ClosesWhatIsTooMuchAndTakesOthersAgain) {
  Gateway gw(with("max_connections: 2", "workers: 2\n"));
  Metrics before(gw);
  auto first = gw.connect(), second = gw.connect();
  EXPECT_TRUE(served(first));
  EXPECT_TRUE(served(second));

  auto third = gw.connect();
  EXPECT_TRUE(third.ended());
  EXPECT_TRUE(served(first)) << "the others are unhurt";
  EXPECT_EQ(before.growth("sluice_connections_rejected_total", {{"listener", "web"}, {"reason", "limit"}}),
            1);
  EXPECT_EQ(before.growth("sluice_connections", {{"listener", "web"}}), 2);

  first.send(get("/", "Connection: close\r\n"));
  first.response();
  EXPECT_TRUE(first.ended());
  gw.metrics();  // the worker has done with it
  auto fourth = gw.connect();
  EXPECT_TRUE(served(fourth));
}

TEST(MaxConnections, CountsThroughAReload) {
  Gateway gw(with("max_connections: 1"));
  auto first = gw.connect();
  EXPECT_TRUE(served(first));

  EXPECT_TRUE(gw.reload(with("max_connections: 2")).good);
  auto second = gw.connect(), third = gw.connect();

  EXPECT_TRUE(served(second));
  EXPECT_TRUE(third.ended());
}

TEST(MaxConnectionsPerIp, CountsTheClientsThatABalancerTellsOf) {
  Gateway gw(with("max_connections_per_ip: 1, proxy_protocol: 127.0.0.1"));
  Metrics before(gw);
  auto from = [&](const std::string& ip) {
    auto client = gw.connect();
    client.send("PROXY TCP4 " + ip + " 192.0.2.99 1 2\r\n" + get("/"));
    return client;
  };
  auto one = from("192.0.2.1"), two = from("192.0.2.2");
  EXPECT_EQ(one.response().status, 204);
  EXPECT_EQ(two.response().status, 204);

  auto again = from("192.0.2.1");

  EXPECT_TRUE(again.ended());
  EXPECT_EQ(before.growth("sluice_connections_rejected_total", {{"listener", "web"}, {"reason", "ip"}}), 1);
}

TEST(MaxConnectionsPerIp, CountsPeersWhereNobodyTells) {
  Gateway gw(with("max_connections_per_ip: 1"));
  auto first = gw.connect(), second = gw.connect();

  EXPECT_TRUE(served(first));
  EXPECT_TRUE(second.ended());
}

}  // namespace
}  // namespace sluice::test::connection_limits_test

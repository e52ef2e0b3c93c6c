// SPDX-License-Identifier: Apache-2.0
// Clients that are too slow on the whole, though never silent for long; and listeners that accept slowly. No
// test asks how long it took.
#include <gmock/gmock.h>

#include <thread>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::data_rate_test {
namespace {

std::string yaml(const std::string& listener) {
  return "listeners: {web: {bind: \"127.0.0.1:0\", " + listener +
         "}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n";
}

TEST(MinDataRate, RefusesABodyThatTrickles) {
  // More than comes by single bytes, however quickly they go round.
  Gateway gw(yaml("min_data_rate: {rate: 100MiB, grace: 200ms}"), Downstream::h1);
  RawClient client = gw.connect();
  client.send("POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nh");
  auto target = gw.upstream("users").accept();
  target.expect_head();

  // Somebody who sends a byte whenever one has arrived is never silent.
  std::thread trickle([&] {
    while (target.receive(1) == "h" && client.send("h")) {
    }
  });
  EXPECT_THAT(client.response(), Refused(408, "client_timeout"));
  trickle.join();
}

TEST(MinDataRate, LeavesQuickBodiesAlone) {
  Gateway gw(yaml("min_data_rate: {rate: 1KiB, grace: 200ms}"), Downstream::h1);
  gw.upstream("users").answers(200, "ok");

  EXPECT_EQ(gw.post("/u", patterned(3 << 20)).body, "ok");
  EXPECT_EQ(gw.upstream("users").request().body, patterned(3 << 20));
}

TEST(MinDataRate, CutsWhoReadsTooSlowly) {
  Gateway gw(yaml("min_data_rate: {rate: 1GiB, grace: 300ms}, timeouts: {write: 1h}"), Downstream::h1);
  gw.upstream("users").answers(200, patterned(16 << 20));
  RawClient client = gw.connect("web", 4096);
  client.send(get("/u"));
  client.response_head();

  EXPECT_EQ(json_value(gw.log_line(), "reason"), "client_write_timeout");
}

TEST(MinDataRate, HoldsOverHttp2) {
  Gateway gw(yaml("protocols: [h2], min_data_rate: {rate: 1KiB, grace: 200ms}"), Downstream::h2);
  H2Client client = gw.h2();

  auto stream = client.open(h2::request("POST", "/u"), false);

  EXPECT_THAT(client.response(stream), Refused(408, "client_timeout"));
}

TEST(RequestTimeout, EndsABodyThatIsNeverSilentForLong) {
  Gateway gw(yaml("timeouts: {request: 500ms}"), Downstream::h1);
  RawClient client = gw.connect();
  client.send("POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\nh");
  auto target = gw.upstream("users").accept();
  target.expect_head();

  std::thread trickle([&] {
    while (target.receive(1) == "h" && client.send("h")) {
    }
  });
  EXPECT_THAT(client.response(), Refused(408, "client_timeout"));
  trickle.join();
}

TEST(RequestTimeout, EndsAHeadToo) {
  Gateway gw(yaml("timeouts: {request: 300ms, head: 1h}"), Downstream::h1);
  RawClient client = gw.connect();
  client.send("GET /u HTTP/1.1\r\nHost:");

  EXPECT_THAT(client.response(), Refused(408, "client_timeout"));
}

TEST(RequestTimeout, HoldsOverHttp2) {
  Gateway gw(yaml("protocols: [h2], timeouts: {request: 300ms, body: 1h}"), Downstream::h2);
  H2Client client = gw.h2();

  auto stream = client.open(h2::request("POST", "/u"), false);

  EXPECT_THAT(client.response(stream), Refused(408, "client_timeout"));
}

TEST(RequestTimeout, DoesNotConcernWhatComesInTime) {
  Gateway gw(yaml("timeouts: {request: 1h}"), Downstream::h1);
  gw.upstream("users").answers(200, "ok");

  EXPECT_EQ(gw.post("/u", patterned(3 << 20)).body, "ok");
  EXPECT_EQ(gw.upstream("users").request().body, patterned(3 << 20));
}

TEST(AcceptRate, LetsClientsWaitForTheirTurn) {
  Gateway gw(yaml("max_accept_rate: 5/s"), Downstream::h1);
  gw.upstream("users").answers(200, "ok");

  for (int i = 0; i < 8; ++i) EXPECT_EQ(gw.get("/u").body, "ok");
}

}  // namespace
}  // namespace sluice::test::data_rate_test

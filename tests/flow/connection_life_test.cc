// SPDX-License-Identifier: Apache-2.0
// How connections end that have lasted long enough: told so, and with what is under way on them finished.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::connection_life_test {
namespace {

std::string with(const std::string& limits, Downstream version = Downstream::h1) {
  return std::string("listeners: {web: {bind: \"127.0.0.1:0\", protocols: ") +
         (version == Downstream::h1 ? "[h1], " : "[h2], ") + limits +
         "}}\nroutes: [{name: r, match: {path: /**}, to: users}]\n";
}

// Long enough to be asked something before it has passed, also on a machine that is busy elsewhere for a
// while.
const std::string kAge = "max_connection_age: 1s";

TEST(ConnectionAge, ClosesAnIdleConnectionOfHttp1) {
  Gateway gw(with(kAge), Downstream::h1);
  gw.upstream("users").answers(200, "ok");
  RawClient client = gw.connect();
  EXPECT_EQ(client.ask(get("/u")).body, "ok");

  EXPECT_TRUE(client.ended());
  EXPECT_EQ(client.end(), End::closed);
}

TEST(ConnectionAge, EndsABusyConnectionOfHttp1WithItsResponse) {
  Gateway gw(with(kAge), Downstream::h1);
  RawClient idle = gw.connect(), client = gw.connect();
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  EXPECT_TRUE(idle.ended());
  gw.metrics();
  RawClient younger = gw.connect();
  EXPECT_TRUE(younger.ended()) << "so long has the other one been too old";
  target.send(ok("in time"));

  auto answer = client.response();
  EXPECT_EQ(answer.body, "in time");
  EXPECT_THAT(answer, HasField("Connection", "close"));
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "");
}

TEST(ConnectionAge, LetsAStreamOfHttp2FinishAfterTwoGoaways) {
  Gateway gw(with(kAge, Downstream::h2), Downstream::h2);
  H2Client client = gw.h2();
  auto first = client.open_get("/u");
  auto target = gw.upstream("users").accept();
  target.expect_request();

  EXPECT_TRUE(client.read_until([&] { return client.goaways() >= 2; }));
  EXPECT_EQ(client.goaway(), std::optional<std::uint32_t>(NGHTTP2_NO_ERROR));
  EXPECT_EQ(client.goaway_last(), first);
  EXPECT_FALSE(client.stream(first).over());
  target.send(ok("in time"));

  EXPECT_EQ(client.response(first).body, "in time");
  EXPECT_TRUE(client.ended());
}

TEST(ConnectionAge, ClosesAnIdleConnectionOfHttp2) {
  Gateway gw(with(kAge, Downstream::h2), Downstream::h2);
  gw.upstream("users").answers(200, "ok");
  H2Client client = gw.h2();
  EXPECT_EQ(client.get("/u").body, "ok");

  EXPECT_TRUE(client.ended());
  EXPECT_EQ(client.goaway(), std::optional<std::uint32_t>(NGHTTP2_NO_ERROR));
}

TEST(ConnectionAge, LeavesTunnelsAlone) {
  Gateway gw(with(kAge), Downstream::h1);
  RawClient idle = gw.connect(), client = gw.connect();
  client.send(get("/u", "Connection: Upgrade\r\nUpgrade: raw\r\n"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  target.send("HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n");
  EXPECT_EQ(client.response_head().status, 101);

  EXPECT_TRUE(idle.ended());
  RawClient younger = gw.connect();
  EXPECT_TRUE(younger.ended());
  client.send("ping");

  EXPECT_EQ(target.receive(4), "ping");
}

TEST(ConnectionAgeGrace, CutsWhatGoesOn) {
  for (auto version : {Downstream::h1, Downstream::h2}) {
    Gateway gw(with(kAge + ", max_connection_age_grace: 100ms", version), version);
    auto asking = std::async(std::launch::async, [&] { return gw.get("/u"); });
    auto target = gw.upstream("users").accept();
    target.expect_request();

    EXPECT_TRUE(target.ended());
    EXPECT_NE(asking.get().status, 200);
    EXPECT_EQ(json_value(gw.log_line(), "reason"), "draining");
  }
}

TEST(MaxRequests, SaysWithTheLastResponseThatTheConnectionEnds) {
  Gateway gw(with("max_requests_per_connection: 2"), Downstream::h1);
  gw.upstream("users").answers(200, "ok");
  RawClient client = gw.connect();

  EXPECT_THAT(client.ask(get("/u")), HasNoField("Connection"));
  EXPECT_THAT(client.ask(get("/u")), HasField("Connection", "close"));

  EXPECT_TRUE(client.ended());
  EXPECT_EQ(gw.get("/u").body, "ok") << "each connection has its own";
}

TEST(MaxRequests, ServesNoPipelinedRequestAfterTheLastOne) {
  Gateway gw(with("max_requests_per_connection: 2"), Downstream::h1);
  gw.upstream("users").answers(200, "ok");
  RawClient client = gw.connect();

  client.send(get("/1") + get("/2") + get("/3"));

  EXPECT_EQ(client.response().body, "ok");
  EXPECT_EQ(client.response().body, "ok");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(gw.upstream("users").request_count(), 2u);
}

TEST(MaxRequests, EndsAConnectionOfHttp2WithItsStreams) {
  Gateway gw(with("max_requests_per_connection: 2", Downstream::h2), Downstream::h2);
  gw.upstream("users").answers(200, "ok");
  H2Client client = gw.h2();

  EXPECT_EQ(client.get("/u").body, "ok");
  EXPECT_EQ(client.goaways(), 0u);
  EXPECT_EQ(client.get("/u").body, "ok");

  EXPECT_TRUE(client.ended());
  EXPECT_EQ(client.goaway(), std::optional<std::uint32_t>(NGHTTP2_NO_ERROR));
}

}  // namespace
}  // namespace sluice::test::connection_life_test

// SPDX-License-Identifier: Apache-2.0
#include "tests/support/h2_bridge.h"

#include <gtest/gtest.h>

#include "tests/support/h2_client.h"
#include "tests/support/upstream.h"

namespace sluice::test::h2_bridge_test {
namespace {

TEST(H2Bridge, PassesARequestAndItsAnswerOn) {
  Upstream users(true);
  users.answers(201, "made", {{"X-A", "b"}});
  H2Client client(users.port());

  auto response = client.post("/u?x=1", "the body", {{"x-mine", "yes"}});

  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.value("x-a"), "b");
  EXPECT_EQ(response.body, "made");
  auto request = users.request();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/u?x=1");
  EXPECT_EQ(request.value("Host"), "test.example");
  EXPECT_EQ(request.value("x-mine"), "yes");
  EXPECT_EQ(request.value("Content-Length"), "8");
  EXPECT_EQ(request.body, "the body");
}

TEST(H2Bridge, GivesEachOfTwoAtATimeAConnection) {
  Upstream users(true);
  H2Client client(users.port());
  auto first = client.open_get("/1");
  auto one = users.accept();
  auto second = client.open_get("/2");
  auto two = users.accept();

  EXPECT_EQ(two.expect_request().target, "/2");
  two.send(ok("two"));
  EXPECT_EQ(client.response(second).body, "two");
  EXPECT_EQ(one.expect_request().target, "/1");
  one.send(ok("one"));
  EXPECT_EQ(client.response(first).body, "one");
  EXPECT_EQ(users.connections(), 2u);
}

TEST(H2Bridge, KeepsAConnectionForTheNextRequest) {
  Upstream users(true);
  users.answers(200, "ok");
  H2Client client(users.port());

  EXPECT_EQ(client.get("/1").body, "ok");
  EXPECT_EQ(client.get("/2").body, "ok");

  EXPECT_EQ(users.connections(), 1u);
}

TEST(H2Bridge, GivesABodyOfUnknownLengthInChunksAndWithItsTrailers) {
  Upstream users(true);
  users.answers(200, "ok");
  H2Client client(users.port());
  auto id = client.open(h2::request("POST", "/"), false);
  client.send(h2::data(id, "one", false) + h2::data(id, "two", false) +
              h2::headers(id, {{"x-sum", "6"}}, true));

  EXPECT_EQ(client.response(id).status, 200);

  auto request = users.request();
  EXPECT_EQ(request.value("Transfer-Encoding"), "chunked");
  EXPECT_EQ(request.body, "onetwo");
  ASSERT_EQ(request.trailers.size(), 1u);
  EXPECT_EQ(request.trailers[0].value, "6");
}

TEST(H2Bridge, ResetsAStreamWhoseAnswerBreaksOff) {
  Upstream users(true);
  users.script().expect_request().then_send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").then_close();
  H2Client client(users.port());

  auto& stream = client.finish(client.open_get("/"));

  EXPECT_EQ(stream.response.body, "half");
  EXPECT_EQ(stream.reset, std::uint32_t{h2::kInternalError});
  EXPECT_TRUE(client.alive());
}

TEST(H2Bridge, EndsTheConnectionWhereNoAnswerBegins) {
  Upstream users(true);
  users.script().expect_request().then_close();
  H2Client client(users.port());
  client.open_get("/");

  EXPECT_TRUE(client.ended());
}

TEST(H2Bridge, TakesItsConnectionsAlongWithTheGateways) {
  Upstream users(true);
  H2Client client(users.port());
  client.open_get("/");
  auto target = users.accept();
  EXPECT_EQ(target.expect_request().target, "/");
  client.close();

  EXPECT_TRUE(target.ended());
}

TEST(H2Bridge, RefusesConnectionsOnceItDoesNotListen) {
  Upstream users(true);
  users.answers(200, "ok");
  H2Client client(users.port());
  EXPECT_EQ(client.get("/").status, 200);
  users.stop_listening();

  EXPECT_FALSE(Socket::connect(users.port()).open());
  EXPECT_EQ(client.get("/").status, 200) << "those that are there go on";
}

}  // namespace
}  // namespace sluice::test::h2_bridge_test

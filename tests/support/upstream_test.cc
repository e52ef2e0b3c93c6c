// SPDX-License-Identifier: Apache-2.0
#include "tests/support/upstream.h"

#include <gmock/gmock.h>

namespace sluice::test::upstream_test {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::SizeIs;

TEST(Upstream, AnswersEveryRequestByItself) {
  Upstream users;
  users.answers(201, "made", {{"X-A", "b"}});
  RawClient client(users.port());

  auto first = client.ask(get("/1"));
  auto second = client.ask(post("/2", "body"));

  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(first.body, "made");
  EXPECT_EQ(first.value("X-A"), "b");
  EXPECT_EQ(second.status, 201);
  EXPECT_THAT(users.requests(), ElementsAre(Field(&Request::target, "/1"), Field(&Request::body, "body")));
  EXPECT_EQ(users.connections(), 1u);
}

TEST(Upstream, SendsNoBodyToHead) {
  Upstream users;
  users.answers(200, "four");
  RawClient client(users.port());

  auto head = client.ask("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto next = client.ask(get("/"));

  EXPECT_EQ(head.value("Content-Length"), "4");
  EXPECT_EQ(next.body, "four");
}

TEST(Upstream, AsksForABodyThatIsOfferedOnly) {
  Upstream users;
  users.answers(200, "ok");
  RawClient client(users.port());

  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  EXPECT_EQ(client.response().status, 100);
  client.send("x");

  EXPECT_EQ(client.response().status, 200);
  EXPECT_EQ(users.request().body, "x");
}

TEST(Upstream, FollowsItsScriptsInTheirOrder) {
  Upstream users;
  users.script()
      .expect_request()
      .then_send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbroken")
      .then_close();
  users.script().then_reset();
  RawClient first(users.port()), second(users.port());

  auto cut = first.ask(get("/"));

  EXPECT_EQ(cut.body, "broken");
  EXPECT_FALSE(cut.complete);
  EXPECT_EQ(first.end(), End::closed);
  EXPECT_TRUE(second.ended());
  EXPECT_EQ(second.end(), End::reset);
}

TEST(Upstream, GoesOnByItselfAfterAScript) {
  Upstream users;
  users.answers(200, "by itself");
  users.script().expect_request().then_trickle(ok("scripted"));
  RawClient client(users.port());

  EXPECT_EQ(client.ask(get("/")).body, "scripted");
  EXPECT_EQ(client.ask(get("/")).body, "by itself");
}

TEST(Upstream, ClosesAfterSoManyBytes) {
  Upstream users;
  users.script().then_close_after(17);
  RawClient client(users.port());

  client.send(std::string(17, 'x'));

  EXPECT_TRUE(client.ended());
  EXPECT_EQ(users.received(0), std::string(17, 'x'));
}

TEST(Upstream, LetsTheTestPlayTheService) {
  Upstream users;
  RawClient client(users.port());
  client.send(get("/x"));

  auto target = users.accept();
  EXPECT_EQ(target.expect_request().target, "/x");
  target.send(ok("by hand"));
  EXPECT_EQ(client.response().body, "by hand");
  client.close();

  EXPECT_TRUE(target.ended());
}

TEST(Upstream, RecordsWhatNeverBecameARequest) {
  Upstream users;
  users.answers(200, "ok");
  RawClient client(users.port());

  client.send("GET / HT");
  client.close();

  EXPECT_TRUE(users.closed(0));
  EXPECT_EQ(users.received(0), "GET / HT");
  EXPECT_THAT(users.received_bytes(), ElementsAre(8u));
  EXPECT_THAT(users.requests(), SizeIs(0));
}

TEST(Upstream, RefusesConnectionsOnceItDoesNotListen) {
  Upstream users;

  users.stop_listening();

  EXPECT_FALSE(RawClient(users.port()).open());
}

}  // namespace
}  // namespace sluice::test::upstream_test

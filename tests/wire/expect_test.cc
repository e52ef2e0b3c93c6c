// SPDX-License-Identifier: Apache-2.0
// Expect: 100-continue (RFC 9110 section 10.1.1), which no single file can tell: both ends wait for each
// other.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::expect_test {
namespace {

constexpr std::string_view kHead =
    "POST /u HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";

class Expect : public ::testing::Test {
 protected:
  Gateway gw{R"(
routes:
  - {name: u, match: {path: /u}, to: users}
  - {name: local, match: {path: /local}, respond: {status: 200, body: here}}
)"};
  RawClient client = gw.connect();
};

TEST_F(Expect, IsAnsweredByTheUpstream) {
  client.send(kHead);
  auto target = gw.upstream("users").accept();
  EXPECT_THAT(target.expect_head(), HasField("Expect", "100-continue"));

  target.send("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.response().status, 100);
  client.send("body");
  EXPECT_EQ(target.receive(4), "body");
  target.send(ok("thanks"));

  auto answer = client.response();
  EXPECT_EQ(answer.body, "thanks");
  EXPECT_THAT(answer, HasNoField("Connection"));
}

TEST_F(Expect, IsRefusedByTheUpstreamBeforeTheBodyIsSent) {
  client.send(kHead);
  auto target = gw.upstream("users").accept();
  target.expect_head();

  target.send("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");

  auto answer = client.response();
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer, HasField("Connection", "close"));
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(target.ended());
}

TEST_F(Expect, DoesNotKeepAClientWaitingThatSendsItsBodyAnyway) {
  gw.upstream("users").answers(200, "ok");
  client.send(std::string(kHead) + "body");

  auto first = client.response();
  auto answer = first.status == 100 ? client.response() : first;

  EXPECT_EQ(answer.body, "ok");
  EXPECT_EQ(gw.upstream("users").request().body, "body");
}

TEST_F(Expect, GetsTheFinalAnswerOfAHandlerThatWantsNoBody) {
  client.send("POST /local HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");

  auto answer = client.response();

  EXPECT_EQ(answer.body, "here");
  EXPECT_THAT(answer, HasField("Connection", "close"));
  EXPECT_TRUE(client.ended());
}

TEST_F(Expect, IsRefusedWithTheRequestWhenNoRouteFits) {
  client.send("POST /nowhere HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");

  EXPECT_THAT(client.response(), Refused(404, "no_route"));
  EXPECT_TRUE(client.ended());
}

TEST_F(Expect, WithoutABodyIsNothingToWaitFor) {
  gw.upstream("users").answers(200, "ok");

  auto first = client.ask(get("/u", "Expect: 100-continue\r\n"));
  EXPECT_EQ((first.status == 100 ? client.response() : first).body, "ok");
  EXPECT_EQ(client.ask(get("/u")).body, "ok");
}

}  // namespace
}  // namespace sluice::test::expect_test

// SPDX-License-Identifier: Apache-2.0
#include "tests/support/peer.h"

#include <gmock/gmock.h>

#include "tests/support/upstream.h"

namespace sluice::test::peer_test {
namespace {

struct Ends {
  Upstream upstream;
  RawClient client{upstream.port()};
  UpstreamConnection target = upstream.accept();
};

TEST(Peer, ReceivesExactlySoManyBytes) {
  Ends ends;

  ends.client.trickle("abcdef");
  ends.client.half_close();

  EXPECT_EQ(ends.target.receive(4), "abcd");
  EXPECT_EQ(ends.target.receive(4), "ef");
}

TEST(Peer, ReadsTheRestUpToTheClose) {
  Ends ends;

  ends.client.send("one");
  ends.client.send("two");
  ends.client.close();

  EXPECT_EQ(ends.target.rest(), "onetwo");
  EXPECT_EQ(ends.target.end(), End::closed);
}

TEST(Peer, HasNotEndedWhenAByteFollows) {
  Ends ends;

  ends.client.send("x");
  ends.client.close();

  EXPECT_FALSE(ends.target.ended());
  EXPECT_EQ(ends.target.receive(1), "x");
  EXPECT_TRUE(ends.target.ended());
}

TEST(Peer, ReadsAHeadAheadOfItsBody) {
  Ends ends;

  ends.target.send(ok("body"));

  EXPECT_EQ(ends.client.response_head().value("Content-Length"), "4");
  EXPECT_EQ(ends.client.receive(4), "body");
}

TEST(Peer, WritesMessagesThatItCanRead) {
  Ends ends;
  ends.client.send(post("/p", "body", "X-A: b\r\n"));
  auto request = ends.target.expect_request();

  ends.target.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked("a body in chunks", 3));
  auto response = ends.client.response();

  EXPECT_EQ(request.value("X-A"), "b");
  EXPECT_EQ(request.body, "body");
  EXPECT_EQ(response.body, "a body in chunks");
  EXPECT_EQ(response.fault, "");
}

TEST(Peer, MakesPatternsThatDoNotRepeat) {
  auto text = patterned(100'000);

  EXPECT_EQ(text.size(), 100'000u);
  EXPECT_EQ(text.find(text.substr(0, 8), 1), text.npos);
  EXPECT_EQ(text, patterned(100'000));
}

}  // namespace
}  // namespace sluice::test::peer_test

// SPDX-License-Identifier: Apache-2.0
#include "tests/support/message.h"

#include <gmock/gmock.h>

#include "tests/support/peer.h"

namespace sluice::test::message_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What a reader makes of bytes that somebody sends before closing.
struct Sent {
  explicit Sent(std::string_view bytes) {
    Socket sender = Socket::connect(listener.port());
    socket = listener.accept(&bell);
    sender.send(bytes);
  }
  Response response(std::string_view method = "GET") {
    Response out;
    if (reader.head(out)) reader.body(out, method);
    return out;
  }
  Request request() {
    Request out;
    if (reader.head(out)) reader.body(out);
    return out;
  }
  Bell bell;
  Socket reserved = Socket::reserve();
  Socket listener = Socket::listen(reserved.port(), &bell);
  Socket socket;
  MessageReader reader{socket};
};

TEST(Message, ReadsARequestWithItsBody) {
  auto r = Sent("POST /a?b HTTP/1.1\r\nHost: h\r\nX-ODD: v\r\nContent-Length: 3\r\n\r\nabcd").request();

  EXPECT_EQ(r.method, "POST");
  EXPECT_EQ(r.target, "/a?b");
  EXPECT_THAT(r.fields, ElementsAre(Line{"Host", "h"}, Line{"X-ODD", "v"}, Line{"Content-Length", "3"}));
  EXPECT_EQ(r.value("x-odd"), "v");
  EXPECT_EQ(r.body, "abc");
  EXPECT_TRUE(r.complete);
  EXPECT_EQ(r.fault, "");
}

TEST(Message, LeavesTheNextMessageForTheNextCall) {
  Sent sent("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 201 Made\r\nContent-Length: 1\r\n\r\nb");

  EXPECT_EQ(sent.response().body, "a");
  auto second = sent.response();

  EXPECT_EQ(second.status, 201);
  EXPECT_EQ(second.phrase, "Made");
  EXPECT_EQ(second.body, "b");
}

TEST(Message, JoinsChunksAndKeepsTrailers) {
  auto r = Sent(
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: "
               "v\r\n\r\n")
               .response();

  EXPECT_EQ(r.body, "abc0123456789");
  EXPECT_THAT(r.trailers, ElementsAre(Line{"T", "v"}));
  EXPECT_TRUE(r.complete && r.chunked);
  EXPECT_EQ(r.fault, "");
}

TEST(Message, ReadsABodyThatTheCloseEnds) {
  auto r = Sent("HTTP/1.1 200 OK\r\n\r\nall of it").response();

  EXPECT_EQ(r.body, "all of it");
  EXPECT_TRUE(r.complete && r.until_close);
}

TEST(Message, KnowsWhichResponsesHaveNoBody) {
  EXPECT_EQ(Sent("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother").response("HEAD").body, "");
  EXPECT_EQ(Sent("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nother").response().body, "");
  EXPECT_EQ(Sent("HTTP/1.1 204 No Content\r\n\r\nother").response().body, "");
}

TEST(Message, IsIncompleteWhenTheConnectionEndsBefore) {
  EXPECT_FALSE(Sent("HTTP/1.1 200 OK\r\nContent-Le").response().complete);
  EXPECT_FALSE(Sent("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc").response().complete);
  EXPECT_FALSE(Sent("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").response().complete);
  EXPECT_EQ(Sent("").response().start, "");
}

TEST(Message, AccusesWhatIsMalformed) {
  const std::pair<const char*, const char*> cases[] = {
      {"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "line feed"},
      {"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n", "not a field line"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "and Content-Length"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", "twice"},
      {"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na", "no number"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "other than chunked"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", "chunk size"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", "longer"},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "framing field"},
      {"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n", "control character"},
      {"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n", "status line"},
      {"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", "status line"},
  };
  for (auto [bytes, fault] : cases) EXPECT_THAT(Sent(bytes).response().fault, HasSubstr(fault)) << bytes;
  EXPECT_THAT(Sent("GET / HTTP/1.1\r\n\r\n").request().fault, HasSubstr("Host"));
  EXPECT_THAT(Sent("GET /\r\n\r\n").request().fault, HasSubstr("request line"));
}

}  // namespace
}  // namespace sluice::test::message_test

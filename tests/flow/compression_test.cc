// SPDX-License-Identifier: Apache-2.0
// Bodies that are compressed and decompressed on their way through a whole gateway.
#include <gmock/gmock.h>

#include "tests/support/compressed.h"
#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::compression_test {
namespace {

using ::testing::HasSubstr;

std::string some_text(std::size_t lines) {
  std::string out;
  for (std::size_t i = 0; i < lines; ++i) out += "line " + std::to_string(i) + "\n";
  return out;
}

std::string route(std::string_view use) {
  return "routes: [{name: u, match: {path: /**}, use: [" + std::string(use) + "], to: users}]";
}

TEST(Compress, SendsWhatTheClientLikes) {
  Gateway gw(route("{compress: {}}"));
  std::string text = some_text(50'000);
  gw.upstream("users").answers(200, text, {{"Content-Type", "text/plain"}, {"ETag", "\"1\""}});

  for (std::string coding : {"gzip", "br", "zstd"}) {
    auto answer = gw.get("/", "Accept-Encoding: " + coding + "\r\n");
    EXPECT_THAT(answer, HasStatus(200));
    EXPECT_THAT(answer, HasField("Content-Encoding", coding));
    EXPECT_THAT(answer, HasField("ETag", "W/\"1\""));
    EXPECT_THAT(answer, HasField("Vary", "Accept-Encoding"));
    EXPECT_LT(answer.body.size(), text.size() / 3);
    EXPECT_EQ(expanded(coding, answer.body), text);
  }
  auto plain = gw.get("/");
  EXPECT_THAT(plain, HasNoField("Content-Encoding"));
  EXPECT_EQ(plain.body, text);
}

// However fast it comes and however little leaves.
TEST(Compress, CarriesAStreamThatShrinksToNothing) {
  Gateway gw(route("{compress: {}}"));
  std::string zeros(30'000'000, '0');
  gw.upstream("users").answers(200, zeros, {{"Content-Type", "text/plain"}});
  for (std::string coding : {"gzip", "zstd"}) {
    auto answer = gw.get("/", "Accept-Encoding: " + coding + "\r\n");
    EXPECT_TRUE(expanded(coding, answer.body) == zeros);
  }
}

TEST(Compress, HoldsNothingBackOfAStream) {
  Gateway gw(route("{compress: {event_streams: true}}"), Downstream::h1);
  auto& users = gw.upstream("users");
  auto client = gw.connect();
  client.send(get("/", "Accept-Encoding: gzip\r\n"));
  auto target = users.accept();
  target.expect_request();
  target.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  target.send("9\r\ndata: 1\n\n\r\n");
  EXPECT_THAT(client.response_head(), HasField("Content-Encoding", "gzip"));
  // A chunk that ends in an empty block of deflate: all that was sent can be read.
  constexpr std::string_view kFlushed("\0\0\xFF\xFF\r\n", 6);
  std::string got;
  for (std::string more = client.receive(1); !more.empty(); more = client.receive(1)) {
    got += more;
    if (got.ends_with(kFlushed)) break;
  }
  EXPECT_TRUE(got.ends_with(kFlushed));
  target.send("0\r\n\r\n");
}

TEST(Compress, AnswersHeadAsGet) {
  Gateway gw(route("{compress: {}}"));
  gw.upstream("users").answers_with(
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n");
  std::string head = get("/", "Accept-Encoding: gzip\r\n");
  auto answer = gw.ask("HEAD" + head.substr(3));
  EXPECT_THAT(answer, HasStatus(200));
  EXPECT_THAT(answer, HasField("Content-Encoding", "gzip"));
  EXPECT_THAT(answer, HasNoField("Content-Length"));
}

TEST(Decompress, ReadsForClientsThatCannot) {
  Gateway gw(route("{decompress: {}}"));
  std::string text = some_text(50'000);
  gw.upstream("users").answers(200, compressed(text, Wrapping::gzip), {{"Content-Encoding", "gzip"}});
  auto plain = gw.get("/");
  EXPECT_THAT(plain, HasStatus(200));
  EXPECT_THAT(plain, HasNoField("Content-Encoding"));
  EXPECT_EQ(plain.body, text);
  EXPECT_THAT(gw.get("/", "Accept-Encoding: gzip\r\n"), HasField("Content-Encoding", "gzip"));
}

TEST(Decompress, AnswersForAServiceWhoseBodyIsNotWhatItSays) {
  Gateway gw(route("{decompress: {}}"));
  gw.upstream("users").answers(200, "no gzip at all", {{"Content-Encoding", "gzip"}});
  EXPECT_THAT(gw.get("/"), Refused(502, "response_invalid"));
}

TEST(Decompress, CutsABombWhoseHeadHasLeft) {
  Gateway gw(route("{decompress: {}}"));
  gw.upstream("users").answers(200, compressed(std::string(30'000'000, '0'), Wrapping::gzip),
                               {{"Content-Encoding", "gzip"}});
  auto cut = gw.get("/");
  EXPECT_FALSE(cut.complete);
  EXPECT_LT(cut.body.size(), 2U << 20);
  EXPECT_THAT(gw.log_line(), HasSubstr("response_invalid"));
}

TEST(Decompress, ReadsRequests) {
  Gateway gw(route("{decompress: {requests: true, max_size: 1MiB}}"));
  auto& users = gw.upstream("users").answers(200, "ok");
  std::string text = some_text(10'000);
  auto answer = gw.post("/", compressed(text, Wrapping::gzip), "Content-Encoding: gzip\r\n");
  EXPECT_EQ(answer.status, 200);
  auto request = users.request();
  EXPECT_EQ(request.body, text);
  EXPECT_THAT(request, HasNoField("Content-Encoding"));
}

TEST(Decompress, RefusesRequestsThatAreBombs) {
  Gateway gw(route("{decompress: {requests: true, max_size: 1MiB}}"));
  gw.upstream("users").answers(200, "ok");
  auto bomb = compressed(std::string(30'000'000, '0'), Wrapping::gzip);
  EXPECT_THAT(gw.post("/", bomb, "Content-Encoding: gzip\r\n"), Refused(413, "body_too_large"));
  EXPECT_THAT(gw.post("/", "no gzip", "Content-Encoding: gzip\r\n"), Refused(400, "validation"));
}

TEST(Decompress, WorksBehindCompress) {
  Gateway gw(route("{compress: {}}, {decompress: {responses: always}}"));
  std::string text = some_text(10'000);
  gw.upstream("users").answers(200, compressed(text, Wrapping::gzip),
                               {{"Content-Encoding", "gzip"}, {"Content-Type", "text/plain"}});
  auto answer = gw.get("/", "Accept-Encoding: br, gzip\r\n");
  EXPECT_THAT(answer, HasField("Content-Encoding", "br"));
  EXPECT_EQ(expanded("br", answer.body), text);
}

}  // namespace
}  // namespace sluice::test::compression_test

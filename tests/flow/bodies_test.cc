// SPDX-License-Identifier: Apache-2.0
// Large bodies both ways, by every framing: whole, in order, and never more of them in memory than needed.
#include <gmock/gmock.h>

#include <thread>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::bodies_test {
namespace {

constexpr const char* kYaml = R"(
listeners: {web: {bind: "127.0.0.1:0", limits: {body: 64MiB}}}
routes: [{name: u, match: {path: /**}, to: users}]
)";
constexpr std::size_t kMiB = 1 << 20;

// Not EXPECT_EQ, which would print megabytes.
::testing::AssertionResult same(const std::string& got, const std::string& expected) {
  if (got == expected) return ::testing::AssertionSuccess();
  auto at = std::mismatch(got.begin(), got.end(), expected.begin(), expected.end()).first - got.begin();
  return ::testing::AssertionFailure()
         << got.size() << " bytes instead of " << expected.size() << ", the first difference at " << at;
}

struct Framing {
  const char* name;
  std::string (*wrap)(const std::string& body);
  bool closes;
};

std::string with_length(const std::string& body) { return ok(body); }
std::string in_chunks(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 70'001);
}
std::string in_small_chunks(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 997);
}
std::string until_close(const std::string& body) { return "HTTP/1.1 200 OK\r\n\r\n" + body; }

const Framing kFramings[] = {{"WithLength", with_length, false},
                             {"InChunks", in_chunks, false},
                             {"InSmallChunks", in_small_chunks, false},
                             {"UntilClose", until_close, true}};
void PrintTo(const Framing& f, std::ostream* out) { *out << f.name; }

class LargeResponse : public ::testing::TestWithParam<Framing> {};

TEST_P(LargeResponse, ArrivesWholeAndLeavesTheConnectionUsable) {
  Gateway gw(kYaml);
  std::string body = patterned(10 * kMiB);
  gw.upstream("users").answers_with(GetParam().wrap(body), GetParam().closes);
  RawClient client = gw.connect();

  auto first = client.ask(get("/1"));
  auto second = client.ask(get("/2"));

  EXPECT_THAT(first.fault, "");
  EXPECT_TRUE(same(first.body, body));
  EXPECT_TRUE(same(second.body, body));
  EXPECT_EQ(gw.upstream("users").connections(), GetParam().closes ? 2u : 1u);
}

INSTANTIATE_TEST_SUITE_P(Framings, LargeResponse, ::testing::ValuesIn(kFramings),
                         [](const auto& tested) { return tested.param.name; });

std::string upload(const std::string& body, bool in_pieces) {
  if (!in_pieces) return post("/u", body);
  return "POST /u HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 50'021);
}

class LargeRequest : public ::testing::TestWithParam<bool> {};

TEST_P(LargeRequest, ArrivesWholeAndLeavesTheConnectionUsable) {
  Gateway gw(kYaml);
  gw.upstream("users").answers(200, "ok");
  std::string body = patterned(5 * kMiB);
  RawClient client = gw.connect();

  EXPECT_THAT(client.ask(upload(body, GetParam())), HasStatus(200));
  EXPECT_THAT(client.ask(upload(body, GetParam())), HasStatus(200));

  auto seen = gw.upstream("users").requests();
  ASSERT_EQ(seen.size(), 2u);
  for (const auto& r : seen) {
    EXPECT_EQ(r.fault, "");
    EXPECT_TRUE(same(r.body, body));
    EXPECT_EQ(r.chunked, GetParam());
  }
  EXPECT_EQ(gw.upstream("users").connections(), 1u);
}

TEST_P(LargeRequest, ComesBackAsLargeAsItWent) {
  Gateway gw(kYaml);
  gw.upstream("users").answers_by([](const Request& r) { return Answer{ok(r.body)}; });
  std::string body = patterned(3 * kMiB);

  EXPECT_TRUE(same(gw.ask(upload(body, GetParam())).body, body));
}

INSTANTIATE_TEST_SUITE_P(Framings, LargeRequest, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? "InChunks" : "WithLength"; });

TEST(LargeBodies, FlowBothWaysAtTheSameTime) {
  Gateway gw(kYaml);
  std::string body = patterned(8 * kMiB);
  RawClient client = gw.connect();
  std::thread uploading([&] { client.send(post("/u", body)); });
  auto target = gw.upstream("users").accept();
  auto head = target.expect_head();

  // The answer begins while the request is still on its way, and goes on beside it.
  target.send("HTTP/1.1 200 OK\r\nContent-Length: " + head.value("Content-Length") + "\r\n\r\n");
  std::thread echoing([&] {
    for (std::size_t left = body.size(); left > 0;) {
      auto piece = target.receive(std::min<std::size_t>(left, 65'536));
      if (piece.empty() || !target.send(piece)) return;
      left -= piece.size();
    }
  });
  auto answer = client.response();
  uploading.join();
  echoing.join();

  EXPECT_TRUE(same(answer.body, body)) << gw.log_line();
}

// Sends until no more fits, and how much that was. The socket's peer must not read.
std::size_t send_until_full(UpstreamConnection& target, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    auto n = target.send_some(std::string_view(bytes).substr(sent));
    if (n == 0) return sent;
    sent += n;
  }
  return sent;
}

TEST(LargeBodies, WaitForAReaderThatIsSlow) {
  Gateway gw(kYaml);
  std::string body = patterned(48 * kMiB);
  RawClient client = gw.connect("web", 4096);
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  target.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");

  std::size_t taken = send_until_full(target, body);
  EXPECT_LT(taken, body.size()) << "the gateway took everything although nobody reads";
  std::thread rest([&] { target.send(std::string_view(body).substr(taken)); });
  auto answer = client.response();
  rest.join();

  EXPECT_TRUE(same(answer.body, body));
}

}  // namespace
}  // namespace sluice::test::bodies_test

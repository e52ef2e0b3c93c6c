// SPDX-License-Identifier: Apache-2.0
// Upstreams that break off, talk nonsense or talk too much: the client gets the right refusal or an end that
// it must notice, log and metrics name the reason, and nobody meets that connection again. The single
// nonsenses are wire cases; here are their consequences.
#include <gmock/gmock.h>

#include <thread>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::misbehaviour_test {
namespace {

constexpr const char* kYaml = R"(
upstreams: {users: {url: "<users>", retry: none}}
routes: [{name: u, match: {path: /**}, to: users}]
)";

struct Nonsense {
  const char* name;
  std::string answer;
  bool closes;
  const char* reason;
  bool head_passed;  // the client has seen a head already: it can only be cut off
};

const std::string kHead = "HTTP/1.1 200 OK\r\n";
const Nonsense kNonsense[] = {
    {"ClosesBeforeTheHead", "", true, "upstream_reset", false},
    {"ClosesInTheHead", "HTTP/1.1 200 OK\r\nContent-Le", true, "upstream_reset", false},
    {"ClosesInTheBody", kHead + "Content-Length: 10\r\n\r\nhello", true, "upstream_reset", true},
    {"ClosesInAChunk", kHead + "Transfer-Encoding: chunked\r\n\r\na\r\nhello", true, "upstream_reset", true},
    {"HasTwoFramings", kHead + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false,
     "response_invalid", false},
    {"HasTwoLengths", kHead + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!", false, "response_invalid",
     false},
    {"HasABadStatusLine", "NONSENSE 200 OK\r\n\r\n", false, "upstream_protocol", false},
    {"SpeaksTls", std::string("\x16\x03\x01\x00\x05hello", 10), false, "upstream_protocol", false},
    {"HasAnOversizedHead", kHead + "X-A: " + std::string(20'000, 'a') + "\r\n\r\n", false, "response_invalid",
     false},
    {"SplitsAChunkBadly",
     kHead + "Transfer-Encoding: chunked\r\n\r\n" + "7530\r\n" + std::string(30'000, 'a') + "\r\nxyz\r\n",
     false, "response_invalid", true},
};

void PrintTo(const Nonsense& n, std::ostream* out) { *out << n.name; }

class Misbehaviour : public ::testing::TestWithParam<Nonsense> {};

TEST_P(Misbehaviour, IsNamedAndContained) {
  const Nonsense& n = GetParam();
  Gateway gw(kYaml);
  auto& users = gw.upstream("users");
  auto& script = users.script().expect_request().then_send(n.answer);
  n.closes ? script.then_close() : script.then_wait_for_close();
  users.answers(200, "all well");
  Metrics before(gw);
  RawClient client = gw.connect();

  auto response = client.ask(get("/u"));

  if (n.head_passed) {
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(response.complete);
    EXPECT_TRUE(client.ended());
  } else {
    EXPECT_THAT(response, Refused(502, n.reason));
    EXPECT_EQ(client.ask(get("/same-client")).body, "all well");
  }
  EXPECT_EQ(gw.get("/other-client").body, "all well");
  EXPECT_TRUE(users.closed(0));
  EXPECT_EQ(users.connections(), 2u);
  EXPECT_EQ(before.growth("sluice_upstream_requests_total", {{"upstream", "users"}, {"reason", n.reason}}),
            1);
  EXPECT_EQ(before.growth("sluice_requests_total", {{"route", "u"},
                                                    {"code_class", n.head_passed ? "2xx" : "5xx"},
                                                    {"source", n.head_passed ? "upstream" : "gateway"},
                                                    {"reason", n.reason}}),
            1);
  auto line = gw.log_line();
  EXPECT_EQ(json_value(line, "status"), n.head_passed ? "200" : "502");
  EXPECT_EQ(json_value(line, "reason"), n.reason);
  EXPECT_EQ(json_value(line, "upstream"), "users");
  EXPECT_EQ(json_value(line, "target"), users.url().substr(7));
}

INSTANTIATE_TEST_SUITE_P(Upstreams, Misbehaviour, ::testing::ValuesIn(kNonsense),
                         [](const auto& tested) { return tested.param.name; });

// What comes next on that connection would be taken for the rest of the body.
TEST(Misbehaviour, EndsAConnectionOnWhichAnInterimAnswerLeftAsAWhole) {
  Gateway gw(kYaml, Downstream::h1);
  for (std::string cut :
       {"Content-Length: 10\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\na\r\nhello"}) {
    RawClient client = gw.connect();
    client.send(get("/u") + get("/next"));
    auto target = gw.upstream("users").accept();
    target.expect_head();
    target.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + kHead + cut);
    target.close();

    EXPECT_EQ(client.response().status, 103);
    auto response = client.response();
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(response.complete) << response.body;
    EXPECT_TRUE(client.ended());
  }
}

TEST(Http10, IsToldOfNoTrailersThatItCannotGet) {
  Gateway gw(kYaml, Downstream::h1);
  RawClient client = gw.connect();
  client.send("GET /u HTTP/1.0\r\nHost: h\r\n\r\n");
  auto target = gw.upstream("users").accept();
  target.expect_head();
  target.send(kHead + "Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n");

  auto all = client.rest();

  EXPECT_THAT(all, ::testing::EndsWith("\r\n\r\na"));
  EXPECT_THAT(all, ::testing::Not(::testing::HasSubstr("Trailer")));
}

// To HTTP/1.0 the end of the connection is that of a body whose length nobody knew.
TEST(Misbehaviour, IsSeenByClientsWhoTakeTheEndOfTheConnectionForThatOfTheBody) {
  Gateway gw(kYaml, Downstream::h1);
  std::string begun = kHead + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
  auto end_of = [&](std::string_view request, std::string_view rest) {
    RawClient client = gw.connect();
    client.send(request);
    auto target = gw.upstream("users").accept();
    target.expect_head();
    target.send(begun);
    target.send(rest);
    target.close();
    EXPECT_THAT(client.rest(), ::testing::EndsWith("hello"));
    return client.end();
  };

  EXPECT_EQ(end_of("GET /u HTTP/1.0\r\nHost: h\r\n\r\n", ""), End::reset);
  EXPECT_EQ(end_of("POST /u HTTP/1.0\r\nHost: h\r\nContent-Length: 9\r\n\r\n", ""), End::reset)
      << "nobody has read its body";
  EXPECT_EQ(end_of("GET /u HTTP/1.0\r\nHost: h\r\n\r\n", "0\r\n\r\n"), End::closed);
}

TEST(Misbehaviour, OfEndlessInterimResponsesEnds) {
  Gateway gw(kYaml);
  std::string endless;
  for (int i = 0; i < 1000; ++i) endless += "HTTP/1.1 102 Processing\r\n\r\n";
  gw.upstream("users").script().expect_request().then_send(endless).then_wait_for_close();
  RawClient client = gw.connect();
  client.send(get("/u"));

  Response response = client.response();
  int interim = 0;
  while (response.status == 102) {
    ++interim;
    response = client.response();
  }

  EXPECT_THAT(response, Refused(502, "upstream_protocol"));
  EXPECT_LT(interim, 100);
  EXPECT_TRUE(gw.upstream("users").closed(0));
}

TEST(Misbehaviour, InTheMiddleOfAnUploadIsTold) {
  Gateway gw(kYaml);
  gw.upstream("users").script().then_close_after(100'000);
  RawClient client = gw.connect();
  std::string body(8 << 20, 'x');

  std::thread uploading([&] { client.send(post("/u", body)); });
  auto response = client.response();
  uploading.join();

  EXPECT_THAT(response, Refused(502, "upstream_reset"));
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "upstream_reset");
}

TEST(Misbehaviour, BytesBehindABodyReachNobody) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send(get("/1"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  target.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.response_head().status, 200);
  target.send("hello" + ok("evil"));

  EXPECT_EQ(client.receive(5), "hello");
  EXPECT_TRUE(target.ended());
  client.send(get("/2"));
  auto other = gw.upstream("users").accept();
  other.expect_request();
  other.send(ok("good"));
  EXPECT_EQ(client.response().body, "good");
}

TEST(Misbehaviour, BytesBehindALargeBodyReachNobody) {
  Gateway gw(kYaml);
  gw.upstream("users").answers(200, "good");
  std::string body = patterned(3'000'000);
  gw.upstream("users").script().expect_request().then_send(ok(body) + ok("evil")).then_wait_for_close();
  RawClient client = gw.connect();

  EXPECT_TRUE(client.ask(get("/1")).body == body);

  EXPECT_EQ(client.ask(get("/2")).body, "good");
  EXPECT_TRUE(gw.upstream("users").closed(0));
}

}  // namespace
}  // namespace sluice::test::misbehaviour_test

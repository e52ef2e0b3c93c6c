// SPDX-License-Identifier: Apache-2.0
// Targets that are spoken to with HTTP/2, and behave.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/h2_target.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::h2_upstream_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string yaml(std::string_view more = {}) {
  return "upstreams: {users: {url: \"<users>\", protocol: h2" + std::string(more) +
         "}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n";
}

// The gateway with one client and, once that has asked something, one connection to the target.
struct H2Upstream : ::testing::Test {
  // Sends a request and gives the target's end of the connection that it makes.
  H2Target dial(RawClient& from, std::string_view request, std::string_view settings = {}) {
    from.send(request);
    return H2Target(gw.upstream("users").accept(), settings);
  }
  Gateway gw{yaml()};
  RawClient client = gw.connect();
};

TEST_F(H2Upstream, GetsARequestAsHttp2WritesIt) {
  auto target = dial(client,
                     "GET /a%20b?x=1 HTTP/1.1\r\nHost: users.example\r\nX-Mixed-Case: v\r\n"
                     "Connection: close, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\n\r\n");

  auto request = target.expect_request();
  target.answer(request.stream, "hello", {{"x-answer", "yes"}});

  EXPECT_EQ(request.stream, 1u);
  EXPECT_EQ(request.value(":method"), "GET");
  EXPECT_EQ(request.value(":scheme"), "http");
  EXPECT_EQ(request.value(":path"), "/a%20b?x=1");
  EXPECT_EQ(request.value(":authority"), "users.example");
  EXPECT_EQ(request.value("x-mixed-case"), "v");
  EXPECT_EQ(request.value("x-forwarded-for"), "127.0.0.1");
  for (auto name : {"host", "connection", "x-hop", "X-Mixed-Case", "te", "transfer-encoding"})
    EXPECT_FALSE(request.has(name)) << name;
  auto response = client.response();
  EXPECT_THAT(response, HasStatus(200));
  EXPECT_THAT(response, HasField("x-answer", "yes"));
  EXPECT_THAT(response, HasField("via", "2 sluice"));
  EXPECT_EQ(request.value("via"), "1.1 sluice") << "the version in which the client asked";
  EXPECT_EQ(response.body, "hello");
}

TEST_F(H2Upstream, GetsABodyOfKnownLength) {
  auto target = dial(client, post("/u", "the body"));

  auto request = target.expect_request();
  target.answer(request.stream, "");

  EXPECT_EQ(request.value("content-length"), "8");
  EXPECT_EQ(request.body, "the body");
  EXPECT_THAT(client.response(), HasStatus(200));
}

TEST_F(H2Upstream, GetsChunksAndTrailers) {
  auto target = dial(client,
                     "POST /u HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3\r\none\r\n3\r\ntwo\r\n0\r\nX-Check: 7\r\n\r\n");

  auto request = target.expect_request();
  target.answer(request.stream, "");

  EXPECT_FALSE(request.has("transfer-encoding"));
  EXPECT_FALSE(request.has("content-length"));
  EXPECT_EQ(request.body, "onetwo");
  EXPECT_THAT(request.trailers, ElementsAre(Line{"x-check", "7"}));
  EXPECT_THAT(client.response(), HasStatus(200));
}

TEST_F(H2Upstream, MayAnswerWithTrailers) {
  auto target = dial(client, get("/u", "Connection: TE\r\nTE: trailers\r\n"));
  auto request = target.expect_request();
  EXPECT_EQ(request.value("te"), "trailers");

  target.headers(request.stream, {{":status", "200"}});
  target.data(request.stream, "body");
  target.headers(request.stream, {{"x-check", "7"}}, true);

  auto response = client.response();
  EXPECT_THAT(response, HasStatus(200));
  EXPECT_EQ(response.body, "body");
  EXPECT_THAT(response.trailers, ElementsAre(Line{"x-check", "7"}));
}

TEST_F(H2Upstream, MayAnswerWithoutABody) {
  auto target = dial(client, get("/u"));
  auto request = target.expect_request();

  target.headers(request.stream, {{":status", "204"}}, true);

  EXPECT_THAT(client.response(), HasStatus(204));
}

TEST_F(H2Upstream, MayTellTheLengthOfABodyThatHeadDoesNotGet) {
  auto target = dial(client, "HEAD /u HTTP/1.1\r\nHost: h\r\n\r\n");
  auto request = target.expect_request();

  target.headers(request.stream, {{":status", "200"}, {"content-length", "1000"}}, true);

  auto response = client.response("HEAD");
  EXPECT_THAT(response, HasStatus(200));
  EXPECT_THAT(response, HasField("content-length", "1000"));
}

TEST_F(H2Upstream, MaySendInterimResponses) {
  auto target = dial(client, get("/u"));
  auto request = target.expect_request();

  target.headers(request.stream, {{":status", "103"}, {"link", "</style.css>"}});
  auto hint = client.response();
  target.answer(request.stream, "ok");

  EXPECT_EQ(hint.status, 103);
  EXPECT_EQ(client.response().body, "ok");
}

TEST_F(H2Upstream, GetsTheNextRequestOnTheSameConnection) {
  auto target = dial(client, get("/1"));
  Metrics before(gw);
  for (std::uint32_t stream : {1u, 3u, 5u}) {
    auto request = target.expect_request();
    EXPECT_EQ(request.stream, stream);
    target.answer(stream, std::to_string(stream));
    EXPECT_EQ(client.response().body, std::to_string(stream));
    if (stream < 5) client.send(get("/next"));
  }

  EXPECT_EQ(gw.upstream("users").connections(), 1u);
  EXPECT_EQ(before.growth("sluice_upstream_connection_reuses_total", {{"upstream", "users"}}), 2);
  EXPECT_TRUE(before.becomes(1, "sluice_upstream_connections", {{"state", "idle"}, {"protocol", "h2"}}));
}

TEST_F(H2Upstream, GetsManyRequestsAtATimeOnOneConnection) {
  std::vector<RawClient> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(gw.connect());
  for (auto& c : clients) c.send(get("/u"));  // the connection is not there yet: they wait for the same one
  H2Target target(gw.upstream("users").accept());
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < 5; ++i) streams.push_back(target.expect_request().stream);

  for (int i = 4; i >= 0; --i) target.headers(streams[i], {{":status", "200"}});
  for (int round = 0; round < 3; ++round)  // pieces of all of them mixed
    for (auto stream : streams) target.data(stream, std::to_string(stream), round == 2);

  std::vector<std::string> bodies;
  for (auto& c : clients) bodies.push_back(c.response().body);
  EXPECT_THAT(bodies, ::testing::UnorderedElementsAre("111", "333", "555", "777", "999"));
  EXPECT_EQ(gw.upstream("users").connections(), 1u);
}

TEST_F(H2Upstream, GetsAnotherConnectionWhenItAllowsNoMoreStreams) {
  auto first = dial(client, get("/1"), h2::setting(3, 1));
  auto request = first.expect_request();
  first.settle();  // the gateway has seen the settings
  RawClient other = gw.connect();
  auto second = dial(other, get("/2"), h2::setting(3, 1));

  auto another = second.expect_request();
  second.answer(another.stream, "second");
  first.answer(request.stream, "first");

  EXPECT_EQ(other.response().body, "second");
  EXPECT_EQ(client.response().body, "first");
}

TEST(H2UpstreamLimits, RefusesWhatNoConnectionHasRoomFor) {
  Gateway gw(yaml(", pool: {max_connections: 1}"));
  RawClient client = gw.connect();
  client.send(get("/1"));
  H2Target target(gw.upstream("users").accept(), h2::setting(3, 1));
  auto request = target.expect_request();
  target.settle();

  EXPECT_THAT(gw.get("/2"), Refused(503, "upstream_limit"));

  target.answer(request.stream, "first");
  EXPECT_EQ(client.response().body, "first");
}

TEST(H2UpstreamLimits, MakesAConnectionForEachOfManyWhereEachTakesOne) {
  Gateway gw(yaml());
  RawClient first = gw.connect();
  first.send(get("/first"));
  std::vector<H2Target> targets;
  targets.emplace_back(gw.upstream("users").accept(), h2::setting(3, 1));
  auto begun = targets[0].expect_request();
  targets[0].settle();
  std::vector<RawClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(gw.connect());
    clients.back().send(get("/more"));
    targets.emplace_back(gw.upstream("users").accept(), h2::setting(3, 1));
    auto request = targets.back().expect_request();
    targets.back().settle();
    targets.back().headers(request.stream, {{":status", "200"}});
  }

  targets[0].answer(begun.stream, "first");
  for (std::size_t i = 1; i < targets.size(); ++i) targets[i].data(1, std::to_string(i), true);

  EXPECT_EQ(first.response().body, "first");
  for (std::size_t i = 0; i < clients.size(); ++i)
    EXPECT_EQ(clients[i].response().body, std::to_string(i + 1));
}

TEST(H2UpstreamLimits, GivesUpATargetThatGoesAwayAgain) {
  Gateway gw(yaml(", timeouts: {total: 20s}"));
  RawClient client = gw.connect();
  client.send(get("/u"));
  for (int i = 0; i < 2; ++i) {
    H2Target target(gw.upstream("users").accept());
    target.goaway(0);
    target.ended();
  }

  EXPECT_EQ(client.response().status, 502);
}

TEST(H2UpstreamLimits, TellsEachConnectionForWhomItIs) {
  Gateway gw(yaml(", proxy_protocol: v1"));
  for (int i = 0; i < 2; ++i) {
    RawClient client = gw.connect();
    client.send(get("/u"));
    auto connection = gw.upstream("users").accept();
    std::string header;
    while (!header.ends_with("\n")) header += connection.receive(1);
    EXPECT_TRUE(header.starts_with("PROXY TCP4 127.0.0.1 127.0.0.1 ")) << header;
    H2Target target(std::move(connection));
    target.answer(target.expect_request().stream, "told");

    EXPECT_EQ(client.response().body, "told");
    EXPECT_TRUE(target.ended());
  }
}

TEST(H2UpstreamLimits, ClosesAConnectionThatIdlesTooLong) {
  Gateway gw(yaml(", pool: {idle: 200ms}"));
  RawClient client = gw.connect();
  client.send(get("/1"));
  H2Target target(gw.upstream("users").accept());
  target.answer(target.expect_request().stream, "ok");
  EXPECT_EQ(client.response().body, "ok");

  EXPECT_TRUE(target.ended());
}

TEST(H2UpstreamLimits, MakesAConnectionForEachRequestWhenItMayKeepNone) {
  Gateway gw(yaml(", pool: {max_idle: 0}"));
  for (int i = 0; i < 2; ++i) {
    RawClient client = gw.connect();
    client.send(get("/1"));
    H2Target target(gw.upstream("users").accept());
    target.answer(target.expect_request().stream, "ok");
    EXPECT_EQ(client.response().body, "ok");
    EXPECT_TRUE(target.ended());
  }
}

TEST_F(H2Upstream, IsSeenToCloseAConnectionThatIsNotUsed) {
  auto target = dial(client, get("/1"));
  Metrics before(gw);
  target.answer(target.expect_request().stream, "ok");
  EXPECT_EQ(client.response().body, "ok");
  EXPECT_TRUE(before.becomes(1, "sluice_upstream_connections", {{"state", "idle"}, {"protocol", "h2"}}));

  target.connection().close();

  EXPECT_TRUE(before.becomes(0, "sluice_upstream_connections", {{"state", "idle"}, {"protocol", "h2"}}));
}

TEST_F(H2Upstream, MayTrickle) {
  auto target = dial(client, get("/u"));
  auto request = target.expect_request();
  auto bytes = h2::frame(h2::kHeaders, h2::kEndHeaders, request.stream, h2::block({{":status", "200"}})) +
               h2::frame(h2::kData, h2::kEndStream, request.stream, "drop by drop");

  target.connection().trickle(bytes);

  EXPECT_EQ(client.response().body, "drop by drop");
}

TEST_F(H2Upstream, MaySendAHeadInPiecesAndPaddedData) {
  auto target = dial(client, get("/u"));
  auto request = target.expect_request();
  auto block = h2::block({{":status", "200"}, {"x-a", "1"}});

  target.frame(h2::kHeaders, 0, request.stream, block.substr(0, 3));
  target.frame(h2::kContinuation, 0, request.stream, block.substr(3, 5));
  target.frame(h2::kContinuation, h2::kEndHeaders, request.stream, block.substr(8));
  target.frame(h2::kData, h2::kPadded | h2::kEndStream, request.stream,
               std::string("\5", 1) + "text" + std::string(5, '\0'));

  auto response = client.response();
  EXPECT_THAT(response, HasField("x-a", "1"));
  EXPECT_EQ(response.body, "text");
}

TEST_F(H2Upstream, MaySendALargeBody) {
  auto target = dial(client, get("/u"));
  auto request = target.expect_request();
  std::string body = patterned(1 << 20);
  target.headers(request.stream, {{":status", "200"}});

  std::size_t sent = 0;
  while (sent < body.size()) {
    std::size_t allowed = 128 * 1024 + target.window_given(request.stream);
    std::size_t n = std::min(body.size(), allowed) - sent;
    if (n == 0) {
      if (!target.expect_frame(h2::kWindowUpdate).complete) break;
      continue;
    }
    target.data(request.stream, body.substr(sent, n), sent + n == body.size());
    sent += n;
  }

  auto response = client.response();
  EXPECT_TRUE(response.body == body) << response.body.size() << " bytes";
}

TEST_F(H2Upstream, IsNotAskedForMoreThanTheClientTakes) {
  RawClient slow = gw.connect("web", 4096);
  auto target = dial(slow, get("/u"));
  auto request = target.expect_request();
  target.headers(request.stream, {{":status", "200"}});

  // The window of the stream, and what the sockets to the client hold, is all that the gateway takes.
  std::uint64_t sent = 0;
  constexpr std::uint64_t kFar = 64 << 20;
  while (sent < kFar && sent + 16384 <= 128 * 1024 + target.window_given(request.stream)) {
    target.data(request.stream, std::string(16384, 'x'));
    sent += 16384;
    target.settle();
  }

  EXPECT_LT(sent, kFar);
  client.send(get("/other"));
  auto other = target.expect_request();
  target.answer(other.stream, "not held up");
  EXPECT_EQ(client.response().body, "not held up");
}

TEST_F(H2Upstream, IsSentNoMoreThanItsWindow) {
  std::string body = patterned(200'000);
  auto target = dial(client, post("/u", body));
  target.hold_window();
  auto request = target.expect_head();

  EXPECT_EQ(target.expect_body(request.stream, 65535).body.size(), 65535u);
  target.settle();
  EXPECT_EQ(target.expect_body(request.stream, 65535).body.size(), 65535u)
      << "nothing came beyond the window";
  target.window(0, 1 << 20);
  target.window(request.stream, 1 << 20);

  EXPECT_EQ(target.finish(request.stream).body, body);
  target.answer(request.stream, "taken");
  EXPECT_EQ(client.response().body, "taken");
}

TEST_F(H2Upstream, MayAnswerBeforeTheRequestHasEnded) {
  client.send("POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhello");
  H2Target target(gw.upstream("users").accept());
  auto request = target.expect_head();
  target.expect_body(request.stream, 5);

  target.answer(request.stream, "enough");

  auto response = client.response();
  EXPECT_EQ(response.body, "enough");
  EXPECT_TRUE(target.finish(request.stream).reset);
}

TEST_F(H2Upstream, HearsAtOnceThatTheClientHasLeft) {
  auto target = dial(client, get("/u"));
  auto request = target.expect_request();
  RawClient other = gw.connect();
  other.send(get("/other"));
  auto second = target.expect_request();

  client.close();

  auto reset = target.expect_frame(h2::kReset);
  EXPECT_EQ(reset.stream, request.stream);
  EXPECT_EQ(reset.error(), 8u) << "CANCEL";
  target.answer(second.stream, "ok");
  EXPECT_EQ(other.response().body, "ok");
}

TEST(H2UpstreamConfig, IsHttp1WithoutBeingAsked) {
  Gateway gw(
      "upstreams: {users: {url: \"<users>\", protocol: auto}}\nroutes: [{name: u, match: {path: /**}, to: "
      "users}]\n");
  gw.upstream("users").answers(200, "h1");

  EXPECT_EQ(gw.get("/u").body, "h1");
}

TEST(H2UpstreamConfig, MayChangeAtReload) {
  Gateway gw(
      "upstreams: {users: {url: \"<users>\", protocol: h1}}\nroutes: [{name: u, match: {path: /**}, to: "
      "users}]\n");
  RawClient client = gw.connect();
  client.send(get("/1"));
  auto old = gw.upstream("users").accept();
  old.expect_request();
  old.send(ok("h1"));
  EXPECT_EQ(client.response().body, "h1");

  ASSERT_TRUE(gw.reload(yaml()).good);
  client.send(get("/2"));
  H2Target target(gw.upstream("users").accept());
  target.answer(target.expect_request().stream, "h2");

  EXPECT_EQ(client.response().body, "h2");
  EXPECT_TRUE(old.ended());
}

}  // namespace
}  // namespace sluice::test::h2_upstream_test

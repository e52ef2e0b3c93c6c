// SPDX-License-Identifier: Apache-2.0
// HTTP/2 from clients, as far as it is not the same as HTTP/1.1: streams, windows, resets, the end of a
// connection. The other flow tests are run over it too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/gateway.h"
#include "tests/support/metrics.h"

namespace sluice::test::h2_test {
namespace {

constexpr std::string_view kApp = "routes: [{name: app, match: {path: /**}, to: app}]";

struct H2 : testing::Test {
  Gateway gw{kApp, Downstream::h2};
  Upstream& app = gw.upstream("app");
};

TEST_F(H2, CarriesManyRequestsAtOnce) {
  auto client = gw.h2();
  std::vector<std::uint32_t> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(client.open_get("/" + std::to_string(i)));
  std::vector<UpstreamConnection> targets;
  for (int i = 0; i < 20; ++i) targets.push_back(app.accept());
  // Answered in the reverse order of arrival.
  for (std::size_t i = 20; i-- > 0;) {
    auto request = targets[i].expect_request();
    targets[i].send(ok("for " + request.target));
  }

  for (int i = 0; i < 20; ++i) {
    auto response = client.response(ids[static_cast<std::size_t>(i)]);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "for /" + std::to_string(i));
  }
}

TEST_F(H2, SendsAWellFormedHttp1RequestUpstream) {
  app.answers(200, "ok");
  auto client = gw.h2();

  auto response =
      client.get("/a/../b?x", {{"cookie", "a=1"}, {"x-a", "1"}, {"cookie", "b=2"}, {"te", "trailers"}});

  EXPECT_EQ(response.value("via"), "1.1 sluice") << "the version in which the target answered";
  auto request = app.request();
  EXPECT_EQ(request.fault, "");
  EXPECT_EQ(request.start, "GET /b?x HTTP/1.1");
  EXPECT_EQ(request.value("host"), "test.example");
  EXPECT_EQ(request.value("via"), "2 sluice");
  EXPECT_EQ(request.value("cookie"), "a=1; b=2");
  EXPECT_EQ(request.count("cookie"), 1u);
  EXPECT_EQ(request.value("te"), "trailers");
  EXPECT_EQ(request.value("connection"), "TE");
  EXPECT_EQ(request.value("x-forwarded-host"), "test.example");
}

TEST_F(H2, PassesBodiesOfBothKindsOn) {
  app.answers_by([](const Request& r) { return Answer{ok(r.body), false}; });
  auto client = gw.h2();
  auto body = patterned(300'000);

  EXPECT_EQ(client.post("/", body).body, body);
  EXPECT_FALSE(app.request(0).chunked);
  auto id = client.open(h2::request("POST", "/"), false);
  client.send(h2::data(id, "abc", false) + h2::data(id, "", false) + h2::data(id, "def", true));
  EXPECT_EQ(client.response(id).body, "abcdef");
  EXPECT_TRUE(app.request(1).chunked);
}

TEST_F(H2, PassesTrailersOnInBothDirections) {
  app.answers_with(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nGrpc-Status: 0\r\n\r\n");
  auto client = gw.h2();
  auto id = client.open(h2::request("POST", "/"), false);
  client.send(h2::data(id, "abc", false) + h2::headers(id, {{"x-sum", "6"}}, true));
  auto response = client.response(id);

  EXPECT_EQ(response.body, "ok");
  EXPECT_EQ(response.trailers, (std::vector<Line>{{"grpc-status", "0"}}));
  EXPECT_EQ(app.request().trailers, (std::vector<Line>{{"x-sum", "6"}}));
}

TEST_F(H2, RelaysInterimResponses) {
  app.script().expect_request().then_send(
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 "
      "OK\r\nContent-Length: 2\r\n\r\nok");
  auto client = gw.h2();
  auto& stream = client.finish(client.open_get("/"));

  ASSERT_EQ(stream.interim.size(), 1u);
  EXPECT_EQ(stream.interim[0].status, 103);
  EXPECT_EQ(stream.interim[0].value("link"), "</a.css>");
  EXPECT_EQ(stream.interim[0].value("content-length"), "") << "RFC 9110 section 8.6";
  EXPECT_EQ(stream.response.body, "ok");
}

TEST_F(H2, AnswersExpectationsWithTheUpstreamsWord) {
  app.answers_by([](const Request& r) { return Answer{ok(r.body), false}; });
  auto client = gw.h2();
  auto id =
      client.open(h2::request("POST", "/", {{"expect", "100-continue"}, {"content-length", "2"}}), false);
  ASSERT_TRUE(client.read_until([&] { return !client.stream(id).interim.empty(); }));
  EXPECT_EQ(client.stream(id).interim[0].status, 100);
  client.send(h2::data(id, "hi", true));

  EXPECT_EQ(client.response(id).body, "hi");
}

TEST_F(H2, SendsNoBodyWhereNoneBelongs) {
  app.answers(304, "", {{"ETag", "\"x\""}});
  auto client = gw.h2();
  auto& not_modified = client.finish(client.open_get("/"));
  app.answers(200, "hello");
  auto& head = client.finish(client.open(h2::request("HEAD", "/")));

  EXPECT_EQ(not_modified.response.status, 304);
  EXPECT_EQ(not_modified.data_frames, 0u);
  EXPECT_EQ(head.response.status, 200);
  EXPECT_EQ(head.data_frames, 0u);
}

TEST_F(H2, LetsOneStreamsWindowStopItAlone) {
  app.answers_by([](const Request& r) {
    return Answer{ok(r.target == "/large" ? patterned(400'000) : "small"), false};
  });
  auto client = gw.h2();
  client.open_windows = false;
  auto large = client.open_get("/large");
  ASSERT_TRUE(client.read_until([&] { return client.stream(large).response.body.size() == 65535; }));
  client.send(h2::window_update(0, 1'000'000));

  EXPECT_EQ(client.get("/small").body, "small");
  EXPECT_FALSE(client.stream(large).ended);
  client.send(h2::window_update(large, 1'000'000));
  EXPECT_EQ(client.response(large).body, patterned(400'000));
}

TEST_F(H2, OpensItsWindowOnlyAsTheUpstreamReads) {
  auto client = gw.h2();
  auto id = client.open(h2::request("POST", "/"), false);
  auto target = app.accept();
  target.expect_head();
  // More than sockets and buffers between us can hold is never taken without the target reading.
  std::string piece(16384, 'x');
  std::uint64_t sent = 0;
  while (sent + piece.size() <= 65536 + client.credit(id) && sent < 50'000'000) {
    client.send(h2::data(id, piece, false));
    sent += piece.size();
    if (!client.alive()) break;
  }
  EXPECT_LT(sent, 50'000'000u);
  EXPECT_LE(sent, 65536 + client.credit(id));

  // It goes on as soon as the target does.
  auto before = client.credit(id);
  std::string sink;
  while (sink.size() < 5'000'000 && client.credit(id) == before) {
    sink += target.receive(100'000);
    client.alive();
  }
  EXPECT_GT(client.credit(id), before);
}

TEST_F(H2, CancelsWhatTheClientResets) {
  auto client = gw.h2();
  auto id = client.open_get("/");
  auto target = app.accept();
  target.expect_request();
  client.send(h2::reset(id, h2::kCancel));

  EXPECT_TRUE(target.ended()) << "the request upstream is given up at once";
  EXPECT_TRUE(client.alive());
  EXPECT_THAT(gw.log_line(), testing::AllOf(testing::HasSubstr(R"("status":499)"),
                                            testing::HasSubstr(R"("reason":"client_closed")"),
                                            testing::HasSubstr(R"("protocol":"HTTP/2")")));
}

TEST_F(H2, ResetsAStreamWhoseUpstreamBreaksOff) {
  app.script().expect_request().then_send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").then_close();
  auto client = gw.h2();
  auto& stream = client.finish(client.open_get("/"));

  EXPECT_EQ(stream.response.status, 200);
  EXPECT_EQ(stream.reset, std::uint32_t{h2::kInternalError});
  EXPECT_TRUE(client.alive());
}

TEST_F(H2, AnswersByItselfWhenTheUpstreamFails) {
  app.script().expect_request().then_close();
  app.script().expect_request().then_close();
  auto client = gw.h2();
  auto response = client.post("/", "x");

  EXPECT_EQ(response.status, 502);
  EXPECT_EQ(response.value("content-type"), "application/problem+json");
}

TEST_F(H2, EndsTheUploadThatNobodyWants) {
  Gateway small("routes: [{name: r, match: {path: /x}, respond: {status: 200, body: hello}}]",
                Downstream::h2);
  auto client = small.h2();
  auto id = client.open(h2::request("POST", "/none"), false);
  auto& stream = client.finish(id);

  EXPECT_EQ(stream.response.status, 404);
  ASSERT_TRUE(client.read_until([&] { return stream.reset.has_value(); }));
  EXPECT_EQ(stream.reset, std::uint32_t{h2::kNoError});
}

TEST_F(H2, RefusesBodiesOverTheLimit) {
  Gateway small(
      "listeners: {web: {bind: '127.0.0.1:0', protocols: [h2], limits: {body: 10B}}}\n"
      "routes: [{name: app, match: {path: /**}, to: app}]",
      Downstream::h2);
  small.upstream("app").answers(200, "ok");
  auto client = small.h2();

  EXPECT_EQ(client.post("/", "12345678901").status, 413);
  auto id = client.open(h2::request("POST", "/"), false);
  client.send(h2::data(id, "12345678901", true));
  EXPECT_EQ(client.response(id).status, 413);
  EXPECT_EQ(client.post("/", "1234567890").status, 200);
}

TEST_F(H2, RefusesHeadsOverTheLimits) {
  auto client = gw.h2();

  EXPECT_EQ(client.get("/", {{"a", std::string(20'000, 'x')}}).status, 431);
  EXPECT_EQ(client.get("/", std::vector<Line>(101, Line{"a", "b"})).status, 431);
  EXPECT_EQ(client.get("/" + std::string(9000, 'x')).status, 414);
  EXPECT_TRUE(client.alive());
}

TEST_F(H2, SaysWhatItAllows) {
  auto client = gw.h2();
  ASSERT_TRUE(client.alive());

  EXPECT_EQ(client.settings().at(3), 128u);
  EXPECT_EQ(client.settings().at(4), 65536u);
  EXPECT_EQ(client.settings().at(6), 16384u);
  EXPECT_EQ(client.credit(0), (1u << 20) - 65535);
}

TEST_F(H2, RefusesMoreStreamsThanItAllows) {
  auto client = gw.h2();
  client.alive();
  client.alive();
  for (int i = 0; i < 128; ++i) client.open_get("/");
  client.open_get("/");

  EXPECT_FALSE(client.alive()) << "who knows the limit and ignores it breaks the protocol";
  EXPECT_EQ(client.goaway(), std::uint32_t{h2::kProtocolError});
}

TEST_F(H2, RefusesOneStreamTooManyAloneAsLongAsTheLimitIsNotAcknowledged) {
  auto client = gw.h2();
  client.acknowledge = false;
  for (int i = 0; i < 128; ++i) client.open_get("/");
  auto one_more = client.open_get("/");

  EXPECT_EQ(client.finish(one_more).reset, std::uint32_t{h2::kRefusedStream});
  EXPECT_TRUE(client.alive());
}

TEST_F(H2, ServesBothVersionsOnOnePort) {
  app.answers(200, "ok");
  auto h1 = gw.connect();

  EXPECT_EQ(h1.ask(get("/")).status, 200);
  EXPECT_EQ(gw.h2().get("/").status, 200);
  RawClient slow(gw.port());
  slow.trickle("PRI");
  slow.send(" /x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(slow.response().status, 200) << "a method may begin like the preface";
  EXPECT_THAT(gw.metrics(),
              testing::HasSubstr(R"(sluice_connections_total{listener="web",protocol="h2"} 1)"));
}

TEST_F(H2, HonoursNoUpgradeToH2c) {
  app.answers(200, "ok");
  auto response = gw.connect().ask(get(
      "/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"));

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.version, "HTTP/1.1");
  EXPECT_FALSE(app.request().has("http2-settings"));
}

TEST(H2Listener, IsNotThereUnlessItIsListed) {
  Gateway gw("routes: [{name: r, match: {path: /**}, respond: {status: 200, body: hello}}]", Downstream::h1);
  RawClient client(gw.port());
  client.send(std::string(h2::kPreface) + h2::settings());

  EXPECT_EQ(client.response().status, 505);
}

TEST(H2Listener, MaySpeakNothingElse) {
  Gateway gw(
      "listeners: {web: {bind: '127.0.0.1:0', protocols: [h2]}}\n"
      "routes: [{name: r, match: {path: /**}, respond: {status: 200, body: hello}}]");
  RawClient client(gw.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

  EXPECT_EQ(gw.h2().get("/").status, 200);
  EXPECT_EQ(client.rest().find("HTTP/1"), std::string::npos);
}

TEST(H2Listener, TakesH2cForTheSameWithoutTls) {
  Gateway gw(
      "listeners: {web: {bind: '127.0.0.1:0', protocols: [h1, h2c]}}\n"
      "routes: [{name: r, match: {path: /**}, respond: {status: 200, body: hello}}]",
      Downstream::h1);

  EXPECT_EQ(gw.h2().get("/").status, 200);
  EXPECT_EQ(RawClient(gw.port()).ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
}

TEST_F(H2, DrainsInTwoSteps) {
  auto client = gw.h2();
  auto first = client.open_get("/first");
  auto target = app.accept();
  target.expect_request();
  auto cut = gw.drain();
  ASSERT_TRUE(client.read_until([&] { return client.goaways() == 1; }));
  EXPECT_EQ(client.goaway_last(), 0x7FFFFFFFu);
  ASSERT_TRUE(client.read_until([&] { return client.goaways() == 2; }));
  EXPECT_EQ(client.goaway_last(), first);
  target.send(ok("done"));

  EXPECT_EQ(client.response(first).body, "done");
  EXPECT_TRUE(client.ended());
  client.close();
  EXPECT_EQ(cut.get(), 0u);
}

TEST_F(H2, ServesWhatCrossesTheFirstGoaway) {
  auto client = gw.h2();
  client.acknowledge = false;  // the last step waits for it
  auto first = client.open_get("/first");
  auto target = app.accept();
  target.expect_request();
  auto cut = gw.drain();
  ASSERT_TRUE(client.read_until([&] { return client.goaways() == 1; }));

  auto second = client.open_get("/second");
  auto other = app.accept();
  EXPECT_EQ(other.expect_request().start, "GET /second HTTP/1.1");
  other.send(ok("crossed"));
  target.send(ok("first"));

  EXPECT_EQ(client.response(second).body, "crossed");
  EXPECT_EQ(client.response(first).body, "first");
  EXPECT_TRUE(client.ended());
  client.close();
  EXPECT_EQ(cut.get(), 0u);
}

TEST_F(H2, DrainsIdleConnectionsOnceTheyHaveHeard) {
  auto client = gw.h2();
  ASSERT_TRUE(client.alive());
  auto cut = gw.drain();

  EXPECT_TRUE(client.ended());
  EXPECT_EQ(client.goaways(), 2u);
  EXPECT_EQ(client.goaway(), std::uint32_t{h2::kNoError});
  client.close();
  EXPECT_EQ(cut.get(), 0u);
}

TEST_F(H2, ServesWhatCrossesTheFirstGoawayOfAnIdleConnection) {
  app.answers(200, "crossed");
  auto client = gw.h2();
  ASSERT_TRUE(client.alive());
  client.acknowledge = false;  // the last step waits for it
  auto cut = gw.drain();
  ASSERT_TRUE(client.read_until([&] { return client.goaways() == 1; }));
  EXPECT_EQ(client.goaway_last(), 0x7FFFFFFFu);

  EXPECT_EQ(client.get("/").body, "crossed");
  EXPECT_TRUE(client.ended()) << "who says nothing more is waited for no longer";
  client.close();
  EXPECT_EQ(cut.get(), 0u);
}

TEST_F(H2, EndsWhenTheClientSaysGoodbye) {
  app.answers(200, "ok");
  auto client = gw.h2();
  auto id = client.open_get("/");
  client.send(h2::frame(h2::kGoaway, 0, 0, std::string(8, '\0')));

  EXPECT_EQ(client.response(id).status, 200);
  EXPECT_TRUE(client.ended());
}

}  // namespace
}  // namespace sluice::test::h2_test

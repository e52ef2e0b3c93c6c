// SPDX-License-Identifier: Apache-2.0
// Clients that leave: the target is not kept busy for them, and it is nobody's error but theirs.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/h2_frames.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::abort_test {
namespace {

class Abort : public ::testing::Test {
 protected:
  // What log and metrics say of the request that was given up.
  void expect_blamed_on_the_client(const char* stage, const char* status) {
    auto line = gw.log_line();
    EXPECT_EQ(json_value(line, "reason"), "client_closed");
    EXPECT_EQ(json_value(line, "status"), status);
    EXPECT_EQ(before.growth("sluice_client_aborts_total", {{"route", "u"}, {"stage", stage}}), 1);
    EXPECT_EQ(before.growth("sluice_requests_total", {{"code_class", "5xx"}}), 0);
    EXPECT_EQ(before.growth("sluice_requests_in_flight"), 0);
  }

  Gateway gw{"routes: [{name: u, match: {path: /**}, to: users}]"};
  Metrics before{gw};
  RawClient client = gw.connect();
};

TEST_F(Abort, WhileItWaitsCancelsTheRequest) {
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  client.close();

  EXPECT_TRUE(target.ended());
  expect_blamed_on_the_client("waiting", "499");
}

TEST_F(Abort, ByAResetIsTheSame) {
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  client.reset();

  EXPECT_TRUE(target.ended());
  expect_blamed_on_the_client("waiting", "499");
}

TEST_F(Abort, InTheMiddleOfTheRequestCutsItOff) {
  client.send("POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nbegin");
  auto target = gw.upstream("users").accept();
  target.expect_head();
  EXPECT_EQ(target.receive(5), "begin");

  client.close();

  EXPECT_TRUE(target.ended());
  expect_blamed_on_the_client("waiting", "499");
}

TEST_F(Abort, InTheMiddleOfALargeRequestCutsItOff) {
  std::string body(400'000, 'x');
  client.send("POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + body);
  auto target = gw.upstream("users").accept();
  target.expect_head();
  EXPECT_EQ(target.receive(body.size()).size(), body.size());

  client.close();

  EXPECT_TRUE(target.ended());
  expect_blamed_on_the_client("waiting", "499");
}

TEST_F(Abort, InTheMiddleOfTheAnswerStopsIt) {
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  target.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin");
  client.response_head();
  EXPECT_EQ(client.receive(5), "begin");

  client.close();

  EXPECT_TRUE(target.ended());
  expect_blamed_on_the_client("response", "200");
}

TEST_F(Abort, InTheMiddleOfALargeAnswerStopsIt) {
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  std::string body(1'000'000, 'x');
  target.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + body);
  client.response_head();
  EXPECT_EQ(client.receive(body.size()).size(), body.size());

  client.close();

  EXPECT_TRUE(target.ended());
  expect_blamed_on_the_client("response", "200");
}

TEST_F(Abort, WhileTheBodyIsAwaitedAndTheAnswerFlowsStopsBoth) {
  client.send("POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nbegin");
  auto target = gw.upstream("users").accept();
  target.expect_head();
  target.receive(5);
  target.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin");
  client.response_head();

  client.close();

  EXPECT_TRUE(target.ended());
  expect_blamed_on_the_client("response", "200");
}

TEST(AbortOfAConnect, WhileATargetIsBeingConnectedTo) {
  Bell bell;
  Socket reserved = Socket::reserve();
  // Its one place in the queue is taken: connections are neither made nor refused.
  Socket listener = Socket::listen(reserved.port(), &bell, 0);
  Socket filler = Socket::connect(reserved.port());
  Gateway gw("upstreams: {users: {url: \"http://127.0.0.1:" + std::to_string(reserved.port()) +
             "\", timeouts: {connect: 60s}}}\nroutes: [{name: u, match: {path: /**}, to: users}]");
  Metrics before(gw);
  RawClient client = gw.connect();
  client.send(get("/u"));
  EXPECT_TRUE(before.becomes(1, "sluice_requests_in_flight", {{"route", "u"}}));

  client.close();

  auto line = gw.log_line();
  EXPECT_EQ(json_value(line, "status"), "499");
  EXPECT_EQ(json_value(line, "reason"), "client_closed");
}

TEST_F(Abort, LeavesOtherClientsAlone) {
  client.send(get("/leaves"));
  auto left = gw.upstream("users").accept();
  left.expect_request();
  RawClient other = gw.connect();
  other.send(get("/stays"));
  auto stays = gw.upstream("users").accept();
  stays.expect_request();

  client.reset();
  EXPECT_TRUE(left.ended());
  stays.send(ok("well"));

  EXPECT_EQ(other.response().body, "well");
}

TEST_F(Abort, OfAnIdleConnectionIsNothingToSpeakOf) {
  gw.upstream("users").answers(200, "ok");
  client.ask(get("/u"));

  client.reset();

  EXPECT_TRUE(before.becomes(0, "sluice_connections"));
  EXPECT_EQ(before.growth("sluice_client_aborts_total"), 0);
  EXPECT_EQ(before.growth("sluice_requests_total"), 1);
}

// --- on_client_abort: finish

class Finish : public ::testing::Test {
 protected:
  explicit Finish(Downstream downstream = usual_downstream()) : gw(yaml(), downstream) {}
  static std::string yaml(std::string_view more = {}) {
    return "upstreams: {users: {url: \"<users>\", on_client_abort: finish" + std::string(more) +
           "}}\nroutes:\n- {name: ping, match: {path: /ping}, respond: {status: 204}}\n"
           "- {name: u, match: {path: /**}, to: users}\n";
  }
  // Once somebody else has been answered it has been seen that the client left.
  void expect_noticed() {
    EXPECT_EQ(gw.get("/ping").status, 204);
    EXPECT_EQ(json_value(gw.log_line(), "route"), "ping");
  }
  // The answer was taken whole, so its connection serves the next request.
  void expect_finished(UpstreamConnection& target,
                       const char* detail = "the client left; its request was finished",
                       const char* status = "499") {
    auto line = gw.log_line();
    EXPECT_EQ(json_value(line, "reason"), "client_closed");
    EXPECT_THAT(gw.admin("/failures").body, ::testing::HasSubstr(detail));
    EXPECT_EQ(json_value(line, "status"), status);
    EXPECT_EQ(before.growth("sluice_client_aborts_total"), 1);
    EXPECT_EQ(before.growth("sluice_requests_total", {{"code_class", "5xx"}}), 0);
    EXPECT_EQ(before.growth("sluice_requests_in_flight"), 0);
    if (usually_bridged()) return;  // that is up to the bridge
    RawClient other = gw.connect();
    other.send(get("/next"));
    EXPECT_EQ(target.expect_request().target, "/next");
    target.send(ok("next"));
    EXPECT_EQ(other.response().body, "next");
  }

  // The target of a request whose client leaves when the answer has begun so: the rest of its head, and
  // bytes.
  UpstreamConnection left_midway(const std::string& begun) {
    client.send(post("/u", "order"));
    auto target = gw.upstream("users").accept();
    target.expect_request();
    target.send("HTTP/1.1 200 OK\r\n" + begun);
    client.response_head();
    client.reset();
    expect_noticed();
    return target;
  }

  Gateway gw;
  Metrics before{gw};
  RawClient client = gw.connect();
};

TEST_F(Finish, AnswersNobodyButEndsTheRequest) {
  client.send(post("/u", "order"));
  auto target = gw.upstream("users").accept();
  EXPECT_EQ(target.expect_request().body, "order");

  client.close();
  expect_noticed();
  target.send(ok("made"));

  expect_finished(target);
}

TEST_F(Finish, IsTheSameAfterAReset) {
  client.send(post("/u", "order"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  client.reset();
  expect_noticed();
  target.send(ok("made"));

  expect_finished(target);
}

TEST_F(Finish, ReadsALargeAnswerToItsEnd) {
  client.send(post("/u", "order"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  std::string body(3'000'000, 'x');
  target.send("HTTP/1.1 200 OK\r\nContent-Length: 6000000\r\n\r\n" + body);
  client.response_head();
  EXPECT_EQ(client.receive(1000).size(), 1000u);

  client.reset();
  expect_noticed();
  target.send(body);

  expect_finished(target, "the client left; its request was finished", "200");
}

TEST_F(Finish, ReadsAnAnswerInChunksToItsEnd) {
  auto target = left_midway("Transfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
  target.send("3\r\nend\r\n0\r\n\r\n");

  expect_finished(target, "the client left; its request was finished", "200");
}

// What comes after the reset cannot be written to the client: nothing follows it, and nothing is waited for.
TEST_F(Finish, IsOverWithTheLastPiece) {
  auto target = left_midway("Content-Length: 8\r\n\r\nbegin");
  target.send("end");

  expect_finished(target, "the client left; its request was finished", "200");
}

TEST_F(Finish, IsOverWithTheLastChunk) {
  auto target = left_midway("Transfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
  target.send("0\r\n\r\n");

  expect_finished(target, "the client left; its request was finished", "200");
}

TEST_F(Finish, TakesInterimAnswersForNobody) {
  client.send(post("/u", "order"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  client.reset();
  expect_noticed();
  for (int i = 0; i < 3; ++i) target.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  target.send(ok("made"));

  expect_finished(target);
}

TEST_F(Finish, IsForWritesAlone) {
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  client.close();

  EXPECT_TRUE(target.ended());
  EXPECT_EQ(json_value(gw.log_line(), "status"), "499");
}

TEST_F(Finish, NeedsTheWholeRequest) {
  client.send("POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nbegin");
  auto target = gw.upstream("users").accept();
  target.expect_head();
  EXPECT_EQ(target.receive(5), "begin");

  client.close();

  EXPECT_TRUE(target.ended());
  EXPECT_EQ(json_value(gw.log_line(), "status"), "499");
}

class FinishH2 : public Finish {
 protected:
  FinishH2() : Finish(Downstream::h2) {}
};

TEST_F(FinishH2, OfAStreamEndsTheRequest) {
  auto h2 = gw.h2();
  auto id = h2.open(h2::request("POST", "/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  h2.send(h2::reset(id, h2::kCancel));
  EXPECT_TRUE(h2.alive());
  target.send(ok("made"));

  expect_finished(target);
  EXPECT_TRUE(h2.alive());
}

class FinishH2Midway : public FinishH2,
                       public ::testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(FinishH2Midway, IsOverWithTheLastPiece) {
  auto [begin, end] = GetParam();
  auto h2 = gw.h2();
  auto id = h2.open(h2::request("POST", "/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  target.send(begin);
  EXPECT_TRUE(h2.read_until([&] { return h2.stream(id).response.body == "begin"; }));

  h2.send(h2::reset(id, h2::kCancel));
  EXPECT_TRUE(h2.alive());
  target.send(end);

  expect_finished(target, "the client left; its request was finished", "200");
}

INSTANTIATE_TEST_SUITE_P(
    ByLengthAndInChunks, FinishH2Midway,
    ::testing::Values(std::pair("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nbegin", "end"),
                      std::pair("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n",
                                "3\r\nend\r\n0\r\n\r\n")),
    [](const auto& p) { return p.index == 0 ? "length" : "chunks"; });

// As many as a client may have at a time may be replaced at once, but not again before some have ended.
TEST_F(FinishH2, LeavesNoMoreThanOneConnectionMayHaveBehind) {
  auto h2 = gw.h2();
  std::vector<std::uint32_t> ids;
  std::vector<UpstreamConnection> targets;
  auto ask = [&](std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) {
      ids.push_back(h2.open(h2::request("POST", "/u")));
      targets.push_back(gw.upstream("users").accept());
      targets.back().expect_request();
    }
  };
  auto leave = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) h2.send(h2::reset(ids[i], h2::kCancel));
    EXPECT_TRUE(h2.alive());
  };
  ask(128);
  leave(0, 128);
  ask(128);
  leave(128, 129);

  EXPECT_EQ(h2.finish(h2.open(h2::request("POST", "/u"))).reset, std::uint32_t{h2::kRefusedStream});
  targets[0].send(ok("made"));
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "client_closed");
  auto id = h2.open(h2::request("POST", "/u"));
  targets[0].expect_request();  // its connection is there again
  targets[0].send(ok("made"));
  EXPECT_EQ(h2.response(id).body, "made");
}

TEST_F(FinishH2, OfAConnectionEndsItsRequests) {
  auto h2 = gw.h2();
  h2.open(h2::request("POST", "/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  h2.close();
  expect_noticed();
  target.send(ok("made"));

  expect_finished(target);
}

TEST(FinishWithin, TheTimeoutsOfTheUpstream) {
  Gateway gw(
      "upstreams: {users: {url: \"<users>\", on_client_abort: finish, timeouts: {first_byte: 1s}}}\n"
      "routes: [{name: u, match: {path: /**}, to: users}]\n");
  RawClient client = gw.connect();
  client.send(post("/u", "order"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  client.close();

  EXPECT_TRUE(target.ended());
  auto line = gw.log_line();
  EXPECT_EQ(json_value(line, "status"), "499");
  EXPECT_THAT(gw.admin("/failures").body,
              ::testing::HasSubstr("the client left; its request was to be finished: timeout_first_byte"));
}

TEST(FinishWithin, TheTotalTimeoutAlsoIfTheAnswerIsAStream) {
  Gateway gw(
      "upstreams: {users: {url: \"<users>\", on_client_abort: finish, timeouts: {total: 1s}}}\n"
      "routes: [{name: u, match: {path: /**}, to: users}]\n");
  RawClient client = gw.connect();
  client.send(post("/u", "order"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  target.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
  client.response_head();

  client.reset();
  target.send("5\r\nmore.\r\n");

  EXPECT_TRUE(target.ended());
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "client_closed");
}

TEST(FinishWithin, TheTotalTimeoutAlsoIfTheTargetFallsSilent) {
  Gateway gw(
      "upstreams: {users: {url: \"<users>\", on_client_abort: finish, timeouts: {total: 1s, idle: 0s}}}\n"
      "routes: [{name: u, match: {path: /**}, to: users}]\n");
  RawClient client = gw.connect();
  client.send(post("/u", "order"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  target.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
  client.response_head();

  client.close();

  EXPECT_TRUE(target.ended());
  auto line = gw.log_line();
  EXPECT_EQ(json_value(line, "reason"), "client_closed");
  EXPECT_EQ(json_value(line, "status"), "200");
  EXPECT_THAT(gw.admin("/failures").body,
              ::testing::HasSubstr("the client left; its request was to be finished: timeout_total"));
}

TEST(FinishWithin, TheTimeThatADrainLeaves) {
  Gateway gw(
      "upstreams: {users: {url: \"<users>\", on_client_abort: finish}}\n"
      "routes: [{name: u, match: {path: /**}, to: users}]\nshutdown: {pre_stop: 0s, grace: 50ms}\n");
  Metrics before(gw);
  RawClient client = gw.connect();
  client.send(post("/u", "order"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  client.close();
  EXPECT_TRUE(before.becomes(1, "sluice_requests_in_flight", {{"route", "u"}}));

  EXPECT_EQ(gw.drain().get(), 1u) << "it is cut";
}

}  // namespace
}  // namespace sluice::test::abort_test

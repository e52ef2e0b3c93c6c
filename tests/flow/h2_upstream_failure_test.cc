// SPDX-License-Identifier: Apache-2.0
// Targets that are spoken to with HTTP/2, and misbehave or give up: what the client sees, what is tried
// again, and that nothing of it reaches another exchange.
#include <gmock/gmock.h>

#include <functional>

#include "tests/support/gateway.h"
#include "tests/support/h2_target.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::h2_upstream_failure_test {
namespace {

std::string yaml(std::string_view more = {}) {
  return "upstreams: {users: {url: \"<users>\", protocol: h2" + std::string(more) +
         "}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n";
}

struct H2Failure : ::testing::Test {
  H2Target accept(std::string_view settings = {}) {
    return H2Target(gw.upstream("users").accept(), settings);
  }
  // A connection that has answered a request, and idles.
  H2Target accept_used() {
    client.send(get("/1"));
    auto target = accept();
    target.answer(target.expect_request().stream, "ok");
    EXPECT_EQ(client.response().body, "ok");
    return target;
  }
  // What was sent last is asked for on another connection.
  void expect_elsewhere() {
    auto next = accept();
    next.answer(next.expect_request().stream, "elsewhere");
    EXPECT_EQ(client.response().body, "elsewhere");
  }
  Gateway gw{yaml()};
  RawClient client = gw.connect();
};

// --- What nobody can have acted on.

TEST_F(H2Failure, TriesARefusedPostAgain) {
  Metrics before(gw);
  client.send(post("/u", ""));
  auto target = accept();
  target.reset(target.expect_request().stream, 7);

  auto again = target.expect_request();
  target.answer(again.stream, "second");

  EXPECT_EQ(client.response().body, "second");
  EXPECT_EQ(
      before.growth("sluice_upstream_retries_total", {{"cause", "upstream_refused"}, {"result", "success"}}),
      1);
}

TEST_F(H2Failure, SendsTheBodyOfARefusedPostOnceMore) {
  auto body = patterned(64 * 1024);
  client.send(post("/u", body));
  auto target = accept();
  target.reset(target.expect_request().stream, 7);

  auto again = target.expect_request();
  EXPECT_EQ(again.body, body);
  target.answer(again.stream, "second");

  EXPECT_EQ(client.response().body, "second");
}

TEST_F(H2Failure, SendsTheBodyOfAPostThatAGoawayLeavesOut) {
  client.send(get("/1"));
  auto target = accept();
  auto first = target.expect_request();
  RawClient other = gw.connect();
  other.send(post("/2", "order"));
  target.expect_request();

  target.goaway(first.stream);
  auto next = accept();
  auto again = next.expect_request();
  EXPECT_EQ(again.body, "order");
  next.answer(again.stream, "elsewhere");

  EXPECT_EQ(other.response().body, "elsewhere");
}

TEST_F(H2Failure, DoesNotTryAgainWhoseBodyIsGone) {
  client.send(post("/u", patterned(200 * 1024)));
  auto target = accept();
  target.reset(target.expect_request().stream, 7);

  EXPECT_THAT(client.response(), Refused(502, "upstream_refused"));
}

TEST_F(H2Failure, TriesAgainWhatAGoawayLeavesOut) {
  client.send(get("/1"));
  auto target = accept();
  auto first = target.expect_request();
  RawClient other = gw.connect();
  other.send(post("/2", ""));
  auto second = target.expect_request();
  EXPECT_GT(second.stream, first.stream);

  target.goaway(first.stream);
  auto next = accept();
  next.answer(next.expect_request().stream, "elsewhere");
  target.answer(first.stream, "still here");

  EXPECT_EQ(other.response().body, "elsewhere");
  EXPECT_EQ(client.response().body, "still here");
  EXPECT_TRUE(target.ended()) << "with its last stream";
}

TEST_F(H2Failure, SendsNothingToAConnectionThatWillClose) {
  auto target = accept_used();

  target.goaway(1);
  EXPECT_TRUE(target.ended());
  client.send(post("/2", "body"));

  expect_elsewhere();
}

// It would wait there for a place until the first byte timeout, and so would those after it.
TEST_F(H2Failure, SendsNothingToAnIdleConnectionThatAllowsNoStreams) {
  client.send(get("/1"));
  auto target = accept();
  auto first = target.expect_request().stream;
  target.settings(h2::setting(3, 0));
  target.answer(first, "ok");
  EXPECT_EQ(client.response().body, "ok");

  client.send(post("/2", "body"));
  EXPECT_TRUE(target.ended());

  expect_elsewhere();
}

TEST_F(H2Failure, TriesAGetAgainWhenTheConnectionWasStale) {
  auto target = accept_used();

  client.send(get("/2"));
  target.expect_request();
  target.connection().close();

  expect_elsewhere();
}

TEST_F(H2Failure, DoesNotTryAPostAgainThatMayHaveBeenProcessed) {
  auto target = accept_used();

  client.send(post("/2", ""));
  target.expect_request();
  target.connection().close();

  EXPECT_THAT(client.response(), Refused(502, "stale_connection"));
}

TEST_F(H2Failure, NamesAReset) {
  client.send(post("/u", ""));
  auto target = accept();
  target.reset(target.expect_request().stream, 2);

  EXPECT_THAT(client.response(), Refused(502, "upstream_reset"));
}

TEST_F(H2Failure, IsShownToTheClientInTheMiddleOfABody) {
  client.send(get("/u"));
  auto target = accept();
  auto request = target.expect_request();
  target.headers(request.stream, {{":status", "200"}});
  target.data(request.stream, "begin");
  client.response_head();

  target.reset(request.stream, 2);

  EXPECT_FALSE(client.rest().ends_with("0\r\n\r\n"));
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "upstream_reset");
}

TEST_F(H2Failure, TakesAResetAfterTheAnswerForNoError) {
  client.send("POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello");
  auto target = accept();
  auto request = target.expect_head();
  target.answer(request.stream, "enough");
  target.reset(request.stream, 0);

  EXPECT_EQ(client.response().body, "enough");
}

// --- Breaches of the protocol.

struct Breach {
  std::string name;
  std::function<void(H2Target&, std::uint32_t stream)> act;
  std::string reason;
};

struct H2Breach : ::testing::TestWithParam<Breach> {};

TEST_P(H2Breach, IsAnsweredByTheGatewayAndTheConnectionIsNotUsedAgain) {
  Gateway gw(yaml(", retry: none"));
  RawClient client = gw.connect();
  client.send(get("/u"));
  H2Target target(gw.upstream("users").accept());
  auto request = target.expect_request();

  GetParam().act(target, request.stream);

  EXPECT_THAT(client.response(), Refused(502, GetParam().reason));
  client.send(get("/next"));
  H2Target next(gw.upstream("users").accept());
  next.answer(next.expect_request().stream, "clean");
  EXPECT_EQ(client.response().body, "clean");
  EXPECT_TRUE(target.ended());
}

std::string name_of(const ::testing::TestParamInfo<Breach>& one) { return one.param.name; }

std::string framed(std::uint32_t stream, std::vector<Line> fields,
                   std::uint8_t flags = h2::kEndHeaders | h2::kEndStream) {
  return h2::frame(h2::kHeaders, flags, stream, h2::block(fields));
}

std::vector<Breach> of_messages() {
  return {
      Breach{"NoStatus", [](auto& t, auto s) { t.send(framed(s, {{"x-a", "1"}})); }, "response_invalid"},
      Breach{"TwoStatuses",
             [](auto& t, auto s) { t.send(framed(s, {{":status", "200"}, {":status", "200"}})); },
             "response_invalid"},
      Breach{"StatusIsNoNumber", [](auto& t, auto s) { t.send(framed(s, {{":status", "2x0"}})); },
             "response_invalid"},
      Breach{"StatusBehindFields",
             [](auto& t, auto s) { t.send(framed(s, {{"x-a", "1"}, {":status", "200"}})); },
             "response_invalid"},
      Breach{"RequestField", [](auto& t, auto s) { t.send(framed(s, {{":status", "200"}, {":path", "/"}})); },
             "response_invalid"},
      Breach{"CapitalLetters", [](auto& t, auto s) { t.send(framed(s, {{":status", "200"}, {"X-A", "1"}})); },
             "response_invalid"},
      Breach{"LineBreakInValue",
             [](auto& t, auto s) { t.send(framed(s, {{":status", "200"}, {"x-a", "1\r\nx-b: 2"}})); },
             "response_invalid"},
      Breach{"ConnectionField",
             [](auto& t, auto s) { t.send(framed(s, {{":status", "200"}, {"connection", "close"}})); },
             "response_invalid"},
      Breach{
          "TransferEncoding",
          [](auto& t, auto s) { t.send(framed(s, {{":status", "200"}, {"transfer-encoding", "chunked"}})); },
          "response_invalid"},
      Breach{"TwoLengths",
             [](auto& t, auto s) {
               t.send(framed(s, {{":status", "200"}, {"content-length", "1"}, {"content-length", "2"}}));
             },
             "response_invalid"},
      Breach{"LengthWithoutBody",
             [](auto& t, auto s) { t.send(framed(s, {{":status", "200"}, {"content-length", "5"}})); },
             "response_invalid"},
      Breach{"BodyBeforeHead", [](auto& t, auto s) { t.data(s, "early", true); }, "upstream_protocol"},
      Breach{"SwitchingProtocols",
             [](auto& t, auto s) { t.send(framed(s, {{":status", "101"}}, h2::kEndHeaders)); },
             "upstream_protocol"},
      Breach{"HugeHead",
             [](auto& t, auto s) {
               std::vector<Line> fields{{":status", "200"}};
               for (int i = 0; i < 20; ++i)
                 fields.push_back({"x-" + std::to_string(i), std::string(700, 'x')});
               for (int i = 0; i < 20; ++i)
                 fields.push_back({"y-" + std::to_string(i), std::string(700, 'x')});
               auto block = h2::block(fields);
               t.frame(h2::kHeaders, h2::kEndStream, s, block.substr(0, 16000));
               t.frame(h2::kContinuation, h2::kEndHeaders, s, block.substr(16000));
             },
             "response_invalid"}};
}

INSTANTIATE_TEST_SUITE_P(OfMessages, H2Breach, ::testing::ValuesIn(of_messages()), name_of);

std::vector<Breach> of_frames() {
  return {
      Breach{"NoHttp2AtAll",
             [](auto& t, auto) { t.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"); },
             "upstream_protocol"},
      Breach{"FrameTooLarge", [](auto& t, auto s) { t.frame(h2::kData, 0, s, std::string(16385, 'x')); },
             "upstream_protocol"},
      Breach{"PushPromise",
             [](auto& t, auto s) {
               t.frame(kPushPromise, h2::kEndHeaders, s, h2::number(2, 4) + h2::block({{":method", "GET"}}));
             },
             "upstream_protocol"},
      Breach{"UnknownStream", [](auto& t, auto) { t.headers(77, {{":status", "200"}}, true); },
             "upstream_protocol"},
      Breach{
          "ContinuationFromNowhere",
          [](auto& t, auto s) { t.frame(h2::kContinuation, h2::kEndHeaders, s, h2::block({{"x-a", "1"}})); },
          "upstream_protocol"},
      Breach{"BadCompression",
             [](auto& t, auto s) { t.frame(h2::kHeaders, h2::kEndHeaders, s, "\xff\xff\xff\xff\xff"); },
             "upstream_protocol"},
      Breach{"SettingsOnAStream", [](auto& t, auto s) { t.frame(h2::kSettings, 0, s, {}); },
             "upstream_protocol"},
      Breach{"WindowOverflow", [](auto& t, auto) { t.window(0, 0x7fffffff); }, "upstream_protocol"},
      Breach{"EmptyWindowUpdate", [](auto& t, auto) { t.window(0, 0); }, "upstream_protocol"},
      Breach{"GoawayThenGarbage",
             [](auto& t, auto s) {
               t.goaway(s);
               t.frame(h2::kSettings, 0, s, {});
             },
             "upstream_protocol"}};
}

INSTANTIATE_TEST_SUITE_P(OfFrames, H2Breach, ::testing::ValuesIn(of_frames()), name_of);

TEST_F(H2Failure, EndsAtTooManyInterimResponses) {
  client.send(post("/u", ""));
  auto target = accept();
  auto request = target.expect_request();
  for (int i = 0; i < 40; ++i) target.headers(request.stream, {{":status", "103"}});

  auto response = client.response();
  while (response.status == 103) response = client.response();
  EXPECT_THAT(response, Refused(502, "upstream_protocol"));
}

TEST_F(H2Failure, CutsABodyThatIsLongerThanItSaid) {
  client.send(get("/u"));
  auto target = accept();
  auto request = target.expect_request();
  target.headers(request.stream, {{":status", "200"}, {"content-length", "5"}});
  target.data(request.stream, "hello, world", true);

  EXPECT_FALSE(client.response().body.ends_with("world"));
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "response_invalid");
}

TEST_F(H2Failure, ShowsThatABodyIsShorterThanItSaid) {
  client.send(get("/u"));
  auto target = accept();
  auto request = target.expect_request();
  target.headers(request.stream, {{":status", "200"}, {"content-length", "50"}});
  target.data(request.stream, "hello", true);

  EXPECT_FALSE(client.response().complete);
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "response_invalid");
}

// More than the window: the stream dies of it, others do not.
TEST_F(H2Failure, EndsAStreamThatOverrunsItsWindow) {
  RawClient slow = gw.connect("web", 4096);
  slow.send(get("/u"));
  auto target = accept();
  auto request = target.expect_request();
  target.headers(request.stream, {{":status", "200"}});
  target.settle();
  std::string piece(16384, 'x');
  for (int i = 0; i < 700; ++i) target.frame(h2::kData, 0, request.stream, piece);

  EXPECT_EQ(target.expect_frame(h2::kReset).error(), 3u) << "FLOW_CONTROL_ERROR";
  EXPECT_FALSE(slow.response().complete);  // what was on its way has to go first
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "upstream_protocol");
}

TEST_F(H2Failure, KeepsAnswersApartWhenAStreamIsGivenUp) {
  client.send(get("/1"));
  auto target = accept();
  auto gone = target.expect_request();
  target.headers(gone.stream, {{":status", "200"}});
  client.response_head();
  client.close();
  target.expect_frame(h2::kReset);

  RawClient other = gw.connect();
  other.send(get("/2"));
  auto request = target.expect_request();
  target.data(gone.stream, "late bytes of the first", true);
  target.answer(request.stream, "second");

  EXPECT_EQ(other.response().body, "second");
}

// --- Silence.

TEST(H2Silence, IsATimeoutBeforeTheFirstByte) {
  Gateway gw(yaml(", retry: none, timeouts: {first_byte: 200ms}"));
  RawClient client = gw.connect();
  client.send(get("/u"));
  H2Target target(gw.upstream("users").accept());
  auto request = target.expect_request();

  EXPECT_THAT(client.response(), Refused(504, "timeout_first_byte"));
  EXPECT_TRUE(target.finish(1).complete);
  EXPECT_EQ(target.expect_frame(h2::kReset).stream, request.stream);
}

TEST(H2Silence, IsATimeoutInTheMiddleOfABody) {
  Gateway gw(yaml(", timeouts: {idle: 200ms}"));
  RawClient client = gw.connect();
  client.send(get("/u"));
  H2Target target(gw.upstream("users").accept());
  auto request = target.expect_request();
  target.headers(request.stream, {{":status", "200"}});
  target.data(request.stream, "begin");

  EXPECT_FALSE(client.response().complete);
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "timeout_idle");
}

TEST(H2Silence, IsATimeoutWhenTheTargetGivesNoWindow) {
  Gateway gw(yaml(", retry: none, timeouts: {idle: 200ms}"));
  RawClient client = gw.connect();
  client.send(post("/u", patterned(200'000)));
  H2Target target(gw.upstream("users").accept());
  target.hold_window();
  auto request = target.expect_head();
  target.expect_body(request.stream, 65535);

  EXPECT_THAT(client.response(), Refused(504, "timeout_idle"));
}

TEST_F(H2Failure, IsARefusalWhenNobodyListens) {
  gw.upstream("users").stop_listening();

  EXPECT_THAT(gw.get("/u"), Refused(502, "upstream_connect_failed"));
}

}  // namespace
}  // namespace sluice::test::h2_upstream_failure_test

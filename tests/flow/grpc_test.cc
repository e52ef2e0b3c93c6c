// SPDX-License-Identifier: Apache-2.0
// gRPC: deadlines, errors, retries; from clients of HTTP/1.1, which see in the head what others see in
// trailers.
#include <gmock/gmock.h>

#include <optional>

#include "tests/support/gateway.h"
#include "tests/support/h2_target.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::grpc_test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string yaml(std::string_view more = {}) {
  return "upstreams: {cart: {url: \"<cart>\", protocol: h2" + std::string(more) +
         "}}\nroutes: [{name: cart, match: {path: /shop.Cart/**}, use: [{grpc_web: {}}], to: cart}]\n";
}

constexpr std::string_view kMessage("\0\0\0\0\5hello", 10);

std::string call(std::string_view lines = {}) {
  return post("/shop.Cart/Add", kMessage, "Content-Type: application/grpc\r\n" + std::string(lines));
}

struct Grpc : ::testing::Test {
  H2Target accept() { return H2Target(gw.upstream("cart").accept()); }
  // Answers a call as a service does.
  static void answer(H2Target& target, std::uint32_t stream) {
    target.headers(stream, {{":status", "200"}, {"content-type", "application/grpc"}});
    target.data(stream, kMessage);
    target.headers(stream, {{"grpc-status", "0"}, {"grpc-message", "fine"}}, true);
  }
  Gateway gw{yaml(", retry: {attempts: 3, grpc: [unavailable]}")};
  RawClient client = gw.connect();
};

TEST(GrpcRoutes, ChooseByServiceAndByMethod) {
  Gateway gw(
      "upstreams: {cart: {url: \"<cart>\", protocol: h2}, till: {url: \"<till>\", protocol: h2},\n"
      "            stock: {url: \"<stock>\", protocol: h2}}\n"
      "routes: [{name: cart, match: {path: /shop.Cart/**}, to: cart},\n"
      "         {name: till, match: {path: /shop.Cart/Checkout}, to: till},\n"
      "         {name: stock, match: {path: /shop.Stock/**}, to: stock}]\n");
  for (auto [path, upstream] : {std::pair("/shop.Cart/Add", "cart"), std::pair("/shop.Cart/Checkout", "till"),
                                std::pair("/shop.Stock/Add", "stock")}) {
    RawClient client = gw.connect();
    client.send(post(path, kMessage, "Content-Type: application/grpc\r\n"));
    H2Target target(gw.upstream(upstream).accept());
    auto request = target.expect_request();
    Grpc::answer(target, request.stream);

    EXPECT_EQ(request.value(":path"), path);
    EXPECT_EQ(client.response().body, kMessage);
  }
}

TEST(GrpcWebRefused, IsToldInAFrameWhoeverRefuses) {
  Gateway gw(
      "upstreams: {cart: {url: \"<cart>\", protocol: h2}}\n"
      "routes: [{name: cart, match: {path: /shop.Cart/**},"
      " use: [{api_key: {header: X-Api-Key}}, {grpc_web: {}}], to: cart}]\n");
  auto refused = [&](const char* path, const char* type) {
    return gw.ask(post(path, kMessage, std::string("Content-Type: ") + type + "\r\n"));
  };

  auto unknown = refused("/shop.Cart/Add", "application/grpc-web+proto");
  EXPECT_EQ(unknown.status, 200);
  EXPECT_EQ(unknown.value("content-type"), "application/grpc-web+proto");
  EXPECT_THAT(unknown.body, HasSubstr("grpc-status: 16\r\ngrpc-message: unauthenticated"));
  EXPECT_EQ(unknown.body.substr(0, 4), std::string_view("\x80\0\0\0", 4));
  EXPECT_THAT(refused("/elsewhere", "application/grpc-web").body, HasSubstr("grpc-status: 12\r\n"));
  EXPECT_EQ(refused("/elsewhere", "application/grpc-web-text").body.substr(0, 4), "gAAA");
}

TEST_F(Grpc, ReachesTheServiceWithItsTrailers) {
  client.send(call());
  auto target = accept();
  auto request = target.expect_request();
  answer(target, request.stream);

  EXPECT_EQ(request.value("te"), "trailers");
  EXPECT_EQ(request.body, kMessage);
  auto response = client.response();
  EXPECT_EQ(response.body, kMessage);
  EXPECT_THAT(response.trailers,
              ::testing::ElementsAre(Line{"grpc-status", "0"}, Line{"grpc-message", "fine"}));
}

TEST_F(Grpc, CountsWhatIsUnderWay) {
  Metrics before(gw);
  client.send(call());
  auto target = accept();
  auto request = target.expect_request();
  EXPECT_TRUE(before.becomes(1, "sluice_streams", {{"route", "cart"}, {"kind", "grpc"}}));

  answer(target, request.stream);
  client.response();

  EXPECT_TRUE(before.becomes(0, "sluice_streams", {{"route", "cart"}, {"kind", "grpc"}}));
  EXPECT_EQ(before.growth("sluice_stream_duration_seconds_count", {{"route", "cart"}, {"kind", "grpc"}}), 1);
}

TEST_F(Grpc, TellsTheServiceHowMuchTimeIsLeft) {
  client.send(call("grpc-timeout: 20S\r\n"));
  auto target = accept();
  auto request = target.expect_request();
  answer(target, request.stream);

  auto timeout = request.value("grpc-timeout");
  ASSERT_FALSE(timeout.empty());
  EXPECT_EQ(timeout.back(), 'u');
  EXPECT_LE(std::stol(timeout), 20'000'000);
  EXPECT_GT(std::stol(timeout), 0);
}

TEST_F(Grpc, EndsAtTheDeadlineOfTheCaller) {
  client.send(call("grpc-timeout: 1S\r\n"));
  auto target = accept();
  auto request = target.expect_request();

  auto response = client.response();

  EXPECT_THAT(response, HasStatus(200));
  EXPECT_THAT(response, HasField("grpc-status", "4"));
  auto reset = target.expect_frame(h2::kReset);
  EXPECT_EQ(reset.stream, request.stream);
  EXPECT_EQ(reset.error(), 8u);
}

// What is silence is for the operator to say, not for the caller.
TEST(GrpcDeadline, BlamesATargetThatWasSilentForAFairTime) {
  for (bool fair : {true, false}) {
    Gateway gw(yaml(std::string(", retry: none, circuit_breaker: {min_requests: 1, open: 1h}, timeouts: ") +
                    (fair ? "{total: 200ms}" : "{first_byte: 200ms}")));
    RawClient client = gw.connect();
    client.send(call("grpc-timeout: 1S\r\n"));
    H2Target target(gw.upstream("cart").accept());
    target.expect_request();
    EXPECT_THAT(client.response(), HasField("grpc-status", "4"));

    RawClient next = gw.connect();
    next.send(call());

    if (fair) {
      EXPECT_THAT(next.response(), HasField("grpc-status", "14"));
    } else {
      target.expect_frame(h2::kReset);
      Grpc::answer(target, target.expect_request().stream);
      EXPECT_EQ(next.response().body, kMessage);
    }
  }
}

TEST_F(Grpc, EndsAtTheDeadlineInTheMiddleOfAStream) {
  client.send(call("grpc-timeout: 1S\r\n"));
  auto target = accept();
  auto request = target.expect_request();
  target.headers(request.stream, {{":status", "200"}, {"content-type", "application/grpc"}});

  EXPECT_EQ(target.expect_frame(h2::kReset).stream, request.stream);
  EXPECT_FALSE(client.response().complete);
  EXPECT_EQ(json_value(gw.log_line(), "reason"), "timeout_total");
}

// A call of HTTP/2, to the head of its answer.
struct BegunAnswer {
  explicit BegunAnswer(const std::vector<Line>& lines, std::string_view settings = {}, bool end = true)
      : gw(yaml(), Downstream::h2), client(gw.h2(settings)) {
    std::vector<Line> all = {{"content-type", "application/grpc"}};
    all.insert(all.end(), lines.begin(), lines.end());
    id = client.open(h2::request("POST", "/shop.Cart/Watch", all), false);
    client.send(h2::data(id, kMessage, end));
    target.emplace(gw.upstream("cart").accept());
    at_target = target->expect_head().stream;
    target->headers(at_target, {{":status", "200"}, {"content-type", "application/grpc+proto"}});
    client.read_until([&] { return client.stream(id).response.status != 0; });
  }
  void expect_end(const char* code, const char* reason) {
    auto& stream = client.finish(id);
    EXPECT_TRUE(stream.ended);
    ASSERT_EQ(stream.response.trailers.size(), 2u);
    EXPECT_EQ(stream.response.trailers[0], (Line{"grpc-status", code}));
    EXPECT_EQ(stream.response.trailers[1].name, "grpc-message");
    EXPECT_THAT(stream.response.trailers[1].value, StartsWith(std::string(reason) + ": "));
    EXPECT_EQ(json_value(gw.log_line(), "reason"), reason);
  }

  Gateway gw;
  H2Client client;
  std::optional<H2Target> target;
  std::uint32_t id = 0, at_target = 0;
};

TEST(GrpcAnswer, EndsByTheStatusOfTheDeadline) {
  BegunAnswer call(std::vector<Line>{{"grpc-timeout", "1S"}});

  call.expect_end("4", "timeout_total");
  EXPECT_EQ(call.target->expect_frame(h2::kReset).stream, call.at_target);
}

TEST(GrpcAnswer, EndsByTheStatusOfWhatBreaksItOff) {
  BegunAnswer call({}, {}, false);
  call.target->data(call.at_target, kMessage);
  ASSERT_TRUE(call.client.read_until([&] { return call.client.stream(call.id).response.body == kMessage; }));
  call.target->reset(call.at_target, h2::kCancel);

  call.expect_end("14", "upstream_reset");
}

TEST(GrpcAnswer, IsResetWhereItsClientLeavesNoRoom) {
  constexpr std::uint16_t kInitialWindow = 4;
  BegunAnswer call({{"grpc-timeout", "1S"}}, h2::setting(kInitialWindow, 0));
  call.target->data(call.at_target, kMessage);

  EXPECT_TRUE(call.client.finish(call.id).reset.has_value());
}

TEST(GrpcTimeout, HasNoTotalTimeoutWithoutADeadline) {
  Gateway gw(yaml(", timeouts: {total: 100ms, idle: 20s}"));
  RawClient client = gw.connect();
  client.send(call());
  H2Target target(gw.upstream("cart").accept());
  auto request = target.expect_request();
  // Another call's deadline passes meanwhile: by then the total timeout of this one would have passed too.
  EXPECT_THAT(gw.ask(call("grpc-timeout: 500m\r\n")), HasField("grpc-status", "4"));

  Grpc::answer(target, request.stream);

  EXPECT_EQ(client.response().body, kMessage);
}

// Or whoever names that type could put off the timeouts of any route.
TEST(GrpcTimeout, EndsAtTheTotalTimeWhereTheTargetCannotSpeakGrpc) {
  Gateway gw(
      "upstreams: {cart: {url: \"<cart>\", protocol: h1, timeouts: {total: 100ms, idle: 20s}}}\n"
      "routes: [{name: cart, match: {path: /**}, to: cart}]\n");
  for (std::string_view deadline : {"", "grpc-timeout: 1H\r\n"}) {
    RawClient client = gw.connect();
    client.send(call(deadline));
    auto target = gw.upstream("cart").accept();

    EXPECT_THAT(client.response(), HasField("grpc-status", "4"));
    EXPECT_EQ(json_value(gw.log_line(), "reason"), "timeout_total");
  }
}

// Nor can a client stretch the time of what the gateway asks for on its own.
TEST(GrpcTimeout, OfACopyIsItsOwnWhateverTheClientSays) {
  Gateway gw(
      "upstreams: {cart: {url: \"<cart>\", protocol: h1}, next: {url: \"<next>\", protocol: h2}}\n"
      "routes: [{name: cart, match: {path: /shop.Cart/**},"
      " use: [{mirror: {to: next, timeout: 1s}}], to: cart}]\n");
  gw.upstream("cart").answers(200, "ok");
  std::optional<H2Target> next;
  for (std::string_view deadline : {"", "grpc-timeout: 1H\r\n"}) {
    Metrics before(gw);
    EXPECT_THAT(gw.ask(call(deadline)), HasStatus(200));
    if (!next) next.emplace(gw.upstream("next").accept());
    next->expect_request();  // and says nothing

    EXPECT_TRUE(
        before.grows_by(1, "sluice_mirror_requests_total", {{"route", "cart"}, {"result", "timeout"}}));
  }
}

// What the target speaks.
enum class Spoken : unsigned char { h2c, h2_of_its_choice, h1_over_tls };

// For how long clients may pause, what ends their calls after that, and the deadline of one that lasts longer.
struct Patience {
  const char *body, *request, *longer;
};
constexpr Patience kImpatient{"200ms", "800ms", "1S"};
// Long enough for a target to begin its answer.
constexpr Patience kForAnAnswer{"2s", "2s", "3S"};

// A gateway that is impatient with clients and takes little of them, a call through it that is not over, and a
// target.
class OpenCall {
 public:
  explicit OpenCall(Spoken spoken, const std::string& filters = "", const Patience& patience = kImpatient)
      : patience_(patience), gw_(yaml(spoken, filters)) {
    id = client.open(h2::request("POST", "/shop.Cart/Watch", {{"content-type", "application/grpc"}}), false);
    client.send(h2::data(id, kMessage, false));
  }
  UpstreamConnection accept() { return cart_.accept(); }
  // Another call's deadline passes meanwhile: by then this one has paused for longer than others may.
  void pause() {
    EXPECT_THAT(gw_.ask(call("grpc-timeout: " + std::string(patience_.longer) + "\r\n")),
                HasField("grpc-status", "4"));
  }
  Gateway& gateway() noexcept { return gw_; }

 private:
  std::string yaml(Spoken spoken, const std::string& filters) {
    bool tls = spoken != Spoken::h2c;
    if (tls) cart_.speak_tls({.certificate = Authority().issue(), .h2 = spoken == Spoken::h2_of_its_choice});
    return "listeners: {web: {bind: \"127.0.0.1:0\", protocols: [h1, h2], limits: {body: 64B},"
           " timeouts: {body: " +
           std::string(patience_.body) + ", request: " + patience_.request +
           "}, min_data_rate: {rate: 1MiB, grace: " + patience_.body + "}}}\nupstreams: {cart: {url: \"" +
           std::string(tls ? "https" : "http") + "://127.0.0.1:" + std::to_string(cart_.port()) + "\", " +
           (tls ? "tls: {verify: false}" : "protocol: h2") +
           "}}\nroutes: [{name: cart, match: {path: /**}, " + filters + "to: cart}]\n";
  }

  Patience patience_;
  Upstream cart_;
  Gateway gw_;

 public:
  H2Client client = gw_.h2();
  std::uint32_t id = 0;
};

TEST(GrpcClients, MayPauseAndSayAsMuchAsTheyLike) {
  OpenCall call(Spoken::h2c);
  H2Target target(call.accept());
  auto stream = target.expect_head().stream;
  target.expect_body(stream, kMessage.size());
  call.pause();
  call.client.send(h2::data(call.id, patterned(1000), true));

  EXPECT_EQ(target.finish(stream).body, std::string(kMessage) + patterned(1000));
  Grpc::answer(target, stream);
  EXPECT_EQ(call.client.response(call.id).body, kMessage);
}

TEST(GrpcClients, MayDoSoOnceATargetThatHasChosenHttp2AnswersInGrpc) {
  OpenCall call(Spoken::h2_of_its_choice, "", kForAnAnswer);
  H2Target target(call.accept());
  auto stream = target.expect_head().stream;
  target.expect_body(stream, kMessage.size());
  target.headers(stream, {{":status", "200"}, {"content-type", "application/grpc"}});
  ASSERT_TRUE(call.client.read_until([&] { return call.client.stream(call.id).response.status != 0; }));
  call.pause();
  call.client.send(h2::data(call.id, patterned(1000), true));

  EXPECT_EQ(target.finish(stream).body, std::string(kMessage) + patterned(1000));
  target.data(stream, kMessage);
  target.headers(stream, {{"grpc-status", "0"}}, true);
  EXPECT_EQ(call.client.response(call.id).body, kMessage);
}

// Or whoever names that type could hold places of any service that has chosen HTTP/2.
TEST(GrpcClients, MayNotPauseWhereSuchATargetHasNotAnsweredInGrpc) {
  for (bool answered : {false, true}) {
    OpenCall call(Spoken::h2_of_its_choice);
    H2Target target(call.accept());
    auto stream = target.expect_head().stream;
    if (answered) target.headers(stream, {{":status", "200"}, {"content-type", "application/json"}});

    EXPECT_TRUE(call.client.finish(call.id).over());
    EXPECT_EQ(json_value(call.gateway().log_line(), "reason"), "client_timeout");
  }
}

TEST(GrpcClients, AreHeldToTheLimitWhereSuchATargetHasNotAnsweredInGrpc) {
  OpenCall call(Spoken::h2_of_its_choice);
  call.client.send(h2::data(call.id, patterned(1000), true));
  H2Target target(call.accept());

  EXPECT_THAT(call.client.response(call.id), HasField("grpc-status", "8"));
  EXPECT_EQ(json_value(call.gateway().log_line(), "reason"), "body_too_large");
}

// Or whoever names that type could hold a connection of such a target for as long as it likes.
TEST(GrpcClients, MayNotPauseWhereTheTargetHasNotChosenHttp2) {
  OpenCall call(Spoken::h1_over_tls);
  auto target = call.accept();
  target.expect_head();

  EXPECT_THAT(call.client.response(call.id), HasField("grpc-status", "4"));
  EXPECT_EQ(json_value(call.gateway().log_line(), "reason"), "client_timeout");
}

// A call that is not over and goes on at a target of HTTP/1.1, since that of HTTP/2 has refused it in the
// middle.
struct MovedCall {
  explicit MovedCall(const std::string& listener, const std::string& said)
      : gw("listeners: {web: {bind: \"127.0.0.1:0\", protocols: [h1, h2], " + listener +
           "}}\nupstreams: {cart: {url: \"<cart>\", protocol: h2, failover: far},"
           " far: {url: \"<far>\", protocol: h1}}\n"
           "routes: [{name: cart, match: {path: /**}, to: cart}]\n"),
        client(gw.h2()) {
    id = client.open(h2::request("POST", "/shop.Cart/Watch", {{"content-type", "application/grpc"}}), false);
    client.send(h2::data(id, said, false));
    H2Target target(gw.upstream("cart").accept());
    auto stream = target.expect_head().stream;
    target.expect_body(stream, said.size());
    client.send(h2::data(id, "+", false));
    target.expect_body(stream, said.size() + 1);
    target.reset(stream, h2::kRefusedStream);
    far.emplace(gw.upstream("far").accept());
    far->expect_head();
  }

  Gateway gw;
  H2Client client;
  std::optional<UpstreamConnection> far;
  std::uint32_t id = 0;
};

TEST(GrpcFailover, TakesTheTimeToPauseBack) {
  MovedCall call("timeouts: {body: 200ms}", std::string(kMessage));

  EXPECT_THAT(call.client.response(call.id), HasField("grpc-status", "4"));
  EXPECT_EQ(json_value(call.gw.log_line(), "reason"), "client_timeout");
}

TEST(GrpcFailover, HoldsAllThatWasSaidToTheLimit) {
  MovedCall call("limits: {body: 64B}", patterned(100));
  call.client.send(h2::data(call.id, "+", true));

  EXPECT_THAT(call.client.response(call.id), HasField("grpc-status", "8"));
  EXPECT_EQ(json_value(call.gw.log_line(), "reason"), "body_too_large");
}

TEST(GrpcFailover, CountsNoEarlierPauseAgainstThePace) {
  MovedCall call("min_data_rate: {rate: 1KiB, grace: 10s}", std::string(kMessage));
  call.client.send(h2::data(call.id, "+", true));
  call.far->send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb");

  EXPECT_EQ(call.client.response(call.id).body, "b");
}

TEST(GrpcClients, MaySayNoMoreThanTheFilterForThatAllows) {
  OpenCall call(Spoken::h2c, "use: [{body_limit: 500B}], ");
  H2Target target(call.accept());
  target.expect_body(target.expect_head().stream, kMessage.size());
  call.client.send(h2::data(call.id, patterned(1000), true));

  EXPECT_THAT(call.client.response(call.id), HasField("grpc-status", "8"));
}

TEST(GrpcClients, AreHeldToTheLimitWhereTheyAnnounceMore) {
  OpenCall call(Spoken::h2c);

  auto announced = call.client.open(
      h2::request("POST", "/u", {{"content-type", "application/grpc"}, {"content-length", "1000"}}), false);

  EXPECT_THAT(call.client.response(announced), HasField("grpc-status", "8"));
}

TEST_F(Grpc, RefusesADeadlineThatIsNone) {
  client.send(call("grpc-timeout: soon\r\n"));

  auto response = client.response();
  EXPECT_THAT(response, HasField("grpc-status", "3"));
  EXPECT_THAT(response, HasField("grpc-message", StartsWith("validation: ")));
}

TEST_F(Grpc, IsAnsweredInGrpcByTheGateway) {
  client.send(post("/shop.Other/Add", kMessage, "Content-Type: application/grpc+proto\r\n"));

  auto response = client.response();
  EXPECT_THAT(response, HasStatus(200));
  EXPECT_EQ(response.body, "");
  EXPECT_THAT(response, HasField("content-type", "application/grpc"));
  EXPECT_THAT(response, HasField("grpc-status", "12"));
  EXPECT_THAT(response, HasField("grpc-message", StartsWith("no_route: ")));
  EXPECT_THAT(response, HasField("proxy-status", HasSubstr("no_route")));
}

TEST_F(Grpc, GetsAStatusForAnAnswerThatIsNoGrpc) {
  client.send(call());
  auto target = accept();
  auto request = target.expect_request();
  target.headers(request.stream, {{":status", "403"}, {"content-type", "text/html"}});
  target.data(request.stream, "<html>", true);

  auto response = client.response();
  EXPECT_THAT(response, HasStatus(200));
  EXPECT_THAT(response, HasField("grpc-status", "7"));
  EXPECT_THAT(response, HasField("grpc-message", HasSubstr("403")));
  EXPECT_EQ(response.body, "");
}

TEST_F(Grpc, IsCalledAgainForACodeOfTheList) {
  Metrics before(gw);
  client.send(call());
  auto target = accept();
  for (int i = 0; i < 2; ++i)
    target.headers(target.expect_request().stream,
                   {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "14"}}, true);
  auto third = target.expect_request();
  answer(target, third.stream);

  EXPECT_EQ(third.body, kMessage);
  EXPECT_EQ(client.response().body, kMessage);
  EXPECT_EQ(
      before.growth("sluice_upstream_retries_total", {{"cause", "upstream_status"}, {"result", "success"}}),
      1);
}

TEST_F(Grpc, KeepsTheLastAnswerWhenAllAttemptsFail) {
  client.send(call());
  auto target = accept();
  for (int i = 0; i < 3; ++i)
    target.headers(target.expect_request().stream,
                   {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "14"}}, true);

  EXPECT_THAT(client.response(), HasField("grpc-status", "14"));
}

TEST_F(Grpc, IsNotCalledAgainForOtherCodes) {
  client.send(call());
  auto target = accept();
  target.headers(target.expect_request().stream,
                 {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "13"}}, true);

  EXPECT_THAT(client.response(), HasField("grpc-status", "13"));
}

TEST_F(Grpc, IsCalledAgainWhenTheStreamWasRefused) {
  client.send(call());
  auto target = accept();
  target.reset(target.expect_request().stream, 7);
  auto again = target.expect_request();
  answer(target, again.stream);

  EXPECT_EQ(again.body, kMessage);
  EXPECT_EQ(client.response().body, kMessage);
}

TEST_F(Grpc, IsReachedByBrowsers) {
  client.send(post("/shop.Cart/Add", "AAAAAAVoZWxsbw==", "Content-Type: application/grpc-web-text\r\n"));
  auto target = accept();
  auto request = target.expect_request();
  answer(target, request.stream);

  EXPECT_EQ(request.value("content-type"), "application/grpc");
  EXPECT_EQ(request.body, kMessage);
  auto response = client.response();
  EXPECT_THAT(response, HasField("content-type", "application/grpc-web-text"));
  EXPECT_THAT(response.body, StartsWith("AAAAAAVoZWxsb"));
  EXPECT_TRUE(response.trailers.empty());
}

TEST_F(Grpc, AnswersBrowsersWithItsOwnErrorsInAFrame) {
  gw.upstream("cart").stop_listening();

  client.send(post("/shop.Cart/Add", kMessage, "Content-Type: application/grpc-web\r\n"));

  auto response = client.response();
  EXPECT_THAT(response, HasField("content-type", "application/grpc-web"));
  EXPECT_THAT(response.body, HasSubstr("grpc-status: 14\r\n"));
}

}  // namespace
}  // namespace sluice::test::grpc_test

// SPDX-License-Identifier: Apache-2.0
// One request to an upstream and its answer back, step by step: nothing waits for a whole message.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::forwarding_test {
namespace {

constexpr const char* kYaml = "routes: [{name: u, match: {path: /**}, to: users}]";

TEST(Forwarding, PassesPiecesOfTheAnswerOnAsTheyCome) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send(get("/events"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  target.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(client.response_head().status, 200);
  target.send("6\r\nfirst\n\r\n");
  EXPECT_EQ(client.receive(11), "6\r\nfirst\n\r\n");
  target.send("7\r\nsecond\n\r\n");
  EXPECT_EQ(client.receive(12), "7\r\nsecond\n\r\n");
  target.send("0\r\n\r\n");
  EXPECT_EQ(client.receive(5), "0\r\n\r\n");
}

// An answer of that type, which goes on.
struct EndlessAnswer {
  explicit EndlessAnswer(std::string_view type) {
    client.send(get("/events"));
    target.emplace(gw.upstream("users").accept());
    target->expect_request();
    target->send("HTTP/1.1 200 OK\r\nContent-Type: " + std::string(type) +
                 "\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(client.response_head().status, 200);
  }

  Gateway gw{kYaml};
  Metrics before{gw};
  RawClient client = gw.connect();
  std::optional<UpstreamConnection> target;
  const Labels sse{{"route", "u"}, {"kind", "sse"}};
};

TEST(Forwarding, CountsEventsAsAStreamUntilTheirEnd) {
  EndlessAnswer events("text/event-stream; charset=utf-8");
  EXPECT_TRUE(events.before.becomes(1, "sluice_streams", events.sse));

  events.target->send("0\r\n\r\n");

  EXPECT_TRUE(events.before.becomes(0, "sluice_streams", events.sse));
  EXPECT_EQ(events.before.growth("sluice_stream_duration_seconds_count", events.sse), 1);
  EXPECT_EQ(events.before.growth("sluice_requests_total", {{"route", "u"}, {"code_class", "2xx"}}), 1);
}

TEST(Forwarding, CountsEventsAsAStreamUntilTheClientLeaves) {
  EndlessAnswer events("text/event-stream");
  EXPECT_TRUE(events.before.becomes(1, "sluice_streams", events.sse));

  events.client.reset();

  EXPECT_TRUE(events.before.becomes(0, "sluice_streams", events.sse));
}

TEST(Forwarding, CountsOtherEndlessAnswersAsRequestsOnly) {
  EndlessAnswer lines("application/x-ndjson");

  EXPECT_EQ(lines.before.growth("sluice_requests_in_flight", {{"route", "u"}}), 1);
  EXPECT_EQ(lines.before.growth("sluice_streams"), 0);
}

TEST(Forwarding, PassesPiecesOfTheRequestOnAsTheyCome) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send("POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n");
  auto target = gw.upstream("users").accept();
  EXPECT_EQ(target.expect_head().value("Content-Length"), "11");

  client.send("hello ");
  EXPECT_EQ(target.receive(6), "hello ");
  client.send("world");
  EXPECT_EQ(target.receive(5), "world");
  target.send(ok("thanks"));

  EXPECT_EQ(client.response().body, "thanks");
}

TEST(Forwarding, GivesAnAnswerThatComesBeforeTheWholeRequest) {
  Gateway gw(kYaml);
  RawClient client = gw.connect();
  client.send("POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nonly a part");
  auto target = gw.upstream("users").accept();
  target.expect_head();
  EXPECT_EQ(target.receive(11), "only a part");

  target.send("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");

  auto answer = client.response();
  EXPECT_THAT(answer, HasStatus(403));
  EXPECT_THAT(answer, HasField("Connection", "close"));
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(target.ended());
}

TEST(Forwarding, KeepsTheHostOfTheClientUnlessToldOtherwise) {
  Gateway gw(R"(
upstreams:
  keep: {url: "<keep>"}
  own: {url: "<own>", host: upstream}
  literal: {url: "<literal>", host: internal.example.com}
routes:
  - {name: k, match: {path: /k}, to: keep}
  - {name: o, match: {path: /o}, to: own}
  - {name: l, match: {path: /l}, to: literal}
)");
  for (auto name : {"keep", "own", "literal"}) gw.upstream(name).answers(200, "ok");

  for (auto path : {"/k", "/o", "/l"}) gw.get(path);

  EXPECT_THAT(gw.upstream("keep").request(), HasField("Host", "test.example"));
  EXPECT_THAT(gw.upstream("own").request(), HasField("Host", gw.upstream("own").url().substr(7)));
  EXPECT_THAT(gw.upstream("literal").request(), HasField("Host", "internal.example.com"));
  EXPECT_THAT(gw.upstream("literal").request(), HasField("X-Forwarded-Host", "test.example"));
}

TEST(Forwarding, GivesARequestWithoutHostThatOfTheTarget) {
  Gateway gw(kYaml);
  gw.upstream("users").answers(200, "ok");

  EXPECT_THAT(gw.ask("GET /u HTTP/1.0\r\n\r\n"), HasStatus(200));

  auto seen = gw.upstream("users").request();
  EXPECT_EQ(seen.fault, "");
  EXPECT_THAT(seen, HasField("Host", gw.upstream("users").url().substr(7)));
  EXPECT_THAT(seen, HasNoField("X-Forwarded-Host"));
}

TEST(Forwarding, AcceptsAnAnswerInSinglePackets) {
  Gateway gw(kYaml);
  gw.upstream("users").script().expect_request().then_trickle(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nT: "
      "v\r\n\r\n");

  auto answer = gw.get("/u", "Connection: TE\r\nTE: trailers\r\n");

  EXPECT_THAT(answer, HasStatus(200));
  EXPECT_EQ(answer.body, "abcdefg");
  EXPECT_EQ(answer.trailers, std::vector<Line>({{"T", "v"}}));
}

TEST(Forwarding, CountsTrailersThatOneSideDoesNotTake) {
  Gateway gw(kYaml, Downstream::h1);
  Metrics before(gw);
  std::string with = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nT: v\r\n\r\n";
  gw.upstream("users").answers_with(with);

  EXPECT_TRUE(gw.get("/u").trailers.empty());
  EXPECT_EQ(gw.get("/u", "Connection: TE\r\nTE: trailers\r\n").trailers.size(), 1u);
  EXPECT_EQ(gw.ask("GET /u HTTP/1.0\r\nHost: h\r\n\r\n").body, "ok");

  EXPECT_EQ(before.growth("sluice_trailers_dropped_total"), 2);
}

TEST(Forwarding, SpeaksOnEveryListener) {
  Gateway gw(R"(
listeners:
  one: 127.0.0.1:0
  two: {bind: "127.0.0.1:0", limits: {uri: 64B}}
routes: [{name: u, match: {path: /**}, to: users}]
)");
  gw.upstream("users").answers(200, "ok");
  std::string target = "/" + std::string(100, 'a');

  EXPECT_THAT(gw.connect("one").ask(get(target)), HasStatus(200));
  EXPECT_THAT(gw.connect("two").ask(get(target)), Refused(414, "uri_too_long"));
  EXPECT_THAT(gw.connect("two").ask(get("/short")), HasStatus(200));
  EXPECT_EQ(json_value(gw.log_line(), "listener"), "one");
  EXPECT_EQ(json_value(gw.log_line(), "listener"), "two");
}

TEST(Forwarding, ServesManyClientsOnSeveralWorkers) {
  constexpr int kClients = 24, kRounds = 10;
  Gateway gw("workers: 3\nroutes: [{name: u, match: {path: /**}, to: users}]");
  gw.upstream("users").answers_by([](const Request& r) { return Answer{ok(r.target)}; });
  std::vector<RawClient> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(gw.connect());

  for (int round = 0; round < kRounds; ++round) {
    auto target = [&](int i) { return "/" + std::to_string(i) + "/" + std::to_string(round); };
    for (int i = 0; i < kClients; ++i) clients[static_cast<std::size_t>(i)].send(get(target(i)));
    for (int i = 0; i < kClients; ++i)
      EXPECT_EQ(clients[static_cast<std::size_t>(i)].response().body, target(i));
  }

  EXPECT_EQ(gw.upstream("users").request_count(), static_cast<std::size_t>(kClients * kRounds));
}

}  // namespace
}  // namespace sluice::test::forwarding_test

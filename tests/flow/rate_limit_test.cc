// SPDX-License-Identifier: Apache-2.0
// Limits as clients meet them, over real connections and several workers.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::rate_limit_test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::UnorderedElementsAre;

constexpr const char* kThreeAnHour = R"(
workers: 3
policies: {few: {rate_limit: {limit: 3/h}}}
routes:
  - {name: a, match: {path: /a}, use: [few], respond: {status: 200, body: ok}}
  - {name: b, match: {path: /b}, use: [few], respond: {status: 200, body: ok}}
)";

TEST(RateLimits, CountForAllWorkersAndAllRoutesOfAPolicy) {
  Gateway gw(kThreeAnHour);
  Metrics before(gw);
  int passed = 0;
  for (int i = 0; i < 20; ++i) passed += gw.get(i % 2 ? "/a" : "/b").status == 200;
  EXPECT_EQ(passed, 3);
  EXPECT_EQ(before.growth("sluice_rate_limit_requests_total", {{"policy", "few"}, {"result", "allowed"}}), 3);
  EXPECT_EQ(before.growth("sluice_rate_limit_requests_total", {{"policy", "few"}, {"result", "limited"}}),
            17);
}

TEST(RateLimits, TellTheClientWhenToComeAgain) {
  Gateway gw(kThreeAnHour);
  auto first = gw.get("/a");
  EXPECT_THAT(first, HasField("RateLimit-Policy", "\"default\";q=3;w=3600"));
  EXPECT_THAT(first, HasField("RateLimit", "\"default\";r=2;t=1200"));
  gw.get("/a");
  gw.get("/a");
  auto refused = gw.get("/a");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused, HasField("Retry-After", MatchesRegex("1200|11[0-9]{2}")));
  EXPECT_THAT(refused, HasField("Content-Type", "application/problem+json"));
  EXPECT_THAT(refused.body, HasSubstr("\"reason\":\"rate_limited\""));
  EXPECT_THAT(refused.body, HasSubstr("#quota-exceeded\""));
  EXPECT_THAT(refused.body, HasSubstr("\"violated-policies\":[\"default\"]"));
  EXPECT_THAT(refused.body, HasSubstr("at most 3/h are allowed"));
}

TEST(RateLimits, AreFoundAgainAfterAReload) {
  Gateway gw(kThreeAnHour);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gw.get("/a").status, 200);

  EXPECT_TRUE(gw.reload(kThreeAnHour).good);

  EXPECT_EQ(gw.get("/b").status, 429);
}

TEST(RateLimits, ChargeNothingForWhatALaterOneRefuses) {
  Gateway gw(R"(
policies: {one: {rate_limit: {limit: 100/h}}, two: {rate_limit: {limit: 2/h}}}
routes:
  - {name: both, match: {path: /both}, use: [one, two], respond: 204}
  - {name: one, match: {path: /one}, use: [one], respond: 204}
)");
  EXPECT_EQ(gw.get("/both").status, 204);
  EXPECT_EQ(gw.get("/both").status, 204);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gw.get("/both").status, 429);

  EXPECT_THAT(gw.get("/one"), HasField("RateLimit", MatchesRegex("\"default\";r=97;.*")));
}

TEST(RateLimits, ChargeNothingForWhatALaterOneRefusesForWantOfAKey) {
  Gateway gw(R"(
policies:
  one: {rate_limit: {limit: 100/h}}
  two: {rate_limit: {limit: 100/h, by: header.X-Key, missing: reject}}
  three: {concurrency: {limit: 100, by: header.X-Key, missing: reject}}
routes:
  - {name: two, match: {path: /two}, use: [one, two], respond: 204}
  - {name: three, match: {path: /three}, use: [one, three], respond: 204}
  - {name: one, match: {path: /one}, use: [one], respond: 204}
)");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gw.get(i % 2 ? "/two" : "/three").status, 400);

  EXPECT_THAT(gw.get("/one"), HasField("RateLimit", MatchesRegex("\"default\";r=99;.*")));
}

TEST(RateLimits, TellWhichOfSeveralPoliciesRefused) {
  Gateway gw(R"(
policies:
  few: {rate_limit: {limit: 1/h}}
  many: {rate_limit: {limit: [10/s, {rate: 1000/h, name: hourly}]}}
use: [{rate_limit: {limit: 500/h}}]
routes:
  - name: a
    match: {path: /a}
    use: [many, {rate_limit: {limit: 50/h}}, few]
    respond: 204
)");
  EXPECT_EQ(gw.get("/a").status, 204);

  auto refused = gw.get("/a");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("\"violated-policies\":[\"few\"]"));
  std::vector<std::string> policies;
  for (const auto& line : refused.fields)
    if (same_name(line.name, "RateLimit-Policy")) policies.push_back(line.value);
  EXPECT_THAT(policies, UnorderedElementsAre("\"few\";q=1;w=3600", "\"default-2\";q=50;w=3600",
                                             "\"many:10/s\";q=10;w=1, \"hourly\";q=1000;w=3600",
                                             "\"default\";q=500;w=3600"));
}

TEST(RateLimits, RefuseBeforeTheUpstreamIsAsked) {
  Gateway gw("routes: [{name: u, match: {path: /u}, use: [{rate_limit: {limit: 1/h}}], to: users}]");
  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(gw.get("/u").status, 200);
  EXPECT_EQ(gw.get("/u").status, 429);
  EXPECT_EQ(gw.upstream("users").connections(), 1u);
}

// `policy`: more settings of it; `more`: of the configuration.
void expect_bodies_counted(const std::string& policy = "", const std::string& more = "") {
  Gateway gw("policies: {bytes: {rate_limit: {limit: 10/h, cost: {body: 10KiB}" + policy + "}}}\n" +
             "routes: [{name: u, match: {path: /u}, use: [bytes], to: users}]\n" + more);
  gw.upstream("users").answers(200, "ok");
  const std::string body = patterned(30 << 10);

  EXPECT_THAT(gw.post("/u", body), HasField("RateLimit", MatchesRegex("\"default\";r=6;.*")));
  auto later =
      gw.ask("POST /u HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 5000));
  EXPECT_THAT(later, HasField("RateLimit", MatchesRegex("\"default\";r=2;.*")));
  EXPECT_TRUE(gw.upstream("users").request(1).body == body);
  EXPECT_EQ(gw.post("/u", body).status, 429);
  EXPECT_EQ(gw.get("/u").status, 200);
}

TEST(RateLimits, CountBodiesByTheirSizeWhetherItIsAnnouncedOrNot) { expect_bodies_counted(); }

TEST(RateLimits, CountBodiesByTheirSizeAlsoWhileTheStoreIsAway) {
  Socket nobody = Socket::reserve();
  expect_bodies_counted(", store: shared", "stores: {shared: {redis: \"redis://127.0.0.1:" +
                                               std::to_string(nobody.port()) + "\"}}\n");
}

TEST(RateLimits, CountWhatTheBodyOfAResponseSaysThatItCost) {
  Gateway gw(
      "routes: [{name: u, match: {path: /u}, use: [{rate_limit: {limit: 100/h, cost: {response_json: "
      "usage.total_tokens}}}], to: users}]");
  auto remains = [](const char* left) {
    return HasField("RateLimit", MatchesRegex("\"default\";r=" + std::string(left) + ";.*"));
  };
  const std::string whole = R"({"text": "hello", "usage": {"total_tokens": 17}})";
  gw.upstream("users").answers(200, whole, {{"Content-Type", "application/json"}});

  auto first = gw.get("/u");
  EXPECT_EQ(first.body, whole);
  EXPECT_THAT(first, remains("99")) << "nobody knows it yet";

  const std::string events = "data: {\"text\": \"hello\"}\n\ndata: {\"usage\": {\"total_tokens\": 30}}\n\n";
  gw.upstream("users").answers(200, events, {{"Content-Type", "text/event-stream"}});
  auto second = gw.get("/u");
  EXPECT_EQ(second.body, events);
  EXPECT_THAT(second, remains("82"));
  EXPECT_THAT(gw.get("/u"), remains("52"));
}

TEST(RateLimits, CountWhatABodySaysThatIsCompressedForTheClient) {
  Gateway gw(R"(
routes:
  - name: u
    match: {path: /u}
    use:
      - compress: {}
      - rate_limit: {limit: 100/h, cost: {response_json: usage.total_tokens}}
    to: users
)");
  const std::string body =
      "{\"text\": \"" + std::string(5000, 'x') + "\", \"usage\": {\"total_tokens\": 17}}";
  gw.upstream("users").answers(200, body, {{"Content-Type", "application/json"}});

  EXPECT_THAT(gw.get("/u", "Accept-Encoding: gzip\r\n"), HasField("Content-Encoding", "gzip"));

  EXPECT_THAT(gw.upstream("users").request(), HasNoField("Accept-Encoding"));
  EXPECT_THAT(gw.get("/u"), HasField("RateLimit", MatchesRegex("\"default\";r=82;.*")));
}

TEST(RateLimits, LeaveTheGatewayReadyWithANoteWhileTheStoreIsAway) {
  Socket nobody = Socket::reserve();
  Gateway gw(
      "routes: [{name: a, match: {path: /a}, use: [{rate_limit: {limit: 3/h, store: shared}}], respond: "
      "204}]\n"
      "stores: {shared: {redis: \"redis://127.0.0.1:" +
      std::to_string(nobody.port()) + "\"}}\n");
  EXPECT_EQ(gw.admin("/readyz").body, "{\"ready\":true}\n");

  EXPECT_EQ(gw.get("/a").status, 204);

  auto ready = gw.admin("/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.body,
            "{\"ready\":true,\"notes\":[\"store shared does not answer, on_error decides: local\"]}\n");
}

TEST(RateLimits, LogWhatADryRunWouldHaveRefused) {
  Gateway gw(R"(
routes: [{name: u, match: {path: /u}, use: [{rate_limit: {limit: 1/h, dry_run: true}}], respond: 204}]
)");
  EXPECT_EQ(gw.get("/u").status, 204);
  EXPECT_EQ(gw.get("/u").status, 204);
  gw.log_line();
  EXPECT_EQ(json_value(gw.log_line(), "detail"), "dry run: u/rate_limit would have refused");
}

TEST(RateLimits, CountWhatADryRunWouldHaveRefusedForWantOfAKey) {
  Gateway gw(R"(
policies:
  few: {rate_limit: {limit: 100/h, by: header.X-Key, missing: reject, dry_run: true}}
  one: {concurrency: {limit: 10, by: header.X-Key, missing: reject, dry_run: true}}
routes: [{name: u, match: {path: /u}, use: [few, one], respond: 204}]
)");
  Metrics before(gw);

  EXPECT_EQ(gw.get("/u").status, 204);

  EXPECT_EQ(json_value(gw.log_line(), "detail"), "dry run: few would have refused");
  EXPECT_EQ(before.growth("sluice_rate_limit_requests_total", {{"policy", "few"}, {"result", "dry_run"}}), 1);
  EXPECT_EQ(before.growth("sluice_concurrency_requests_total", {{"policy", "one"}, {"result", "dry_run"}}),
            1);
  for (const char* policy : {"few", "one"})
    EXPECT_EQ(before.growth("sluice_policy_decisions_total", {{"policy", policy}, {"decision", "dry_run"}}),
              1);
}

constexpr const char* kOneAtATime =
    "routes: [{name: u, match: {path: /**}, use: [{concurrency: 1}], timeout: 20s, to: users}]";

TEST(ConcurrencyLimits, RefuseWhileAnotherRequestIsUnderWay) {
  Gateway gw(kOneAtATime);
  RawClient slow = gw.connect();
  slow.send(get("/slow"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  auto refused = gw.get("/other");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("\"reason\":\"concurrency\""));

  target.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(slow.response().status, 200);
  target.close();
  gw.metrics();  // the exchange has ended
  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(gw.get("/other").status, 200);
}

TEST(ConcurrencyLimits, EndWhenTheClientLeaves) {
  Gateway gw(kOneAtATime);
  {
    RawClient leaving = gw.connect();
    leaving.send(get("/slow"));
    auto target = gw.upstream("users").accept();
    target.expect_request();
    EXPECT_EQ(gw.get("/other").status, 429);
    leaving.close();
    gw.log_line();
    gw.log_line();
  }
  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(gw.get("/other").status, 200);
}

TEST(ConcurrencyLimits, EndWhenTheUpstreamFails) {
  Gateway gw(kOneAtATime);
  RawClient client = gw.connect();
  client.send(post("/slow", "not to be sent twice"));
  {
    auto target = gw.upstream("users").accept();
    target.expect_request();
    target.send("nonsense\r\n\r\n");
  }
  EXPECT_EQ(client.response().status, 502);
  gw.metrics();
  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(gw.get("/other").status, 200);
}

TEST(ConcurrencyLimits, EndWithATimeout) {
  Gateway gw(
      "upstreams: {users: {url: \"<users>\", retry: none, timeouts: {first_byte: 2s}}}\n"
      "policies: {one: {concurrency: 1}}\n"
      "routes:\n"
      "  - {name: slow, match: {path: /slow}, use: [one], timeout: 20s, to: users}\n"
      "  - {name: other, match: {path: /other}, use: [one], respond: {status: 200}}\n");
  RawClient client = gw.connect();
  client.send(get("/slow"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  EXPECT_EQ(gw.get("/other").status, 429);
  EXPECT_THAT(client.response(), Refused(504, "timeout_first_byte"));
  gw.metrics();
  EXPECT_EQ(gw.get("/other").status, 200);
}

TEST(ConcurrencyLimits, EndWhenTheClientLeavesInTheMiddleOfTheResponse) {
  Gateway gw(kOneAtATime);
  {
    RawClient leaving = gw.connect();
    leaving.send(get("/slow"));
    auto target = gw.upstream("users").accept();
    target.expect_request();
    target.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    EXPECT_EQ(leaving.response_head().status, 200);
    EXPECT_EQ(gw.get("/other").status, 429);
    leaving.close();
    gw.log_line();
    gw.log_line();
  }
  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(gw.get("/other").status, 200);
}

TEST(ConcurrencyLimits, EndWhenAllTheTimeIsOverInTheMiddleOfTheResponse) {
  Gateway gw("routes: [{name: u, match: {path: /**}, use: [{concurrency: 1}], timeout: 1s, to: users}]");
  RawClient client = gw.connect();
  client.send(get("/slow"));
  {
    auto target = gw.upstream("users").accept();
    target.expect_request();
    target.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    EXPECT_FALSE(client.response().complete);
    EXPECT_EQ(json_value(gw.log_line(), "reason"), "timeout_total");
  }
  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(gw.get("/other").status, 200);
}

TEST(ConcurrencyLimits, EndWhenTheBodyOfTheRequestStops) {
  Gateway gw("listeners: {web: {bind: \"127.0.0.1:0\", timeouts: {body: 200ms}}}\n" +
             std::string(kOneAtATime));
  RawClient client = gw.connect();
  client.send("POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello");
  {
    auto target = gw.upstream("users").accept();
    target.expect_head();
    EXPECT_THAT(client.response(), Refused(408, "client_timeout"));
  }
  gw.metrics();
  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(gw.connect().ask(get("/other")).status, 200);
}

TEST(ConcurrencyLimits, EndWhenTheBodyOfTheRequestIsTooLarge) {
  Gateway gw(
      "routes: [{name: u, match: {path: /**}, use: [{concurrency: 1}, {body_limit: 10B}], timeout: 20s, to: "
      "users}]");
  gw.upstream("users").answers(200, "ok");
  EXPECT_THAT(gw.connect().ask("POST /u HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
                               chunked(std::string(30, 'x'), 8)),
              Refused(413, "body_too_large"));
  gw.metrics();
  EXPECT_EQ(gw.get("/other").status, 200);
}

TEST(ConcurrencyLimitsOfH2, EndWhenTheStreamIsReset) {
  Gateway gw(kOneAtATime, Downstream::h2);
  auto h2 = gw.h2();
  {
    auto id = h2.open_get("/slow");
    auto target = gw.upstream("users").accept();
    target.expect_request();
    EXPECT_EQ(h2.get("/other").status, 429);
    h2.send(h2::reset(id, h2::kCancel));
    gw.log_line();
    gw.log_line();
  }
  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(h2.get("/other").status, 200);
}

TEST(ConcurrencyLimits, CountAnUpgradedConnectionUntilItEnds) {
  Gateway gw(kOneAtATime);
  RawClient client = gw.connect();
  client.send(get("/chat",
                  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  target.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  ASSERT_EQ(client.response_head().status, 101);
  EXPECT_EQ(gw.get("/other").status, 429);
  gw.log_line();

  client.close();
  target.close();
  gw.log_line();

  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(gw.get("/other").status, 200);
}

TEST(ConcurrencyLimits, EndWithALocalReplyOfALaterFilter) {
  Gateway gw(R"(
routes:
  - name: u
    match: {path: /u}
    use: [{concurrency: 1}, {rate_limit: {limit: 1/h}}]
    respond: 204
)");
  EXPECT_EQ(gw.get("/u").status, 204);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(gw.get("/u").body, HasSubstr("rate_limited"));
}

}  // namespace
}  // namespace sluice::test::rate_limit_test

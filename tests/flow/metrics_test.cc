// SPDX-License-Identifier: Apache-2.0
// What is counted, seen from outside: the text that a scrape gets.
#include "tests/support/metrics.h"

#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::metrics_test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kYaml = "routes: [{name: u, match: {path: /u}, to: users}]";

TEST(MetricsOfAGateway, CountRequestsByRouteStatusAndSource) {
  Gateway gw(kYaml);
  gw.upstream("users").answers(200, "ok");
  Metrics before(gw);

  gw.get("/u");
  gw.post("/u", "body");
  gw.upstream("users").answers(503, "busy");
  gw.get("/u");
  gw.get("/elsewhere");
  gw.ask("nonsense\r\n\r\n");

  auto requests = [&](const Labels& labels) { return before.growth("sluice_requests_total", labels); };
  EXPECT_EQ(
      requests(
          {{"route", "u"}, {"method", "GET"}, {"code_class", "2xx"}, {"source", "upstream"}, {"reason", ""}}),
      1);
  EXPECT_EQ(requests({{"route", "u"}, {"method", "POST"}, {"code_class", "2xx"}}), 1);
  EXPECT_EQ(requests({{"route", "u"}, {"code_class", "5xx"}, {"source", "upstream"}, {"reason", ""}}), 1);
  EXPECT_EQ(requests({{"route", "-"}, {"code_class", "4xx"}, {"source", "gateway"}, {"reason", "no_route"}}),
            1);
  EXPECT_EQ(requests({{"route", "-"}, {"code_class", "4xx"}, {"reason", "bad_request"}}), 1);
  EXPECT_EQ(requests({}), 5);
  EXPECT_EQ(before.growth("sluice_request_duration_seconds_count", {{"route", "u"}}), 3);
}

TEST(MetricsOfAGateway, CountAttempts) {
  Gateway gw(kYaml);
  gw.upstream("users").answers(200, "ok");
  Metrics before(gw);

  gw.get("/u");
  gw.get("/u");

  EXPECT_EQ(before.growth("sluice_upstream_requests_total", {{"upstream", "users"}, {"code_class", "2xx"}}),
            2);
  EXPECT_EQ(before.growth("sluice_upstream_request_duration_seconds_count", {{"upstream", "users"}}), 2);
  EXPECT_EQ(before.growth("sluice_upstream_first_byte_seconds_count", {{"upstream", "users"}}), 2);
  EXPECT_EQ(before.growth("sluice_upstream_connect_seconds_count", {{"upstream", "users"}}), 1);
}

TEST(MetricsOfAGateway, CountBytesOnBothSides) {
  Gateway gw("listeners: {web: {bind: \"127.0.0.1:0\", limits: {body: 64MiB}}}\n" + std::string(kYaml));
  std::string body(2'000'000, 'x'), request = post("/u", body);
  gw.upstream("users").answers(200, body);
  Metrics before(gw);

  auto answer = gw.ask(request);

  auto size = [](const std::string& text) { return static_cast<double>(text.size()); };
  EXPECT_EQ(before.growth("sluice_received_bytes_total", {{"side", "downstream"}, {"route", "u"}}),
            size(request));
  EXPECT_EQ(before.growth("sluice_sent_bytes_total", {{"side", "downstream"}, {"route", "u"}}),
            size(answer.raw));
  auto seen = gw.upstream("users").request();
  EXPECT_EQ(before.growth("sluice_sent_bytes_total", {{"side", "upstream"}, {"upstream", "users"}}),
            size(seen.raw));
  EXPECT_GT(before.growth("sluice_received_bytes_total", {{"side", "upstream"}, {"upstream", "users"}}),
            size(body));
}

TEST(MetricsOfAGateway, ShowWhatIsInFlight) {
  Gateway gw(kYaml);
  Metrics before(gw);
  RawClient client = gw.connect();
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  EXPECT_EQ(before.growth("sluice_requests_in_flight", {{"route", "u"}}), 1);
  EXPECT_EQ(before.growth("sluice_connections", {{"listener", "web"}}), 1);
  EXPECT_EQ(before.growth("sluice_upstream_connections", {{"upstream", "users"}, {"state", "active"}}), 1);
  target.send(ok("done"));
  client.response();

  EXPECT_EQ(before.growth("sluice_requests_in_flight", {{"route", "u"}}), 0);
  EXPECT_EQ(before.growth("sluice_upstream_connections", {{"upstream", "users"}, {"state", "active"}}), 0);
  EXPECT_EQ(before.growth("sluice_upstream_connections", {{"upstream", "users"}, {"state", "idle"}}), 1);
}

TEST(MetricsOfAGateway, AddUpOverTheWorkers) {
  Gateway gw("workers: 3\n" + std::string(kYaml));
  gw.upstream("users").answers(200, "ok");
  Metrics before(gw);

  for (int i = 0; i < 60; ++i) gw.get("/u");

  EXPECT_EQ(before.growth("sluice_requests_total", {{"route", "u"}}), 60);
  EXPECT_EQ(before.growth("sluice_connections_total", {{"listener", "web"}}), 60);
  EXPECT_TRUE(before.becomes(0, "sluice_connections", {{"listener", "web"}}));
}

TEST(MetricsOfAGateway, CountSizesWhereThatIsAskedFor) {
  Gateway gw("metrics: {families: {sluice_request_size_bytes: on, sluice_response_size_bytes: on}}\n" +
             std::string(kYaml));
  std::string body(3'000, 'x'), request = post("/u", "body");
  gw.upstream("users").answers(200, body);
  Metrics before(gw);

  auto answer = gw.ask(request);

  auto of = [&](const std::string& name, Labels labels = {}) {
    labels.emplace_back("route", "u");
    return before.growth(name, labels);
  };
  EXPECT_EQ(of("sluice_request_size_bytes_sum"), static_cast<double>(request.size()));
  EXPECT_EQ(of("sluice_response_size_bytes_sum"), static_cast<double>(answer.raw.size()));
  EXPECT_EQ(of("sluice_response_size_bytes_bucket", {{"le", "1024"}}), 0);
  EXPECT_EQ(of("sluice_response_size_bytes_bucket", {{"le", "4096"}}), 1);
}

TEST(MetricsOfAGateway, ShowEveryFilterAmongTheTimesOfPolicies) {
  Gateway gw(
      "policies: {ours: {headers: {response: {set: {X-A: b}}}}}\n"
      "routes: [{name: u, match: {path: /u}, use: [{cors: {origins: \"https://a.example\"}}, ours], "
      "respond: {status: 200}}]");
  Metrics before(gw);
  auto times = [&](const std::string& policy, const std::string& type) {
    return before.growth("sluice_policy_seconds_count", {{"policy", policy}, {"type", type}});
  };

  auto client = gw.connect();
  for (int i = 0; i < 1000; ++i) client.ask(get("/u"));

  // One of 64, drawn in the same way in each run.
  EXPECT_GE(times("ours", "headers"), 4);
  EXPECT_LE(times("ours", "headers"), 40);
  EXPECT_EQ(times("ours", "headers"), times("cors", "cors"));
}

TEST(MetricsOfAGateway, CountWhatFiltersDecide) {
  Gateway gw(R"(
routes:
  - name: u
    match: {path: /u}
    use:
      - ip_access: {deny: 192.0.2.0/24}
      - bots: {deny: scrapy}
      - csrf: {}
      - json_limits: {depth: 2}
      - concurrency: 10
      - rate_limit: {limit: 2/h}
    to: users
  - {name: closed, match: {path: /closed}, use: [{ip_access: {deny: 127.0.0.0/8}}], to: users}
)");
  gw.upstream("users").answers(200, "ok");
  const std::string json = "Content-Type: application/json\r\n";
  auto decided = [&](const Metrics& since, const char* type, const char* decision) {
    return since.growth("sluice_policy_decisions_total", {{"type", type}, {"decision", decision}});
  };

  Metrics before_good(gw);
  EXPECT_EQ(gw.post("/u", "[[1]]", json).status, 200);
  for (const char* type : {"ip_access", "bots", "csrf", "json_limits", "concurrency", "rate_limit"}) {
    EXPECT_EQ(decided(before_good, type, "allow"), 1) << type;
    EXPECT_EQ(decided(before_good, type, "deny"), 0) << type;
  }

  Metrics before_bad(gw);
  EXPECT_EQ(gw.get("/closed").status, 403);
  EXPECT_EQ(gw.get("/u", "User-Agent: scrapy\r\n").status, 403);
  EXPECT_EQ(gw.post("/u", "x", "Origin: https://evil.example\r\n").status, 403);
  EXPECT_EQ(gw.post("/u", "[[[1]]]", json).status, 400);
  EXPECT_EQ(gw.get("/u").status, 429);
  for (const char* type : {"ip_access", "bots", "csrf", "json_limits", "rate_limit"})
    EXPECT_EQ(decided(before_bad, type, "deny"), 1) << type;
  EXPECT_EQ(decided(before_bad, "json_limits", "allow"), 1) << "of a request without a body";
}

TEST(MetricsOfAGateway, AreServedByTheAdminListener) {
  Gateway gw(kYaml);
  gw.upstream("users").answers(200, "ok");
  gw.get("/u");
  gw.metrics();

  auto scraped = gw.admin("/metrics");

  EXPECT_THAT(scraped, HasStatus(200));
  EXPECT_THAT(scraped, HasField("Content-Type", HasSubstr("text/plain; version=0.0.4")));
  EXPECT_EQ(sum(scraped.body, "sluice_requests_total", {{"route", "u"}, {"code_class", "2xx"}}), 1);
  EXPECT_EQ(sum(scraped.body, "sluice_ready"), 1);
  EXPECT_THAT(gw.admin("/readyz"), HasStatus(200));
}

}  // namespace
}  // namespace sluice::test::metrics_test

// SPDX-License-Identifier: Apache-2.0
// One line for each request, however it ended.
#include <gmock/gmock.h>

#include <set>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::access_log_test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kRoute = "routes: [{name: u, match: {path: /u}, to: users}]\n";

TEST(AccessLog, HasALineForAForwardedRequest) {
  Gateway gw(kRoute);
  gw.upstream("users").answers(200, "hello");

  gw.post("/u?a=b", "body", "User-Agent: test/1\r\nReferer: http://r.example/\r\n");

  auto line = gw.log_line();
  const std::pair<const char*, std::string> expected[] = {{"listener", "web"},
                                                          {"client_ip", "127.0.0.1"},
                                                          {"method", "POST"},
                                                          {"host", "test.example"},
                                                          {"path", "/u?a=b"},
                                                          {"protocol", "HTTP/1.1"},
                                                          {"status", "200"},
                                                          {"reason", ""},
                                                          {"source", "upstream"},
                                                          {"route", "u"},
                                                          {"upstream", "users"},
                                                          {"user_agent", "test/1"},
                                                          {"referer", "http://r.example/"},
                                                          {"target", gw.upstream("users").url().substr(7)}};
  for (const auto& [key, value] : expected) EXPECT_EQ(json_value(line, key), value) << key << " in " << line;
  EXPECT_THAT(json_value(line, "time"), MatchesRegex("20[0-9-]+T[0-9:.]+Z"));
  for (auto key : {"duration_ms", "connect_ms", "first_byte_ms", "upstream_ms", "overhead_us"})
    EXPECT_THAT(json_value(line, key), MatchesRegex("[0-9.]+")) << key;
  EXPECT_THAT(line, Not(HasSubstr("\"attempts\"")));
}

TEST(AccessLog, TellsWhatTheClientSentWhateverTheTargetGets) {
  Gateway gw(R"(
routes:
  - {name: u, match: {path: /u}, use: [{rewrite: {path: /v}}, {method: PUT}, {headers: {request:
     {remove: [User-Agent, traceparent], set: {Referer: "http://internal/"}}}}], to: users}
)");
  gw.upstream("users").answers(200, "hello");
  Metrics before(gw);

  gw.post("/u?a=b", "body",
          "User-Agent: test/1\r\nReferer: http://r.example/\r\n"
          "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");

  EXPECT_EQ(gw.upstream("users").request().method, "PUT");
  auto line = gw.log_line();
  const std::pair<const char*, std::string> expected[] = {{"method", "POST"},
                                                          {"path", "/u?a=b"},
                                                          {"user_agent", "test/1"},
                                                          {"referer", "http://r.example/"},
                                                          {"trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"}};
  for (const auto& [key, value] : expected) EXPECT_EQ(json_value(line, key), value) << key << " in " << line;
  EXPECT_EQ(before.growth("sluice_requests_total", {{"route", "u"}, {"method", "POST"}}), 1);
}

TEST(AccessLog, NamesTheTraceOfItsRequest) {
  constexpr const char* kTrace = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
  constexpr const char* kOther = "Traceparent: 00-00000000000000000000000000000007-00f067aa0ba902b7-01\r\n";
  Gateway gw(kRoute);
  gw.upstream("users").answers(200, "hello");

  gw.get("/u", kTrace);
  EXPECT_EQ(json_value(gw.log_line(), "trace_id"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_THAT(gw.upstream("users").request(), HasField("traceparent", testing::StartsWith("00-4bf92f")))
      << "it goes on";
  gw.get("/u", std::string(kTrace) + kOther);
  EXPECT_THAT(gw.log_line(), Not(HasSubstr("trace_id"))) << "of two nobody knows which one it is";
  gw.get("/u", "traceparent: mine\r\n");
  EXPECT_THAT(gw.log_line(), Not(HasSubstr("trace_id")));
}

TEST(AccessLog, TellsWhatEachAttemptWasAnswered) {
  Gateway gw(R"(
upstreams:
  users: {url: "<users>", protocol: h1, retry: {attempts: 10, on: [503], backoff: {first: 0s}, budget: {at_least: 20}}, outlier: off}
routes: [{name: u, match: {path: /**}, to: users}]
)");
  auto& users = gw.upstream("users");
  for (int i = 0; i < 8; ++i)
    users.script().expect_request().then_send(
        "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  users.script().expect_request().then_close();
  users.answers(200, "ok");

  EXPECT_EQ(gw.get("/u").body, "ok");

  auto line = gw.log_line();
  auto count = [&](std::string_view what) {
    int n = 0;
    for (auto at = line.find(what); at != std::string::npos; at = line.find(what, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count("\"status\":503,\"reason\":\"upstream_status\""), 8) << line;
  EXPECT_EQ(count("\"status\":0,\"reason\":\"upstream_reset\""), 1) << line;
  EXPECT_EQ(count("\"status\":200,\"reason\":\"\",\"duration_ms\""), 1) << line;
}

TEST(AccessLog, CountsEveryByteOfBothDirections) {
  Gateway gw("listeners: {web: {bind: \"127.0.0.1:0\", limits: {body: 64MiB}}}\n" + std::string(kRoute));
  std::string body(3'000'000, 'x'), request = post("/u", body);
  gw.upstream("users").answers(200, body);

  auto answer = gw.ask(request);

  auto line = gw.log_line();
  EXPECT_EQ(json_value(line, "bytes_in"), std::to_string(request.size()));
  EXPECT_EQ(json_value(line, "bytes_out"), std::to_string(answer.raw.size()));
}

TEST(AccessLog, HasALineForWhatTheGatewayAnsweredItself) {
  Gateway gw(kRoute);

  gw.get("/elsewhere");
  gw.ask("GET /u HTTP/1.1\r\n\r\n");

  auto unrouted = gw.log_line(), malformed = gw.log_line();
  EXPECT_EQ(json_value(unrouted, "status"), "404");
  EXPECT_EQ(json_value(unrouted, "reason"), "no_route");
  EXPECT_EQ(json_value(unrouted, "source"), "gateway");
  EXPECT_EQ(json_value(unrouted, "route"), "-");
  EXPECT_EQ(json_value(malformed, "status"), "400");
  EXPECT_EQ(json_value(malformed, "reason"), "bad_request");
}

TEST(AccessLog, CannotBeForgedByAClient) {
  Gateway gw(kRoute);
  gw.upstream("users").answers(200, "ok");

  gw.get("/u", "User-Agent: a\"b\\c\td\xff\r\n");

  auto line = gw.log_line();
  EXPECT_EQ(json_value(line, "user_agent"), R"(a\"b\\c\td\ufffd)");
  EXPECT_EQ(json_value(line, "status"), "200");
}

TEST(AccessLog, HidesSecretsOfTheQuery) {
  Gateway gw(kRoute);
  gw.upstream("users").answers(200, "ok");

  gw.get("/u?a=b&access_token=hush&c=d");

  EXPECT_EQ(json_value(gw.log_line(), "path"), "/u?a=b&access_token=REDACTED&c=d");
  EXPECT_EQ(gw.upstream("users").request().target, "/u?a=b&access_token=hush&c=d");
}

TEST(AccessLog, LosesNoLineOfManyWorkers) {
  constexpr std::size_t kRequests = 600;
  Gateway gw("workers: 2\n" + std::string(kRoute));
  gw.upstream("users").answers(200, "ok");
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(gw.connect());

  for (std::size_t i = 0; i < kRequests; ++i) clients[i % clients.size()].ask(get("/u?" + std::to_string(i)));

  std::set<std::string> paths;
  for (std::size_t i = 0; i < kRequests; ++i) paths.insert(json_value(gw.log_line(), "path"));
  EXPECT_EQ(paths.size(), kRequests);
}

// With a file of its own, because the format decides how lines are read.
std::string line_in(std::string_view format) {
  TemporaryDirectory directory;
  auto path = directory.write("own.log", "");
  GrowingFile file(path);
  Gateway gw(std::string(kRoute) + "access_log: {format: " + std::string(format) + ", to: \"" + path + "\"}");
  gw.upstream("users").answers(200, "hello");
  gw.get("/u");
  return file.line();
}

TEST(AccessLog, SpeaksLogfmt) {
  auto line = line_in("logfmt");

  EXPECT_THAT(line, StartsWith("time=20"));
  EXPECT_THAT(line, HasSubstr(" method=GET host=test.example path=/u "));
  EXPECT_THAT(line, HasSubstr(" status=200 "));
}

TEST(AccessLog, SpeaksTheCombinedFormat) {
  EXPECT_THAT(line_in("combined"),
              MatchesRegex(R"(127.0.0.1 - - \[[^]]+\] "GET /u HTTP/1.1" 200 [0-9]+ "-" "-")"));
}

// Lines of a log of its own with these settings beside `to`, for GET /u and GET /elsewhere.
std::string first_line(const std::string& settings) {
  TemporaryDirectory directory;
  auto path = directory.write("own.log", "");
  GrowingFile file(path);
  Gateway gw(std::string(kRoute) + "access_log: {" + settings + ", to: \"" + path + "\"}");
  gw.upstream("users").answers(200, "hello");
  gw.get("/u");
  gw.get("/elsewhere");
  return file.line();
}

TEST(AccessLog, HasOnlyTheLinesThatAreAskedFor) {
  EXPECT_EQ(json_value(first_line("when: 'reason != \"\"', sample: 0%"), "path"), "/elsewhere");
  EXPECT_EQ(json_value(first_line("when: 'status == 404'"), "path"), "/elsewhere");
  EXPECT_EQ(json_value(first_line("when: 'status == 404', sample: 100%"), "path"), "/u");
  EXPECT_EQ(json_value(first_line("when: 'upstream == \"users\" && upstream_ms >= 0'"), "path"), "/u");
}

TEST(AccessLog, SpeaksAsTheOperatorLikes) {
  EXPECT_THAT(first_line("template: '${client_ip} ${method} ${path} ${status} ${route} ${queue_ms}'"),
              StartsWith("127.0.0.1 GET /u 200 u -"));
}

TEST(AccessLog, SaysWhatALimitStillAllowed) {
  Gateway gw(
      "routes: [{name: u, match: {path: /u}, use: [{rate_limit: {limit: 2/h, headers: none}}], "
      "respond: {status: 200}}]");
  for (int i = 0; i < 3; ++i) gw.get("/u");

  EXPECT_EQ(json_value(gw.log_line(), "rate_limit_remaining"), "1");
  EXPECT_EQ(json_value(gw.log_line(), "rate_limit_remaining"), "0");
  auto refused = gw.log_line();
  EXPECT_EQ(json_value(refused, "status"), "429");
  EXPECT_EQ(json_value(refused, "rate_limit_remaining"), "0");
}

TEST(AccessLog, NamesTheCallsThatAPartialAnswerLacks) {
  Gateway gw(R"(
upstreams: {users: {url: "<users>"}, orders: {url: "<orders>"}}
routes:
  - name: page
    match: {path: /page}
    compose: {calls: {user: {get: "users:/user", as: user}, orders: {get: "orders:/orders", as: orders}}}
)");
  gw.upstream("users").answers(200, "{\"name\":\"a\"}", {{"Content-Type", "application/json"}});
  gw.upstream("orders").answers(500, "no");

  EXPECT_EQ(gw.get("/page").status, 200);

  EXPECT_THAT(gw.log_line(), HasSubstr("\"partial\":[\"orders\"]"));
}

TEST(AccessLog, GoesToTheNewPlaceAfterAReload) {
  TemporaryDirectory directory;
  auto path = directory.write("new.log", "");
  GrowingFile file(path);
  Gateway gw(kRoute);
  gw.upstream("users").answers(200, "ok");
  gw.get("/u?old");
  EXPECT_EQ(json_value(gw.log_line(), "path"), "/u?old");

  EXPECT_TRUE(gw.reload(std::string(kRoute) + "access_log: {to: \"" + path + "\"}").good);
  gw.get("/u?new");

  EXPECT_EQ(json_value(file.line(), "path"), "/u?new");
}

}  // namespace
}  // namespace sluice::test::access_log_test

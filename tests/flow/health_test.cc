// SPDX-License-Identifier: Apache-2.0
// Health checks: what targets are asked, and what the answers do to requests. That time makes the difference
// it should is for the unit tests of the prober, with a virtual clock.
#include <gmock/gmock.h>

#include <atomic>

#include "tests/support/gateway.h"
#include "tests/support/h2_target.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"
#include "tests/support/tls.h"

namespace sluice::test::health_test {
namespace {

using namespace std::string_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kChecks = "sluice_upstream_health_checks_total";
constexpr const char* kTargets = "sluice_upstream_targets";

// An upstream whose health a test decides.
void answer_by(Upstream& upstream, const std::atomic<bool>& well) {
  upstream.answers_by([&well](const Request& r) -> Answer {
    if (r.target != "/healthz" || well) return {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false};
    return {"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", false};
  });
}

std::size_t requests_for(const Upstream& upstream, std::string_view target) {
  std::size_t n = 0;
  for (const auto& r : upstream.requests()) n += r.target == target;
  return n;
}

std::string two(const std::string& health) {
  return "upstreams: {users: {targets: [\"<a>\", \"<b>\"], balance: round_robin, panic_threshold: 0%" +
         (health.empty() ? "" : ", health: " + health) +
         "}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n";
}
constexpr const char* kOften = "{path: /healthz, interval: 300ms, timeout: 300ms}";
// What a test begins with, so that the services know what to say before they are asked.
constexpr const char* kUnchecked = "routes: [{name: u, match: {path: /**}, to: a}]";
constexpr const char* kOnce = "{path: /healthz, interval: 1h}";

TEST(HealthChecks, KeepRequestsFromATargetUntilItIsWellAgain) {
  std::atomic<bool> well = true;
  Gateway gw(kUnchecked);
  auto& a = gw.upstream("a");
  answer_by(a, well);
  gw.upstream("b").answers(200, "b");
  ASSERT_TRUE(gw.reload(two(kOften)).good);
  Metrics metrics(gw);
  ASSERT_TRUE(metrics.becomes(2, kTargets, {{"upstream", "users"}, {"state", "healthy"}}));

  well = false;
  ASSERT_TRUE(metrics.becomes(1, kTargets, {{"upstream", "users"}, {"state", "unhealthy"}}));
  auto before = requests_for(a, "/x");
  for (int i = 0; i < 6; ++i) EXPECT_EQ(gw.get("/x").body, "b");
  EXPECT_EQ(requests_for(a, "/x"), before);

  well = true;
  ASSERT_TRUE(metrics.becomes(0, kTargets, {{"upstream", "users"}, {"state", "unhealthy"}}));
  for (int i = 0; i < 2; ++i) gw.get("/x");
  EXPECT_EQ(requests_for(a, "/x"), before + 1);
}

TEST(HealthChecks, LeaveNothingToServeWhereAllTargetsAreIll) {
  std::atomic<bool> well = false;
  Gateway gw(kUnchecked);
  answer_by(gw.upstream("a"), well);
  answer_by(gw.upstream("b"), well);
  ASSERT_TRUE(gw.reload(two(kOnce)).good);
  ASSERT_TRUE(Metrics(gw).becomes(2, kTargets, {{"upstream", "users"}, {"state", "unhealthy"}}));

  auto answer = gw.get("/x");

  EXPECT_THAT(answer, Refused(503, "no_healthy_upstream"));
  EXPECT_THAT(gw.log_line(),
              AllOf(HasSubstr("no_healthy_upstream"),
                    HasSubstr("fails its health checks: status 500 (and 1 more targets of users)")));
  EXPECT_EQ(requests_for(gw.upstream("a"), "/x"), 0u);
}

TEST(HealthChecks, AreMadeOnceForAllWorkersOfTheProcess) {
  Gateway gw("workers: 4\nroutes: [{name: u, match: {path: /**}, to: a}]");
  gw.upstream("a").answers(200, "ok");
  gw.upstream("b").answers(200, "ok");
  ASSERT_TRUE(gw.reload("workers: 4\n" + two(kOnce)).good);

  EXPECT_TRUE(Metrics(gw).becomes(2, kChecks, {{"upstream", "users"}, {"result", "passed"}}));

  EXPECT_EQ(requests_for(gw.upstream("a"), "/healthz"), 1u);
  EXPECT_EQ(gw.upstream("a").connections(), 1u);
  EXPECT_EQ(gw.upstream("b").connections(), 1u);
}

TEST(HealthChecks, KeepTheStateOfATargetThatStaysAtAReload) {
  std::atomic<bool> well = false;
  Gateway gw(kUnchecked);
  answer_by(gw.upstream("a"), well);
  gw.upstream("b").answers(200, "b");
  ASSERT_TRUE(gw.reload(two(kOnce)).good);
  Metrics metrics(gw);
  ASSERT_TRUE(metrics.becomes(1, kTargets, {{"upstream", "users"}, {"state", "unhealthy"}}));
  auto checks = requests_for(gw.upstream("a"), "/healthz");

  ASSERT_TRUE(gw.reload("on_tie: first\n" + two(kOnce)).good);

  for (int i = 0; i < 4; ++i) EXPECT_EQ(gw.get("/x").body, "b");
  EXPECT_EQ(requests_for(gw.upstream("a"), "/healthz"), checks) << "nor are they made again";
}

TEST(HealthChecks, ThatEndWithAReloadLeaveTheTargetUsable) {
  std::atomic<bool> well = false;
  Gateway gw(kUnchecked);
  answer_by(gw.upstream("a"), well);
  answer_by(gw.upstream("b"), well);
  ASSERT_TRUE(gw.reload(two(kOnce)).good);
  ASSERT_TRUE(Metrics(gw).becomes(2, kTargets, {{"upstream", "users"}, {"state", "unhealthy"}}));

  ASSERT_TRUE(gw.reload(two("")).good);

  EXPECT_THAT(gw.get("/x"), HasStatus(200));
}

// A path that does not exist must not end service at once: the operator has time to see it.
TEST(HealthChecks, ThatBeginWithAReloadDoNotTakeATargetOutAtTheirFirstFailure) {
  std::atomic<bool> well = false;
  Gateway gw("upstreams: {users: {url: \"<a>\"}}\nroutes: [{name: u, match: {path: /**}, to: users}]");
  answer_by(gw.upstream("a"), well);
  EXPECT_THAT(gw.get("/x"), HasStatus(200));

  ASSERT_TRUE(gw.reload("upstreams: {users: {url: \"<a>\", health: "s + kOnce +
                        "}}\nroutes: [{name: u, match: {path: /**}, to: users}]")
                  .good);
  ASSERT_TRUE(Metrics(gw).becomes(1, kChecks, {{"result", "failed"}}));

  EXPECT_THAT(gw.get("/x"), HasStatus(200));
}

TEST(HealthChecks, EndWithTheConfigurationThatAskedForThem) {
  Gateway gw("routes: [{name: u, match: {path: /**}, respond: 200}]");
  auto& a = gw.upstream("a");
  a.script().expect_request().then_wait_for_close();
  ASSERT_TRUE(
      gw.reload("upstreams: {users: {url: \"<a>\", health: {path: /healthz, interval: 1h, timeout: 1h}}}\n"
                "routes: [{name: u, match: {path: /**}, to: users}]")
          .good);
  a.request();

  ASSERT_TRUE(gw.reload("routes: [{name: u, match: {path: /**}, respond: 200}]").good);

  EXPECT_TRUE(a.has_seen(1, 1)) << "in the middle of one";
}

TEST(HealthChecks, ShowWhatTheyFoundOnTheAdminListener) {
  std::atomic<bool> well = false;
  Gateway gw(kUnchecked);
  answer_by(gw.upstream("a"), well);
  gw.upstream("b").answers(200, "ok");
  ASSERT_TRUE(gw.reload(two(kOnce)).good);
  Metrics metrics(gw);
  ASSERT_TRUE(metrics.becomes(2, kChecks, {{"upstream", "users"}}));
  ASSERT_TRUE(metrics.becomes(1, kTargets, {{"upstream", "users"}, {"state", "unhealthy"}}));

  auto page = gw.admin("/upstreams");

  EXPECT_EQ(page.value("Content-Type"), "application/json");
  auto port = std::to_string(gw.upstream("a").port());
  EXPECT_THAT(page.body, HasSubstr("{\"upstream\":\"users\",\"source\":\"configuration\",\"targets\":["));
  EXPECT_THAT(page.body, HasSubstr("{\"target\":\"127.0.0.1:" + port +
                                   "\",\"state\":\"unhealthy\",\"why\":\"127.0.0.1:" + port +
                                   " fails its health checks: status 500\","));
  EXPECT_THAT(page.body, HasSubstr("\"check\":\"http\",\"since\":\"20"));
  EXPECT_THAT(page.body, HasSubstr("\"state\":\"unhealthy\",\"cause\":\"status 500\"}]}"));
  EXPECT_THAT(page.body, HasSubstr("\"last_check\":\"status 200\",\"changes\":[]}"));
}

TEST(HealthChecks, AreMadeOverTheTargetsTls) {
  Authority authority;
  TemporaryDirectory directory;
  Upstream users;
  users.speak_tls({authority.issue({.names = {"127.0.0.1"}}), {}});
  users.answers(200, "hello");
  auto yaml = [&](const std::string& ca, const char* health) {
    return "upstreams: {users: {url: \"https://127.0.0.1:" + std::to_string(users.port()) + "\", tls: {" +
           ca + "}, health: " + health + "}}\nroutes: [{name: u, match: {path: /**}, to: users}]";
  };
  std::string ca = "ca: \"" + directory.write("ca.pem", authority.certificate()) + "\"";
  for (const char* health : {kOnce, "tcp"}) {
    Gateway gw(yaml(ca, health));
    EXPECT_TRUE(Metrics(gw).becomes(1, kChecks, {{"result", "passed"}})) << health;
    EXPECT_EQ(gw.get("/x").body, "hello");
  }
  Authority other;
  std::string wrong = "ca: \"" + directory.write("other.pem", other.certificate()) + "\"";
  for (const char* health : {kOnce, "tcp"}) {
    Gateway gw(yaml(wrong, health));
    EXPECT_TRUE(Metrics(gw).becomes(1, kTargets, {{"upstream", "users"}, {"state", "unhealthy"}})) << health;
  }
}

TEST(HealthChecks, AreMadeOverHttp2WhereTheTargetsSpeakThat) {
  Gateway gw("upstreams: {users: {url: \"<a>\", protocol: h2, health: " + std::string(kOnce) +
             "}}\nroutes: [{name: u, match: {path: /**}, to: users}]");
  H2Target target(gw.upstream("a").accept());

  auto request = target.expect_request();
  target.answer(request.stream, "well");

  EXPECT_EQ(request.value(":method"), "GET");
  EXPECT_EQ(request.value(":path"), "/healthz");
  EXPECT_EQ(request.value(":authority"), "127.0.0.1:" + std::to_string(gw.upstream("a").port()));
  EXPECT_FALSE(request.has("connection"));
  EXPECT_TRUE(Metrics(gw).becomes(1, kChecks, {{"result", "passed"}}));
}

// --- gRPC

struct GrpcAnswer {
  const char* name;
  std::vector<Line> head;
  std::string body;
  std::vector<Line> trailers;
  bool passes;
  const char* cause;
};
const std::vector<Line> kGrpcHead = {{":status", "200"}, {"content-type", "application/grpc"}};
std::vector<Line> with(std::vector<Line> lines, const Line& line) {
  lines.push_back(line);
  return lines;
}
const GrpcAnswer kGrpcAnswers[] = {
    {"Serving", kGrpcHead, "\0\0\0\0\x02\x08\x01"s, {{"grpc-status", "0"}}, true, "SERVING"},
    {"NotServing", kGrpcHead, "\0\0\0\0\x02\x08\x02"s, {{"grpc-status", "0"}}, false, "NOT_SERVING"},
    {"Unknown", kGrpcHead, "\0\0\0\0\0"s, {{"grpc-status", "0"}}, false, "UNKNOWN"},
    {"Unimplemented",
     with(kGrpcHead, {"grpc-status", "12"}),
     "",
     {},
     false,
     "unimplemented: the target has no grpc.health.v1.Health"},
    {"UnknownService",
     with(kGrpcHead, {"grpc-status", "5"}),
     "",
     {},
     false,
     "not_found: the target's health service does not know \\\"shop.Cart\\\""},
    {"Unavailable", kGrpcHead, "", {{"grpc-status", "14"}}, false, "grpc-status unavailable"},
    {"NoGrpc",
     {{":status", "404"}, {"content-type", "text/html"}},
     "<p>",
     {},
     false,
     "status 404, and no gRPC"},
    {"NoStatus", kGrpcHead, "\0\0\0\0\x02\x08\x01"s, {}, false, "an answer without a valid grpc-status"},
    {"NoMessage", kGrpcHead, "", {{"grpc-status", "0"}}, false, "an answer without a message"},
};

class GrpcHealthChecks : public testing::TestWithParam<GrpcAnswer> {};

TEST_P(GrpcHealthChecks, GoByWhatTheHealthServiceSays) {
  const auto& p = GetParam();
  Gateway gw(
      "upstreams: {cart: {url: \"<a>\", protocol: h2, health: {type: grpc, service: shop.Cart, interval: "
      "1h}}}\n"
      "routes: [{name: u, match: {path: /**}, to: cart}]");
  H2Target target(gw.upstream("a").accept());

  auto request = target.expect_request();
  bool all = p.body.empty() && p.trailers.empty();
  target.headers(request.stream, p.head, all);
  if (!p.body.empty()) target.data(request.stream, p.body, p.trailers.empty());
  if (!p.trailers.empty()) target.headers(request.stream, p.trailers, true);

  EXPECT_EQ(request.value(":method"), "POST");
  EXPECT_EQ(request.value(":path"), "/grpc.health.v1.Health/Check");
  EXPECT_EQ(request.value("content-type"), "application/grpc");
  EXPECT_EQ(request.value("te"), "trailers");
  EXPECT_EQ(request.body, "\0\0\0\0\x0b\x0a\x09shop.Cart"s);
  EXPECT_TRUE(Metrics(gw).becomes(1, kChecks, {{"result", p.passes ? "passed" : "failed"}}));
  EXPECT_TRUE(Metrics(gw).becomes(1, kTargets,
                                  {{"upstream", "cart"}, {"state", p.passes ? "healthy" : "unhealthy"}}));
  EXPECT_THAT(gw.admin("/upstreams").body, HasSubstr("\"last_check\":\""s + p.cause + "\""));
}

INSTANTIATE_TEST_SUITE_P(Answers, GrpcHealthChecks, testing::ValuesIn(kGrpcAnswers),
                         [](const auto& made) { return made.param.name; });

}  // namespace
}  // namespace sluice::test::health_test

// SPDX-License-Identifier: Apache-2.0
// What operators see and change through the admin server.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/support/gateway.h"
#include "tests/support/h2_target.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::admin_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Response patch(Gateway& gw, const std::string& upstream, const std::string& target, const std::string& body) {
  return gw.admin("PATCH", "/upstreams/" + upstream + "/targets/" + target, body);
}

TEST(Admin, ShowsTheConfigurationWithItsPlaces) {
  Gateway gw(
      "routes: [{name: u, match: {path: /u}, to: users, timeout: 3s}]\n"
      "policies: {outside: {basic: {htpasswd: "
      "\"anna:$2y$04$AwdAKVUipQzgHxFLkEsyzuc7J3NqcCvaJVMW0Syx3d8w8JnSiU1bq\"}}}\n");

  auto config = gw.admin("/config").body;

  EXPECT_THAT(config, HasSubstr("\"routes[0].timeout\": \"config.yaml:1:59\""));
  EXPECT_THAT(config, AllOf(Not(HasSubstr("$2y$04")), HasSubstr("\"***\"")));
  EXPECT_THAT(gw.admin("/config?as=yaml").body, HasSubstr("timeout: 3s"));
}

TEST(Admin, ShowsRoutesWithWhatAnswersThem) {
  Gateway gw("routes: [{name: u, match: {path: /u}, use: [{request_id: {}}], to: users, timeout: 3s}]\n");

  auto routes = gw.admin("/routes").body;

  EXPECT_THAT(routes, AllOf(HasSubstr("\"route\": \"u\""), HasSubstr("\"filter\": \"request_id\""),
                            HasSubstr("\"upstream\": \"users\""), HasSubstr("\"value\": \"3s\"")));
}

TEST(Admin, ShowsEveryUpstreamThatARouteMayChoose) {
  Gateway gw(R"yaml(
upstreams: {a: {url: "<a>", timeouts: {attempt: 7s}}, b: {url: "<b>"}, c: {url: "<c>"}}
routes:
  - name: r
    match: {path: /**}
    branch:
      - {when: 'header.x == "1"', split: {to: {a: 1, b: 1}}}
      - {to: c}
)yaml");

  auto routes = gw.admin("/routes").body;

  for (auto part : {"\"upstream\": \"a\"", "\"upstream\": \"b\"", "\"upstream\": \"c\"", "\"value\": \"7s\""})
    EXPECT_THAT(routes, HasSubstr(part));
}

TEST(Admin, ShowsNoSecretsOfMatches) {
  ::setenv("SLUICE_TEST_MATCH", "open \"sesame\"", 1);
  Gateway gw(R"yaml(
routes:
  - {name: f, match: {path: /f, header: {X-Origin: "${env:SLUICE_TEST_MATCH}", X-Tier: gold}}, to: users}
  - {name: k, match: {path: /k, query: {key: "letmein"}}, to: users}
)yaml");

  for (const char* page : {"/routes", "/config", "/config?as=yaml"})
    EXPECT_THAT(gw.admin(page).body, AllOf(HasSubstr("gold"), HasSubstr("***"), Not(HasSubstr("sesame")),
                                           Not(HasSubstr("letmein"))));
}

TEST(Admin, ShowsWorkersAndListeners) {
  Gateway gw("workers: 2\nroutes: [{name: u, match: {path: /u}, respond: {status: 200}}]\n");
  auto client = gw.connect();
  client.ask(get("/u"));

  auto workers = gw.admin("/workers").body;
  auto listeners = gw.admin("/listeners").body;

  EXPECT_THAT(workers,
              AllOf(HasSubstr("\"worker\": 1"), HasSubstr("\"silent\": false"), HasSubstr("lag_ms")));
  EXPECT_THAT(listeners, AllOf(HasSubstr("\"listener\": \"web\""), HasSubstr("\"connections\": 1"),
                               HasSubstr("\"port\": " + std::to_string(gw.port()))));
}

TEST(Admin, DrainsATargetAndTakesItBack) {
  Gateway gw(
      "upstreams: {users: {targets: [\"<a>\", \"<b>\"], balance: round_robin}}\n"
      "routes: [{name: u, match: {path: /**}, to: users}]\n");
  gw.upstream("a").answers(200, "a");
  gw.upstream("b").answers(200, "b");
  auto a = gw.upstream("a").url().substr(7);

  auto drained = patch(gw, "users", a, R"({"drain":true})");
  EXPECT_EQ(drained.status, 200) << drained.body;
  EXPECT_THAT(drained.body, HasSubstr("\"state\":\"drained\""));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(gw.get("/").body, "b");
  EXPECT_THAT(gw.admin("/upstreams").body, HasSubstr("drained by an operator"));
  EXPECT_TRUE(
      Metrics(gw).becomes(1, "sluice_upstream_targets", {{"upstream", "users"}, {"state", "draining"}}));
  EXPECT_TRUE(
      Metrics(gw).becomes(0, "sluice_upstream_targets", {{"upstream", "users"}, {"state", "unhealthy"}}));

  EXPECT_EQ(patch(gw, "users", a, R"({"drain":false})").status, 200);
  std::string bodies;
  for (int i = 0; i < 4; ++i) bodies += gw.get("/").body;
  EXPECT_THAT(bodies, HasSubstr("a"));
}

TEST(Admin, ResetsTheHealthOfATargetThatIsOutOfService) {
  Gateway gw(
      "upstreams: {users: {targets: [\"<a>\", \"<b>\", \"<c>\"], balance: round_robin}}\n"
      "routes: [{name: u, match: {path: /**}, to: users}]\n");
  gw.upstream("a").answers(503, "ill");
  gw.upstream("b").answers(200, "b");
  gw.upstream("c").answers(200, "c");
  auto a = gw.upstream("a").url().substr(7);
  while (gw.upstream("a").request_count() < 5) gw.get("/");
  EXPECT_TRUE(
      Metrics(gw).becomes(1, "sluice_upstream_targets", {{"upstream", "users"}, {"state", "ejected"}}));
  EXPECT_THAT(gw.admin("/upstreams?upstream=users").body,
              HasSubstr("{\"target\":\"" + a + "\",\"state\":\"ejected\""));
  gw.upstream("a").answers(200, "a");

  auto reset = patch(gw, "users", a, R"({"health":"reset"})");

  EXPECT_EQ(reset.status, 200) << reset.body;
  EXPECT_THAT(
      reset.body,
      AllOf(HasSubstr("\"state\":\"healthy\",\"why\":null"),
            HasSubstr("\"from\":\"ejected\",\"state\":\"healthy\",\"cause\":\"reset by an operator\"")));
  EXPECT_TRUE(
      Metrics(gw).becomes(0, "sluice_upstream_targets", {{"upstream", "users"}, {"state", "ejected"}}));
  std::string bodies;
  for (int i = 0; i < 6; ++i) bodies += gw.get("/").body;
  EXPECT_THAT(bodies, HasSubstr("a"));
  EXPECT_EQ(patch(gw, "users", a, R"({"health":"good"})").status, 400);
}

TEST(Admin, ChangesTheWeightOfATargetUntilItIsGivenBack) {
  const char* yaml =
      "upstreams: {users: {targets: [\"<a>\", \"<b>\"], balance: round_robin}}\n"
      "routes: [{name: u, match: {path: /**}, to: users}]\n";
  Gateway gw(yaml);
  gw.upstream("a").answers(200, "a");
  gw.upstream("b").answers(200, "b");
  auto a = gw.upstream("a").url().substr(7);
  auto of_a = [&] {
    int n = 0;
    for (int i = 0; i < 8; ++i) n += gw.get("/").body == "a";
    return n;
  };

  EXPECT_THAT(patch(gw, "users", a, R"({"weight":3})").body, HasSubstr("\"weight\":3,\"weight_written\":1"));
  EXPECT_EQ(of_a(), 6);
  ASSERT_TRUE(gw.reload(yaml).good);
  EXPECT_EQ(of_a(), 6);  // an operator's word outlives reloads
  patch(gw, "users", a, R"({"weight":null})");
  EXPECT_EQ(of_a(), 4);
}

TEST(Admin, SaysWhatThereIsNotToChange) {
  Gateway gw("routes: [{name: u, match: {path: /**}, to: users}]\n");

  EXPECT_EQ(patch(gw, "nobody", "a:1", R"({"drain":true})").status, 404);
  EXPECT_EQ(patch(gw, "users", "a:1", R"({"drain":true})").status, 404);
  EXPECT_EQ(patch(gw, "users", "a:1", "{").status, 400);
  EXPECT_EQ(gw.admin("POST", "/reload", "").status, 501);  // it is the process that has a file
}

TEST(Admin, ShowsWhereTargetsAreAndWhoHasToldThem) {
  Gateway gw(
      "upstreams: {users: {protocol: h1, targets: [{url: \"<a>\", zone: eu-1, metadata: {rack: \"7\"}}, "
      "\"<b>\"]}}\n"
      "routes: [{name: u, match: {path: /**}, to: users}]\n");
  auto b = gw.upstream("b").url();

  auto written = gw.admin("/upstreams").body;
  EXPECT_THAT(written, HasSubstr("\"source\":\"configuration\""));
  EXPECT_THAT(written, HasSubstr("\"zone\":\"eu-1\",\"metadata\":{\"rack\":\"7\"}"));

  auto told = gw.admin("PUT", "/upstreams/users/targets", "[{\"url\":\"" + b + "\",\"zone\":\"eu-2\"}]");
  EXPECT_EQ(told.status, 200) << told.body;
  auto now = gw.admin("/upstreams").body;
  EXPECT_THAT(now, AllOf(HasSubstr("\"source\":\"admin\",\"persisted\":false"),
                         HasSubstr("\"zone\":\"eu-2\""), Not(HasSubstr("eu-1"))));
}

TEST(Admin, ShowsTheConnectionsOfATarget) {
  Gateway gw("routes: [{name: u, match: {path: /**}, to: users}]", Downstream::h1);
  if (usually_bridged()) GTEST_SKIP() << "the target speaks HTTP/2";
  auto client = gw.connect();
  client.send(get("/"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  EXPECT_THAT(gw.admin("/upstreams").body, HasSubstr("\"pools\":{\"h1\":{\"idle\":0,\"active\":1}}"));
  target.send(ok("done"));
  client.response();

  EXPECT_THAT(gw.admin("/upstreams").body, HasSubstr("\"pools\":{\"h1\":{\"idle\":1,\"active\":0}}"));
}

TEST(AdminH2, ShowsTheStreamsOfATarget) {
  Gateway gw(
      "upstreams: {users: {url: \"<users>\", protocol: h2}}\n"
      "routes: [{name: u, match: {path: /**}, to: users}]\n",
      Downstream::h1);
  auto one = gw.connect(), other = gw.connect();
  one.send(get("/"));
  H2Target target(gw.upstream("users").accept());
  auto first = target.expect_request();
  other.send(get("/"));
  auto second = target.expect_request();

  EXPECT_THAT(gw.admin("/upstreams").body,
              HasSubstr("\"pools\":{\"h2\":{\"idle\":0,\"active\":1,\"streams\":2}}"));
  target.answer(first.stream, "1");
  target.answer(second.stream, "2");
  one.response();
  other.response();

  EXPECT_THAT(gw.admin("/upstreams").body,
              HasSubstr("\"pools\":{\"h2\":{\"idle\":1,\"active\":0,\"streams\":0}}"));
}

// A gateway that keeps what it is told in a directory, and one after it.
class Persisted : public ::testing::Test {
 protected:
  Persisted() {
    a.answers(200, "a");
    b.answers(200, "b");
  }
  std::string yaml() const {
    return "state_directory: " + (directory / "state") + "\nupstreams: {users: {protocol: h1, url: \"" +
           a.url() + "\"}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n";
  }
  Response put(Gateway& gw, const std::string& url, const std::string& query) {
    return gw.admin("PUT", "/upstreams/users/targets" + query, "[\"" + url + "\"]");
  }
  TemporaryDirectory directory;
  Upstream a, b;
};

TEST_F(Persisted, TargetsAreInForceAfterARestartUntilTheyAreTakenBack) {
  {
    Gateway gw(yaml());
    EXPECT_EQ(gw.get("/").body, "a");
    auto told = put(gw, b.url(), "?persist=true");
    EXPECT_EQ(told.body, "{\"targets\":1,\"persisted\":true}\n");
    EXPECT_EQ(gw.get("/").body, "b");
  }
  {
    Gateway gw(yaml());
    EXPECT_EQ(gw.get("/").body, "b") << "the first request already";
    EXPECT_THAT(gw.admin("/upstreams").body, HasSubstr("\"source\":\"admin\",\"persisted\":true"));
    EXPECT_TRUE(gw.reload(yaml()).good);
    EXPECT_EQ(gw.get("/").body, "b");
    EXPECT_EQ(gw.admin("DELETE", "/upstreams/users/targets", "").status, 200);
    EXPECT_EQ(gw.get("/").body, "a");
  }
  Gateway gw(yaml());
  EXPECT_EQ(gw.get("/").body, "a");
  EXPECT_THAT(gw.admin("/upstreams").body, HasSubstr("\"source\":\"configuration\""));
}

TEST_F(Persisted, TargetsStayWhileNoRouteUsesTheirUpstream) {
  std::string unused = yaml();
  unused.replace(unused.find("to: users"), 9, "respond: {status: 204}");
  {
    Gateway gw(yaml());
    EXPECT_EQ(put(gw, b.url(), "?persist=true").status, 200);
    EXPECT_TRUE(gw.reload(unused).good);
    EXPECT_EQ(gw.get("/").status, 204);
    EXPECT_TRUE(gw.reload(yaml()).good);
    EXPECT_EQ(gw.get("/").body, "b");
    EXPECT_TRUE(gw.reload(unused).good);
  }
  Gateway gw(yaml());
  EXPECT_EQ(gw.get("/").body, "b");
}

TEST_F(Persisted, TargetsOfABrokenFileAreThoseOfTheConfiguration) {
  std::filesystem::create_directories(directory / "state/targets");

  Gateway gw(yaml());

  EXPECT_EQ(gw.get("/").body, "a");
  EXPECT_EQ(put(gw, b.url(), "?persist=true").status, 409);
  EXPECT_EQ(gw.get("/").body, "a");
  EXPECT_EQ(put(gw, b.url(), "").status, 200);
  EXPECT_EQ(gw.get("/").body, "b");
}

TEST_F(Persisted, TargetsNeedADirectory) {
  Gateway gw("routes: [{name: u, match: {path: /**}, to: users}]");

  auto refused = put(gw, b.url(), "?persist=true");

  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("state_directory"));
}

}  // namespace
}  // namespace sluice::test::admin_test

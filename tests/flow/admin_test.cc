// SPDX-License-Identifier: Apache-2.0
// What operators see and change through the admin server.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test {
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

  EXPECT_EQ(patch(gw, "users", a, R"({"drain":false})").status, 200);
  std::string bodies;
  for (int i = 0; i < 4; ++i) bodies += gw.get("/").body;
  EXPECT_THAT(bodies, HasSubstr("a"));
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

}  // namespace
}  // namespace sluice::test

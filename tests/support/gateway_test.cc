// SPDX-License-Identifier: Apache-2.0
#include "tests/support/gateway.h"

#include <gmock/gmock.h>

#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::gateway_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kOneRoute = "routes: [{name: u, match: {path: /u}, to: users}]";

TEST(Gateway, ServesWhatTheYamlSays) {
  Gateway gw(kOneRoute);
  gw.upstream("users").answers(200, "ok");

  EXPECT_EQ(gw.get("/u").body, "ok");
  EXPECT_EQ(gw.upstream("users").request().target, "/u");
}

TEST(Gateway, PutsItsUpstreamsWhereTheYamlNamesThem) {
  Gateway gw(R"(
upstreams:
  users: {targets: ["<one>"]}
routes: [{name: u, match: {path: /u}, to: users}]
)");
  gw.upstream("one").answers(200, "from one");

  EXPECT_EQ(gw.get("/u").body, "from one");
}

TEST(Gateway, ThrowsWithTheDiagnosticsOfABadConfiguration) {
  try {
    Gateway gw("routes: [{name: u, macht: {path: /u}, to: users}]");
    FAIL() << "it started";
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("macht"));
  }
}

TEST(Gateway, ReloadsWithTheSameUpstreamsAndListeners) {
  Gateway gw(kOneRoute);
  gw.upstream("users").answers(200, "ok");
  auto port = gw.port();

  auto good = gw.reload("routes: [{name: v, match: {path: /v}, to: users}]");
  auto bad = gw.reload("routes: 7");

  EXPECT_TRUE(good.good) << good.diagnostics;
  EXPECT_FALSE(bad.good);
  EXPECT_THAT(bad.diagnostics, HasSubstr("routes"));
  EXPECT_EQ(gw.port(), port);
  EXPECT_EQ(gw.get("/v").status, 200);
}

TEST(Gateway, ShowsTheLinesOfItsAccessLog) {
  Gateway gw(kOneRoute);
  gw.upstream("users").answers(200, "ok");

  gw.get("/u?first");
  gw.get("/elsewhere");

  EXPECT_EQ(json_value(gw.log_line(), "path"), "/u?first");
  EXPECT_EQ(json_value(gw.log_line(), "status"), "404");
}

TEST(Gateway, DrainsAndTellsHowManyWereCut) {
  Gateway gw(kOneRoute);

  EXPECT_EQ(gw.drain().get(), 0u);
  EXPECT_EQ(gw.admin("/readyz").status, 503);
}

TEST(Metrics, TellByHowMuchACounterGrew) {
  Gateway gw(kOneRoute);
  gw.upstream("users").answers(200, "ok");
  gw.get("/u");
  Metrics before(gw);

  gw.get("/u");
  gw.get("/u");

  EXPECT_EQ(before.growth("sluice_requests_total", {{"route", "u"}, {"reason", ""}}), 2);
  EXPECT_EQ(before.growth("sluice_requests_total", {{"reason", "no_route"}}), 0);
  EXPECT_TRUE(before.grows_by(2, "sluice_requests_total", {{"code_class", "2xx"}}));
}

TEST(Metrics, SumTheSeriesThatFit) {
  constexpr const char* kText =
      "# HELP x_total about x_total{a=\"1\"} 5\n"
      "x_total{a=\"1\",b=\"2\"} 3\n"
      "x_total{a=\"1\",b=\"3\"} 4\n"
      "x_total{a=\"1\"} 10\n"
      "x_total_more 100\n"
      "y 2.5\n";

  EXPECT_EQ(sum(kText, "x_total"), 17);
  EXPECT_EQ(sum(kText, "x_total", {{"b", "3"}}), 4);
  EXPECT_EQ(sum(kText, "x_total", {{"a", "1"}, {"b", ""}}), 10);
  EXPECT_EQ(sum(kText, "y"), 2.5);
  EXPECT_EQ(sum(kText, "z"), 0);
}

TEST(Matchers, TellARefusalFromAnAnswerThatOnlyLooksLikeIt) {
  Gateway gw(kOneRoute);
  gw.upstream("users").answers(404, "{\"status\":404,\"reason\":\"no_route\"}");

  EXPECT_THAT(gw.get("/elsewhere"), Refused(404, "no_route"));
  EXPECT_THAT(gw.get("/elsewhere"), Not(Refused(404, "method")));
  EXPECT_THAT(gw.get("/u"), Not(Refused(404, "no_route")));
  EXPECT_THAT(gw.get("/u"), HasStatus(404));
}

TEST(Matchers, LookIntoFields) {
  Gateway gw(kOneRoute);
  gw.upstream("users").answers(200, "ok", {{"X-A", "b"}});

  auto response = gw.get("/u");

  EXPECT_THAT(response, HasField("x-a", "b"));
  EXPECT_THAT(response, HasField("X-A", HasSubstr("b")));
  EXPECT_THAT(response, Not(HasField("X-A", "c")));
  EXPECT_THAT(response, HasNoField("X-B"));
}

}  // namespace
}  // namespace sluice::test::gateway_test

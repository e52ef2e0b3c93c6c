// SPDX-License-Identifier: Apache-2.0
// Quotas as clients and operators meet them, over real connections and several workers, kept in a directory.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"
#include "tests/support/temporary_directory.h"

namespace sluice::test::quota_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string why_not(const std::string& yaml) {
  try {
    Gateway gw(yaml);
    return "it serves";
  } catch (const std::exception& e) {
    return e.what();
  }
}

std::string three_a_month(const TemporaryDirectory& state, std::string_view more = "") {
  return "workers: 3\nstate_directory: " + (state / "quotas") + R"(
policies: {plan: {quota: {limit: 3/month, time_zone: Europe/Berlin)" +
         std::string(more) + R"(}}}
routes:
  - {name: a, match: {path: /a}, use: [plan], respond: {status: 200, body: ok}}
  - {name: b, match: {path: /b}, use: [plan], respond: {status: 200, body: ok}}
)";
}

TEST(Quotas, CountForAllWorkersAndAllRoutesOfAPolicy) {
  TemporaryDirectory state;
  Gateway gw(three_a_month(state));
  int passed = 0;
  for (int i = 0; i < 12; ++i) passed += gw.get(i % 2 ? "/a" : "/b").status == 200;
  EXPECT_EQ(passed, 3);
  auto refused = gw.get("/a");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("\"reason\":\"quota\""));
  EXPECT_THAT(refused, HasField("RateLimit-Policy", "\"month\";q=3"));
}

TEST(Quotas, AreNotUsedUpByWhatALimitRefuses) {
  TemporaryDirectory state;
  Gateway gw("state_directory: " + (state / "quotas") + R"(
policies: {plan: {quota: {limit: 100/month}}}
routes:
  - {name: a, match: {path: /a}, use: [plan, {rate_limit: {limit: 1/h, headers: none}}], respond: 204}
  - {name: b, match: {path: /b}, use: [plan], respond: 204}
)");
  EXPECT_EQ(gw.get("/a").status, 204);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gw.get("/a").status, 429);

  EXPECT_THAT(gw.get("/b"), HasField("RateLimit", ::testing::StartsWith("\"month\";r=98;")));
}

// Apart from rate limits, whose refusals are over in seconds.
TEST(Quotas, HaveCountersOfTheirOwn) {
  TemporaryDirectory state;
  Gateway gw(three_a_month(state));
  Metrics before(gw);
  for (int i = 0; i < 5; ++i) gw.get("/a");
  auto grown = [&](const char* family, const char* result) {
    return before.growth(family, {{"policy", "plan"}, {"result", result}});
  };
  EXPECT_EQ(grown("sluice_quota_requests_total", "allowed"), 3);
  EXPECT_EQ(grown("sluice_quota_requests_total", "limited"), 2);
  EXPECT_EQ(grown("sluice_rate_limit_requests_total", "allowed"), 0);
}

TEST(Quotas, CountWhatATrialWouldRefuse) {
  TemporaryDirectory state;
  Gateway gw(three_a_month(state, ", dry_run: true"));
  Metrics before(gw);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(gw.get("/a").status, 200);
  EXPECT_EQ(before.growth("sluice_quota_requests_total", {{"policy", "plan"}, {"result", "dry_run"}}), 2);
  EXPECT_EQ(before.growth("sluice_policy_decisions_total", {{"policy", "plan"}, {"decision", "dry_run"}}), 2);
}

TEST(Quotas, OutliveTheGateway) {
  TemporaryDirectory state;
  {
    Gateway gw(three_a_month(state));
    EXPECT_EQ(gw.get("/a").status, 200);
    EXPECT_EQ(gw.get("/a").status, 200);
  }
  Gateway gw(three_a_month(state));
  EXPECT_EQ(gw.get("/a").status, 200);
  EXPECT_EQ(gw.get("/a").status, 429);
}

TEST(Quotas, TellOperatorsWhatWasUsed) {
  TemporaryDirectory state;
  Gateway gw(three_a_month(state));
  gw.get("/a");
  gw.get("/b");
  EXPECT_THAT(gw.admin("/quotas").body,
              HasSubstr("{\"policy\":\"plan\",\"store\":\"memory\",\"time_zone\":\"Europe/Berlin\""));
  auto all = gw.admin("/quotas?policy=plan");
  EXPECT_THAT(all.body, HasSubstr("\"key\":\"ip=127.0.0.1\",\"unit\":\"month\""));
  EXPECT_THAT(all.body, HasSubstr("\"used\":2"));
  EXPECT_EQ(gw.admin("/quotas?policy=plan&key=ip%3D127.0.0.1").body, all.body);
  EXPECT_THAT(gw.admin("/quotas?policy=plan&key=ip%3D192.0.2.7").body, Not(HasSubstr("\"unit\"")));
  EXPECT_EQ(gw.admin("/quotas?policy=other").status, 404);
  EXPECT_EQ(gw.admin("/quotas?user=x").status, 400);
}

TEST(Quotas, AreFoundByTheNameOfAHeaderAsItIsWritten) {
  TemporaryDirectory state;
  Gateway gw(three_a_month(state, ", by: header.X-Key"));
  gw.get("/a", "X-Key: K1\r\n");

  EXPECT_THAT(gw.admin("/quotas?policy=plan&key=header.X-Key%3DK1").body, HasSubstr("\"used\":1"));
  EXPECT_THAT(gw.admin("/quotas?policy=plan&key=header.x-key%3DK1").body, HasSubstr("\"used\":1"));
  EXPECT_THAT(gw.admin("/quotas?policy=plan&key=header.X-Key%3Dk1").body, Not(HasSubstr("\"unit\"")));
}

TEST(Quotas, NeedAPlaceAndOneThatIsTheirs) {
  EXPECT_THAT(why_not("routes: [{name: a, match: {path: /a}, use: [{quota: {limit: 1/day}}], respond: 204}]"),
              HasSubstr("no place where it could be kept"));
  TemporaryDirectory state;
  Gateway first(three_a_month(state));
  EXPECT_THAT(why_not(three_a_month(state)), HasSubstr("in use by another process"));
}

TEST(Quotas, BeginToBeKeptWithAReload) {
  TemporaryDirectory state;
  Gateway gw("routes: [{name: a, match: {path: /a}, respond: 204}]");
  EXPECT_FALSE(gw.reload(three_a_month(state, ", store: nowhere")).good);
  EXPECT_TRUE(gw.reload(three_a_month(state)).good);
  EXPECT_EQ(gw.get("/a").status, 200);
  EXPECT_TRUE(gw.reload(three_a_month(state)).good);
  for (int i = 0; i < 2; ++i) gw.get("/a");
  EXPECT_EQ(gw.get("/a").status, 429);
}

}  // namespace
}  // namespace sluice::test::quota_test

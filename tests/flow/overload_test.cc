// SPDX-License-Identifier: Apache-2.0
// How important requests are, and what becomes of them when not all can be served.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::overload_test {
namespace {

constexpr const char* kRoutes = R"(
overload: {lag: off}
defaults: {importance: low}
routes:
  - {name: plain, match: {path: /plain}, respond: 204}
  - {name: health, match: {path: /health}, importance: critical, respond: 204}
  - name: raised
    match: {path: /raised}
    importance: normal
    use: [{importance: {set: critical, when: 'header["x-tier"] == "gold"'}}]
    respond: 204
)";

TEST(Importance, IsTheRoutesUntilAFilterSaysOtherwise) {
  Gateway gw(kRoutes);
  auto logged = [&](std::string_view path, std::string_view lines = {}) {
    EXPECT_EQ(gw.get(path, lines).status, 204);
    return json_value(gw.log_line(), "importance");
  };

  EXPECT_EQ(logged("/plain"), "low");
  EXPECT_EQ(logged("/health"), "critical");
  EXPECT_EQ(logged("/raised"), "");  // normal is not written
  EXPECT_EQ(logged("/raised", "X-Tier: gold\r\n"), "critical");
}

constexpr std::size_t kMiB = 1 << 20;
constexpr const char* kLevel = "sluice_overload_level";
const Labels kMemory = {{"cause", "memory"}};

constexpr const char* kServed = R"(
listeners: {web: {bind: "127.0.0.1:0", protocols: [h1, h2]}}
routes:
  - {name: low, match: {path: /low}, importance: low, to: users}
  - {name: normal, match: {path: /normal}, to: users}
  - {name: critical, match: {path: /critical}, importance: critical, to: users}
  - name: paid
    match: {path: /paid}
    importance: low
    use: [{importance: {set: critical, when: 'header["x-tier"] == "gold"'}}]
    to: users
)";

class Overload : public ::testing::Test {
 protected:
  Overload() { gw_.upstream("users").answers(200, "ok"); }
  void strain(std::size_t mebibytes, int level) {
    gw_.use_memory(mebibytes * kMiB);
    ASSERT_TRUE(metrics_.becomes(level, kLevel, kMemory));
  }
  Gateway gw_{"overload: {memory_limit: 100MiB, lag: off}" + std::string(kServed)};
  Metrics metrics_{gw_};
};

TEST_F(Overload, RefusesWhatIsOfLowImportanceFirst) {
  EXPECT_EQ(gw_.get("/low").status, 200);
  strain(86, 1);

  auto refused = gw_.get("/low");

  EXPECT_THAT(refused, Refused(503, "shed"));
  EXPECT_THAT(refused.value("Retry-After"), ::testing::MatchesRegex("[3-7]"));
  EXPECT_EQ(gw_.get("/normal").status, 200);
  EXPECT_EQ(gw_.get("/critical").status, 200);
  EXPECT_EQ(metrics_.growth("sluice_overload_shed_total", kMemory), 1);
  EXPECT_EQ(gw_.upstream("users").request_count(), 3u);
}

TEST_F(Overload, RefusesAllButWhatIsCriticalNext) {
  strain(93, 2);

  EXPECT_THAT(gw_.get("/low"), Refused(503, "shed"));
  EXPECT_THAT(gw_.get("/normal"), Refused(503, "shed"));
  EXPECT_EQ(gw_.get("/critical").status, 200);
}

TEST_F(Overload, KnowsWhoPaysOnceItIsKnownWhoCalls) {
  strain(93, 2);

  EXPECT_THAT(gw_.get("/paid"), Refused(503, "shed"));
  EXPECT_EQ(gw_.get("/paid", "X-Tier: gold\r\n").status, 200);
}

TEST_F(Overload, IsOverWhenThereIsMemoryAgain) {
  strain(93, 2);
  strain(10, 0);

  EXPECT_EQ(gw_.get("/low").status, 200);
  EXPECT_EQ(gw_.get("/normal").status, 200);
}

TEST_F(Overload, EndsConnectionsOnWhichNothingIsAsked) {
  auto quiet = gw_.connect();
  EXPECT_EQ(quiet.ask(get("/normal")).status, 200);

  strain(86, 1);

  EXPECT_TRUE(quiet.ended());
}

TEST_F(Overload, AcceptsNobodyAtTheUtmost) {
  strain(99, 3);
  Metrics accepted(gw_);
  auto late = gw_.connect();
  late.send(get("/critical"));

  EXPECT_EQ(accepted.growth("sluice_connections_total"), 0);
  strain(10, 0);

  EXPECT_EQ(late.response().status, 200);
}

TEST_F(Overload, CutsExchangesAtTheUtmostButForCriticalOnes) {
  gw_.upstream("users").script().expect_request().then_wait_for_close();
  auto waiting = gw_.connect();
  waiting.send(get("/normal"));
  ASSERT_TRUE(metrics_.becomes(1, "sluice_requests_in_flight", {{"route", "normal"}}));
  auto critical = gw_.connect();
  critical.send("POST /critical HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\nab");
  ASSERT_TRUE(metrics_.becomes(1, "sluice_requests_in_flight", {{"route", "critical"}}));

  gw_.use_memory(99 * kMiB);

  EXPECT_THAT(waiting.response(), Refused(503, "shed"));
  critical.send("cd");
  EXPECT_EQ(critical.response().status, 200);
}

TEST_F(Overload, MayBeTurnedOffByAReload) {
  strain(99, 3);
  auto late = gw_.connect();
  late.send(get("/low"));

  EXPECT_TRUE(gw_.reload("overload: {memory_limit: off, lag: off}" + std::string(kServed)).good);

  EXPECT_EQ(late.response().status, 200);
}

}  // namespace
}  // namespace sluice::test::overload_test

// SPDX-License-Identifier: Apache-2.0
// Requests that are shared out between upstreams by weight.
#include <gmock/gmock.h>

#include <set>

#include "tests/support/consumers.h"
#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::split_test {
namespace {

constexpr std::string_view kUpstreams = R"(
upstreams: {old: {url: "<old>"}, new: {url: "<new>"}}
)";

std::unique_ptr<Gateway> gateway(const std::string& split) {
  auto gw = std::make_unique<Gateway>(std::string(kUpstreams) +
                                      "routes: [{name: r, match: {path: /**}, split: " + split + "}]");
  for (const char* name : {"old", "new"}) gw->upstream(name).answers(200, name);
  return gw;
}

TEST(SplitRoute, GivesNothingToWhatIsDrained) {
  auto gw = gateway("{to: {old: 0, new: 5}}");

  for (int i = 0; i < 30; ++i) EXPECT_EQ(gw->get("/").body, "new");

  EXPECT_EQ(gw->upstream("old").connections(), 0u);
}

TEST(SplitRoute, SharesOutByWeight) {
  auto gw = gateway("{to: {old: 50%, new: 50%}}");
  std::set<std::string> answers;
  Metrics before(*gw);

  for (int i = 0; i < 60; ++i) answers.insert(gw->get("/").body);

  // That one gets none of 60 happens once in 10^17.
  EXPECT_EQ(answers, (std::set<std::string>{"old", "new"}));
  double old = before.growth("sluice_split_requests_total", {{"route", "r"}, {"upstream", "old"}});
  EXPECT_EQ(old, static_cast<double>(gw->upstream("old").request_count()));
  EXPECT_EQ(before.growth("sluice_split_requests_total", {{"route", "r"}}), 60);
}

TEST(SplitRoute, KeepsACallerOnOneSide) {
  auto gw = gateway("{to: {old: 1, new: 1}, sticky_by: cookie.user}");
  std::set<std::string> answers;

  for (int user = 0; user < 40; ++user) {
    std::string cookie = "Cookie: user=" + std::to_string(user) + "\r\n";
    std::string first = gw->get("/", cookie).body;
    answers.insert(first);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(gw->get("/", cookie).body, first);
  }

  EXPECT_EQ(answers.size(), 2u);
}

TEST(SplitRoute, DoesNotGiveTheShareOfWhatFailsToOthers) {
  auto gw = gateway("{to: {old: 1, new: 1}, sticky_by: cookie.user}");
  gw->upstream("new").stop_listening();
  int failed = 0;

  for (int user = 0; user < 40; ++user) {
    std::string cookie = "Cookie: user=" + std::to_string(user) + "\r\n";
    auto first = gw->get("/", cookie);
    if (first.status == 200) continue;
    ++failed;
    EXPECT_THAT(first, Refused(502, "upstream_connect_failed"));
    EXPECT_THAT(gw->get("/", cookie), Refused(502, "upstream_connect_failed"));
  }

  EXPECT_GT(failed, 0);
  EXPECT_EQ(gw->upstream("old").request_count(), 40u - static_cast<unsigned>(failed));
}

TEST(SplitRoute, IsSaidInTheLog) {
  auto gw = gateway("{to: {new: 1}}");

  gw->get("/");

  EXPECT_THAT(gw->log_line(), ::testing::HasSubstr(R"("upstream":"new")"));
}

TEST(BranchRoute, FollowsTheVerifiedCallerAlone) {
  Gateway gw(std::string(kUpstreams) + "consumers: [{name: acme, groups: [beta], api_keys: [{key: \"" +
             digest_of("one") + "\"}]}, {name: globex, api_keys: [{key: \"" + digest_of("two") + "\"}]}]\n" +
             R"(
routes:
  - name: r
    match: {path: /**}
    use: {api_key: {header: X-Api-Key}}
    branch:
      - {when: '"beta" in consumer.groups', to: new}
      - {to: old}
)");
  for (const char* name : {"old", "new"}) gw.upstream(name).answers(200, name);

  EXPECT_EQ(gw.get("/", "X-Api-Key: one\r\n").body, "new");
  EXPECT_EQ(gw.get("/", "X-Api-Key: two\r\nX-Consumer-Groups: beta\r\n").body, "old");
  EXPECT_THAT(gw.get("/"), Refused(401, "unauthenticated"));
}

TEST(BranchRoute, AnswersNotFoundWhereNothingHolds) {
  Gateway gw(R"(routes: [{name: r, match: {path: /**}, branch: [{when: 'query.a == "b"', respond: 204}]}])");

  EXPECT_THAT(gw.get("/?a=b"), HasStatus(204));
  EXPECT_THAT(gw.get("/"), Refused(404, "no_route"));
}

}  // namespace
}  // namespace sluice::test::split_test

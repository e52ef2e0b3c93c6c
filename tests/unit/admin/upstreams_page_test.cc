// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/upstreams_page.h"

#include <gtest/gtest.h>

namespace sluice::admin::upstreams_page_test {
namespace {

using namespace std::chrono_literals;
using upstream::CheckResult;

TEST(UpstreamsPage, IsEmptyWithoutUpstreams) { EXPECT_EQ(upstreams_page({}), "{\"upstreams\":[]}\n"); }

TEST(UpstreamsPage, ShowsATargetThatIsNotChecked) {
  EXPECT_EQ(
      upstreams_page({{"orders", {{"orders-1:80", upstream::ServiceState::healthy, "", "", {}}}}}),
      "{\"upstreams\":[\n"
      "  {\"upstream\":\"orders\",\"source\":\"configuration\",\"targets\":[\n"
      "   {\"target\":\"orders-1:80\",\"state\":\"healthy\",\"why\":null,\"weight\":1,\"weight_written\":1,"
      "\"drained\":false,\"active\":0,\"connections\":0,\"pools\":{},\"check\":null,\"since\":null,"
      "\"last_check\":null,\"changes\":[]}]}]}\n");
}

TEST(UpstreamsPage, ShowsTheChangesOfATargetWithTheNewestFirst) {
  upstream::Health health;
  health.begin();
  base::WallTime start(1'700'000'000s);
  health.take({CheckResult::failed, "status 500"}, {3, 1}, start);
  health.take({CheckResult::passed, "status 200"}, {1, 1}, start + 1s);
  health.take({CheckResult::timeout, "no answer within \"2s\""}, {1, 1}, start + 2s);
  TargetReport target{"a:80", upstream::ServiceState::unhealthy, "a:80 fails", "http", health};
  using State = upstream::ServiceState;
  target.changes = {{State::unhealthy, start, "status 500", State::healthy},
                    {State::ejected, start + 1s, "5 failures in a row", State::unhealthy},
                    {State::unhealthy, start + 2s, "no answer within \"2s\"", State::ejected}};

  EXPECT_EQ(
      upstreams_page({{"orders", {target}}}),
      "{\"upstreams\":[\n"
      "  {\"upstream\":\"orders\",\"source\":\"configuration\",\"targets\":[\n"
      "   {\"target\":\"a:80\",\"state\":\"unhealthy\",\"why\":\"a:80 fails\",\"weight\":1,"
      "\"weight_written\":1,\"drained\":false,\"active\":0,\"connections\":0,\"pools\":{},\"check\":\"http\","
      "\"since\":\"2023-11-14T22:13:22.000Z\",\"last_check\":\"no answer within \\\"2s\\\"\",\"changes\":["
      "{\"at\":\"2023-11-14T22:13:22.000Z\",\"from\":\"ejected\",\"state\":\"unhealthy\",\"cause\":\"no "
      "answer within "
      "\\\"2s\\\"\"},"
      "{\"at\":\"2023-11-14T22:13:21.000Z\",\"from\":\"unhealthy\",\"state\":\"ejected\",\"cause\":\"5 "
      "failures in a row\"},"
      "{\"at\":\"2023-11-14T22:13:20.000Z\",\"from\":\"healthy\",\"state\":\"unhealthy\",\"cause\":\"status "
      "500\"}]}]}]}\n");
}

TEST(UpstreamsPage, ShowsATargetThatIsOutOfService) {
  TargetReport target{"a:80", upstream::ServiceState::ejected, "a:80 is out", "", {}};
  target.ejection.begin({}, "5 failures in a row", base::SteadyTime(1h));

  auto page = upstreams_page({{"orders", {target}}});

  EXPECT_NE(page.find("\"state\":\"ejected\",\"why\":\"a:80 is out\""), page.npos) << page;
  EXPECT_NE(page.find("\"changes\":[],\"ejections\":1}"), page.npos) << page;
}

TEST(UpstreamsPage, SaysThatChecksAndRequestsDisagree) {
  TargetReport target{"a:80", upstream::ServiceState::unhealthy, "a:80 fails", "http", {}};
  EXPECT_EQ(target_json(target).find("probe_disagrees"), std::string::npos);

  target.disagreement = "checks fail (status \"503\"), but";

  auto json = target_json(target);
  EXPECT_TRUE(json.ends_with(
      "\"changes\":[],\"probe_disagrees\":true,\"disagreement\":\"checks fail (status \\\"503\\\"), but\"}"))
      << json;
}

TEST(UpstreamsPage, IsAskedForOneUpstreamOrAsText) {
  EXPECT_EQ(upstreams_asked("").fault, "");
  auto asked = upstreams_asked("?upstream=a%20b&as=text&why=true");
  EXPECT_EQ(asked.upstream, "a b");
  EXPECT_TRUE(asked.as_text);
  EXPECT_TRUE(asked.why);
  EXPECT_EQ(asked.fault, "");
  EXPECT_FALSE(upstreams_asked("?as=json&why=false").as_text);
  EXPECT_EQ(upstreams_asked("?as=xml").fault, "`as` is json or text.");
  EXPECT_EQ(upstreams_asked("?as=text&why=1").fault, "`why` is true or false.");
  EXPECT_EQ(upstreams_asked("?why=true").fault, "`why` is for `as=text`; JSON always tells why.");
  EXPECT_EQ(upstreams_asked("?name=a").fault,
            "There is no parameter `name`; those known are upstream, as and why.");
}

TEST(UpstreamsPage, KeepsTheUpstreamThatWasAskedFor) {
  UpstreamsReport report{{{"orders", {}}, {"users", {}}}};
  EXPECT_EQ(keep_asked({}, report), "");
  ASSERT_EQ(report.upstreams.size(), 2u);
  EXPECT_EQ(keep_asked({"users"}, report), "");
  ASSERT_EQ(report.upstreams.size(), 1u);
  EXPECT_EQ(report.upstreams[0].name, "users");

  UpstreamsReport other{{{"orders", {}}, {"users", {}}}};
  EXPECT_EQ(keep_asked({"oders"}, other), "No upstream `oders` is in use; did you mean \"orders\"?");
  UpstreamsReport none;
  EXPECT_EQ(keep_asked({"orders"}, none), "No upstream `orders` is in use.");
}

TEST(UpstreamsPage, SaysWhatAnUpstreamCanBear) {
  UpstreamReport unknown{"a", {}, upstream::Protection::Concurrency{}};
  UpstreamReport none{"b", {}, upstream::Protection::Concurrency{{}, 7, 11'000, 10'000}};
  UpstreamReport some{"c", {}, upstream::Protection::Concurrency{84, 61, 42'310, 20'148}};

  auto page = upstreams_page({unknown, none, some});

  EXPECT_NE(page.find("\"why\":\"no limit, in flight 0, because its latency is not known yet\""), page.npos);
  EXPECT_NE(
      page.find("\"concurrency\":{\"limit\":null,\"in_flight\":7,\"latency_ms\":11.000,\"floor_ms\":10.000,"
                "\"why\":\"no limit, in flight 7, because latency is 1.1 times its floor\"}"),
      page.npos);
  EXPECT_NE(page.find("\"why\":\"limit 84, in flight 61, because latency is 2.1 times its floor\""),
            page.npos);
}

TEST(UpstreamsPage, ShowsCircuitAndQueueOfThoseThatHaveThem) {
  using State = upstream::Circuit::State;

  auto page = upstreams_page({{"a", {}, {}, State::open, 3}, {"b", {}, {}, State::ramping, {}}});

  EXPECT_NE(page.find("{\"upstream\":\"a\",\"source\":\"configuration\",\"targets\":[],\"circuit\":\"open\","
                      "\"waiting\":3}"),
            page.npos)
      << page;
  EXPECT_NE(
      page.find("{\"upstream\":\"b\",\"source\":\"configuration\",\"targets\":[],\"circuit\":\"half-open\"}"),
      page.npos)
      << page;
}

TEST(UpstreamsPage, ShowsSeveralUpstreamsAndTargets) {
  auto page = upstreams_page({{"a",
                               {{"1:80", upstream::ServiceState::healthy, "", "", {}},
                                {"2:80", upstream::ServiceState::healthy, "", "", {}}}},
                              {"b", {}}});

  EXPECT_NE(page.find("\"changes\":[]},\n   {\"target\":\"2:80\""), page.npos);
  EXPECT_NE(page.find("]},\n  {\"upstream\":\"b\",\"source\":\"configuration\",\"targets\":[]}]}\n"),
            page.npos);
}

TEST(UpstreamsPage, SaysWhoHasToldTheTargets) {
  UpstreamReport file{"a", {}}, told{"b", {}}, kept{"c", {}}, other{"d", {}};
  file.from = TargetsFrom::endpoints_file;
  told.from = kept.from = other.from = TargetsFrom::admin;
  kept.persisted = true;
  other.others_persisted = true;

  auto page = upstreams_page({file, told, kept, other});

  EXPECT_NE(page.find("\"a\",\"source\":\"endpoints_file\",\"targets\""), page.npos) << page;
  EXPECT_NE(page.find("\"b\",\"source\":\"admin\",\"persisted\":false,\"targets\""), page.npos);
  EXPECT_NE(page.find("\"c\",\"source\":\"admin\",\"persisted\":true,\"targets\""), page.npos);
  EXPECT_NE(page.find("\"persisted\":false,\"others_persisted\":true,\"targets\""), page.npos);
}

TEST(UpstreamsPage, ShowsTheConnectionsByProtocol) {
  TargetReport target{"a:80", upstream::ServiceState::healthy, "", "", {}};
  target.pools = {{3, 1}, {}, 0};
  auto h1 = target_json(target);
  target.pools = {{0, 1}, {2, 4}, 17};
  auto both = target_json(target);

  EXPECT_NE(h1.find("\"pools\":{\"h1\":{\"idle\":3,\"active\":1}}"), h1.npos) << h1;
  EXPECT_NE(both.find("\"pools\":{\"h1\":{\"idle\":0,\"active\":1},"
                      "\"h2\":{\"idle\":2,\"active\":4,\"streams\":17}}"),
            both.npos)
      << both;
}

TEST(UpstreamsPage, SaysHowManyWorkersWereSilent) {
  EXPECT_EQ(upstreams_page({}, 2), "{\"upstreams\":[],\"silent_workers\":2}\n");
}

TEST(UpstreamsPage, ShowsWhatIsWrittenAboutATarget) {
  upstream::TargetLabels labels{"eu \"1\"", {}};
  labels.metadata.emplace("rack") = "7";
  labels.metadata.emplace("by") = "ops\n";
  TargetReport target{"a:80", upstream::ServiceState::healthy, "", "", {}};
  target.labels = std::make_shared<const upstream::TargetLabels>(labels);

  auto json = target_json(target);

  EXPECT_NE(json.find(R"(,"zone":"eu \"1\"","metadata":{"rack":"7","by":"ops\n"}})"), json.npos) << json;
}

TEST(UpstreamsPage, ShowsWhatAnOperatorHasSaid) {
  TargetReport target{
      "a:80", upstream::ServiceState::drained, "a:80 is drained by an operator", "", {}, true, 5, 1, 2, 9};

  auto json = target_json(target);

  EXPECT_NE(json.find("\"state\":\"drained\""), json.npos);
  EXPECT_NE(json.find("\"weight\":5,\"weight_written\":1,\"drained\":true,\"active\":2,\"connections\":9"),
            json.npos);
}

}  // namespace
}  // namespace sluice::admin::upstreams_page_test

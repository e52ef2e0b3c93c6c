// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::quota_test {
namespace {

using namespace std::chrono_literals;
using test::FakeExchange;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// The virtual wall clock begins at 2023-11-14 22:13:20 UTC and runs seven times as fast as the steady one.
class Quotas {
 public:
  explicit Quotas(std::string_view settings, std::shared_ptr<test::FakeLiving> living = nullptr)
      : built(test::filter("quota: " + std::string(settings), {}, true, std::move(living))) {
    EXPECT_THAT(built.problems, IsEmpty());
  }

  struct Answer {
    int status = 0;  // 0: it passes
    std::string fields, detail;
  };
  Answer ask(std::vector<std::string_view> groups = {}, std::string_view cost = {}) {
    FakeExchange fake;
    fake.clock.advance(wall / 7);
    fake.loop.run_once(base::Duration::zero());
    fake.ex.identity.groups = groups;
    auto asked = built.get().on_request(fake.ex);
    EXPECT_TRUE(asked.await_ready());
    bool replied = asked.await_resume() == chain::Step::replied;
    if (!cost.empty()) fake.response().fields.add("X-Cost", cost);
    built.get().on_response(fake.ex).await_resume();
    return {replied ? fake.response().status : 0, test::lines(fake.response().fields),
            std::string(fake.ex.detail)};
  }
  int passing(int n, std::vector<std::string_view> groups = {}) {
    int passed = 0;
    for (int i = 0; i < n; ++i) passed += ask(groups).status == 0;
    return passed;
  }

  test::Built<chain::Filter> built;
  base::Duration wall{};  // since the clock began
};

TEST(Quota, RefusesWhatGoesBeyondUntilTheDayEnds) {
  Quotas quotas("{limit: 2/day}");
  EXPECT_EQ(quotas.passing(2), 2);
  auto refused = quotas.ask();
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.fields, HasSubstr("Retry-After: 6400\n"));
  EXPECT_THAT(refused.fields, HasSubstr("RateLimit: \"day\";r=0;t=6400\n"));
  EXPECT_THAT(refused.detail, HasSubstr("at most 2/day are allowed"));

  quotas.wall += 6401s;
  EXPECT_EQ(quotas.passing(5), 2);
}

TEST(Quota, CountsByTheDaysOfItsTimeZone) {
  Quotas quotas("{limit: 1/day, time_zone: Asia/Kathmandu}");  // 03:58 there
  EXPECT_THAT(quotas.ask().fields, HasSubstr("RateLimit: \"day\";r=0;t=72100\n"));
}

TEST(Quota, CountsByTheMonthsOfTheCalendar) {
  Quotas quotas("{limit: 3/month}");
  EXPECT_EQ(quotas.passing(5), 3);
  quotas.wall += 16 * 24h;
  EXPECT_EQ(quotas.passing(5), 0);
  quotas.wall += 2h;  // the first of December
  EXPECT_EQ(quotas.passing(5), 3);
}

TEST(Quota, ChecksSeveralAndReportsTheTightest) {
  Quotas quotas("{limit: [2/day, 3/month]}");
  auto first = quotas.ask();
  EXPECT_THAT(first.fields, HasSubstr("RateLimit-Policy: \"day\";q=2, \"month\";q=3\n"));
  EXPECT_THAT(first.fields, HasSubstr("RateLimit: \"day\";r=1;"));
  EXPECT_EQ(quotas.passing(5), 1);
  quotas.wall += 24h;
  EXPECT_EQ(quotas.passing(5), 1);
  EXPECT_THAT(quotas.ask().fields, HasSubstr("RateLimit: \"month\";r=0;"));
}

TEST(Quota, GivesNoSecondOneWhenTheClockIsSet) {
  Quotas quotas("{limit: 2/day}");
  EXPECT_EQ(quotas.passing(5), 2);
  quotas.wall += 3 * 365 * 24h;
  EXPECT_EQ(quotas.passing(1), 1);
  quotas.wall -= 3 * 365 * 24h;
  EXPECT_EQ(quotas.passing(5), 0);
  quotas.wall -= 24h;
  EXPECT_EQ(quotas.passing(5), 0);
}

TEST(Quota, KeepsWhatWasUsedWhenTheTierChanges) {
  Quotas quotas("{limit: 2/day, tiers: {gold: 5/day, staff: unlimited}}");
  EXPECT_EQ(quotas.passing(5), 2);
  EXPECT_EQ(quotas.passing(5, {"gold"}), 3);
  EXPECT_EQ(quotas.passing(5, {"staff"}), 5);
  EXPECT_EQ(quotas.passing(5), 0);
}

TEST(Quota, CountsWhatTheTierOfTheCallerDoesNotLimit) {
  Quotas quotas("{limit: 3/month, tiers: {gold: 5/day}}");
  auto gold = quotas.ask({"gold"});
  EXPECT_EQ(gold.status, 0);
  EXPECT_THAT(gold.fields, HasSubstr("RateLimit: \"day\";r=4;t=6400\n"));
  EXPECT_THAT(gold.fields, Not(HasSubstr("month")));

  EXPECT_EQ(quotas.passing(5), 2);
  EXPECT_EQ(quotas.passing(5, {"gold"}), 2);
}

TEST(Quota, IsFoundAgainAfterAReload) {
  Quotas before("{limit: 2/day}");
  EXPECT_EQ(before.passing(5), 2);
  Quotas after("{limit: 3/day}", before.built.living);
  EXPECT_EQ(after.passing(5), 1);
}

TEST(Quota, ChargesWhatTheResponseSays) {
  Quotas quotas("{limit: 100/day, cost: {response_header: X-Cost, default: 10}}");
  EXPECT_THAT(quotas.ask({}, "35").fields, HasSubstr("r=65;"));
  EXPECT_THAT(quotas.ask({}, "0").fields, HasSubstr("r=65;"));
  EXPECT_THAT(quotas.ask({}, "many").fields, HasSubstr("r=55;"));
  EXPECT_THAT(quotas.ask({}, "90").fields, HasSubstr("r=0;"));
  EXPECT_EQ(quotas.ask().status, 429);
}

TEST(Quota, GivesBackToNoPeriodThatBeganAfterTheCharge) {
  Quotas quotas("{limit: [10/day, 100/month], cost: {default: 5, response_header: X-Cost}}");
  FakeExchange slow;
  void* locals[1] = {};
  slow.ex.locals = locals;
  ASSERT_EQ(quotas.built.get().on_request(slow.ex).await_resume(), chain::Step::next);
  quotas.wall += 24h;
  slow.clock.advance(24h / 7);
  slow.loop.run_once(base::Duration::zero());
  ASSERT_THAT(quotas.ask().fields, HasSubstr("RateLimit: \"day\";r=5;"));

  slow.response().fields.add("X-Cost", "0");
  quotas.built.get().on_response(slow.ex).await_resume();

  EXPECT_THAT(test::lines(slow.response().fields), HasSubstr("RateLimit: \"day\";r=5;"));
  EXPECT_THAT(quotas.ask().fields, HasSubstr("RateLimit: \"day\";r=0;"));
}

TEST(Quota, RefusesSettingsThatCannotWork) {
  auto problems = [](std::string_view settings) {
    return test::filter("quota: " + std::string(settings)).problems;
  };
  EXPECT_THAT(problems("{}"), HasSubstr("limit"));
  EXPECT_THAT(problems("{limit: 10/h}"), HasSubstr("the period must be day or month"));
  EXPECT_THAT(problems("{limit: 0/day}"), HasSubstr("at least 1"));
  EXPECT_THAT(problems("{limit: [1/day, 2/day]}"), HasSubstr("a quota by day already"));
  EXPECT_THAT(problems("{limit: 3/day, cost: 4}"), HasSubstr("less than what one request costs, 4"));
  EXPECT_THAT(problems("{limit: 3/day, time_zone: Europe/Atlantis}"),
              HasSubstr("time_zone: there is no time zone `Europe/Atlantis`"));
  EXPECT_THAT(problems("{limit: 3/day, tiers: {gold: 5/h}}"), Not(IsEmpty()));

  auto living = std::make_shared<test::FakeLiving>();
  living->stores.state_directory("");
  EXPECT_THAT(test::filter("quota: {limit: 3/day}", {}, true, living).problems,
              HasSubstr("no place where it could be kept"));
}

}  // namespace
}  // namespace sluice::filters::quota_test

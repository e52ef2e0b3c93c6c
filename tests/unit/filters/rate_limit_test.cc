// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::rate_limit_test {
namespace {

using namespace std::chrono_literals;
using test::FakeExchange;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// The filter and the time at which requests come; each is an exchange of its own.
class Requests {
 public:
  explicit Requests(std::string_view settings)
      : Requests(test::filter("rate_limit: " + std::string(settings))) {}
  explicit Requests(test::Built<chain::Filter> filter) : built(std::move(filter)) {
    EXPECT_THAT(built.problems, IsEmpty());
  }

  struct Answer {
    int status = 0;  // 0: it passes
    std::string fields;
    std::string detail;
  };
  Answer ask(std::string_view key = {}, std::vector<std::string_view> groups = {}) {
    FakeExchange fake;
    fake.clock.advance(time);
    fake.loop.run_once(base::Duration::zero());
    if (!key.empty()) fake.request().fields.add("X-Key", key);
    fake.ex.identity.groups = groups;
    auto locals = fake.ex.arena.array<void*>(1);
    locals[0] = nullptr;
    fake.ex.locals = locals;
    auto asked = built.get().on_request(fake.ex);
    EXPECT_TRUE(asked.await_ready());
    bool replied = asked.await_resume() == chain::Step::replied;
    built.get().on_response(fake.ex).await_resume();
    return {replied ? fake.response().status : 0, test::lines(fake.response().fields),
            std::string(fake.ex.detail)};
  }
  // How many of `n` pass.
  int passing(int n, std::string_view key = {}, std::vector<std::string_view> groups = {}) {
    int passed = 0;
    for (int i = 0; i < n; ++i) passed += ask(key, groups).status == 0;
    return passed;
  }

  test::Built<chain::Filter> built;
  base::Duration time{};
};

TEST(RateLimit, RefusesTheRequestAfterTheBurst) {
  Requests requests("{limit: 2/s}");
  EXPECT_EQ(requests.ask().status, 0);
  EXPECT_EQ(requests.ask().status, 0);
  auto refused = requests.ask();
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.fields, HasSubstr("Retry-After: 1\n"));
  EXPECT_THAT(refused.fields, HasSubstr("RateLimit: \"default\";r=0;t=1\n"));
  EXPECT_THAT(refused.detail, HasSubstr("at most 2/s are allowed"));

  requests.time += 1s;
  EXPECT_EQ(requests.passing(3), 2);
}

TEST(RateLimit, TellsWhatIsLeft) {
  Requests requests("{limit: 100/min}");
  EXPECT_EQ(requests.ask().fields,
            "RateLimit-Policy: \"default\";q=100;w=60\nRateLimit: \"default\";r=99;t=1\n");
}

TEST(RateLimit, TakesABurstOfItsOwn) {
  Requests requests("{limit: 100/min, burst: 3}");
  EXPECT_EQ(requests.passing(10), 3);
}

TEST(RateLimit, CountsInASlidingWindow) {
  Requests requests("{limit: 10/s, algorithm: sliding_window}");
  EXPECT_EQ(requests.passing(20), 10);
  requests.time += 500ms;
  EXPECT_EQ(requests.passing(20), 0);
  requests.time += 1500ms;
  EXPECT_EQ(requests.passing(20), 10);
}

TEST(RateLimit, ChecksSeveralLimitsAndReportsTheTightest) {
  Requests requests("{limit: [5/s, {rate: 6/min, name: slow}]}");
  auto first = requests.ask();
  EXPECT_THAT(first.fields, HasSubstr("RateLimit-Policy: \"5/s\";q=5;w=1, \"slow\";q=6;w=60\n"));
  EXPECT_THAT(first.fields, HasSubstr("RateLimit: \"5/s\";r=4;t=1\n"));
  EXPECT_EQ(requests.passing(10), 4);
  requests.time += 1s;
  EXPECT_EQ(requests.passing(10), 1);
  EXPECT_THAT(requests.ask().fields, HasSubstr("RateLimit: \"slow\";r=0"));
}

TEST(RateLimit, CountsEachKeyOnItsOwn) {
  Requests requests("{limit: 1/s, by: header.X-Key}");
  EXPECT_EQ(requests.passing(2, "a"), 1);
  EXPECT_EQ(requests.passing(2, "b"), 1);
}

TEST(RateLimit, CountsByAddressWhatHasNoKey) {
  Requests requests("{limit: 1/s, by: header.X-Key}");
  EXPECT_EQ(requests.passing(2), 1);
}

TEST(RateLimit, LetsPassOrRefusesWhatHasNoKeyIfToldSo) {
  EXPECT_EQ(Requests("{limit: 1/s, by: header.X-Key, missing: skip}").passing(5), 5);
  EXPECT_EQ(Requests("{limit: 1/s, by: header.X-Key, missing: reject}").ask().status, 400);
  EXPECT_EQ(Requests("{limit: 1/s, by: consumer, missing: reject}").ask().status, 401);
}

TEST(RateLimit, ChargesWhatARequestCosts) { EXPECT_EQ(Requests("{limit: 10/s, cost: 4}").passing(5), 2); }

// A request that is slow to be answered is given back what it has not cost, but not what time has given back:
// that would be taken off what others were charged.
TEST(RateLimit, GivesBackOnlyWhatTimeHasNotGivenBack) {
  for (const char* algorithm : {"token_bucket", "sliding_window"}) {
    Requests requests("{limit: 10/2s, cost: {default: 10, response_header: X-Cost}, algorithm: " +
                      std::string(algorithm) + "}");
    FakeExchange slow;
    void* locals[1] = {};
    slow.ex.locals = locals;
    auto pass = [&](base::Duration time) {
      requests.time += time;
      slow.clock.advance(time);
      slow.loop.run_once(base::Duration::zero());
    };
    ASSERT_EQ(requests.built.get().on_request(slow.ex).await_resume(), chain::Step::next);
    pass(4s);
    ASSERT_EQ(requests.ask().status, 0);
    slow.response().fields.add("X-Cost", "0");
    requests.built.get().on_response(slow.ex).await_resume();

    EXPECT_EQ(requests.ask().status, 429) << algorithm;
  }
}

TEST(RateLimit, GivesGroupsTheirOwnLimits) {
  Requests requests("{limit: 1/s, tiers: {gold: 3/s, staff: unlimited}}");
  EXPECT_EQ(requests.passing(5), 1);
  EXPECT_EQ(requests.passing(5, {}, {"silver", "gold"}), 3);
  EXPECT_EQ(requests.passing(5, {}, {"staff"}), 5);
  EXPECT_EQ(requests.ask({}, {"staff"}).fields, "");
}

TEST(RateLimit, OnlyCountsInADryRun) {
  Requests requests("{limit: 1/s, dry_run: true}");
  EXPECT_EQ(requests.ask().detail, "");
  auto second = requests.ask();
  EXPECT_EQ(second.status, 0);
  EXPECT_EQ(second.detail, "dry run: policy would have refused");
  EXPECT_EQ(second.fields, "");
}

TEST(RateLimit, SaysNothingWhereThatIsWanted) {
  Requests requests("{limit: 1/s, headers: none}");
  EXPECT_EQ(requests.ask().fields, "");
  auto refused = requests.ask().fields;
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1"));
  EXPECT_THAT(refused, Not(HasSubstr("RateLimit")));
}

TEST(RateLimit, LetsEarlyRequestsWaitForTheirTurn) {
  auto built = test::filter("rate_limit: {limit: 2/s, burst: 1, delay: 600ms}");
  ASSERT_THAT(built.problems, IsEmpty());
  FakeExchange fake;
  auto locals = fake.ex.arena.array<void*>(1);
  locals[0] = nullptr;
  fake.ex.locals = locals;
  auto first = built.get().on_request(fake.ex);
  EXPECT_TRUE(first.await_ready());

  std::vector<chain::Step> steps;
  struct Asking {
    static base::Task<void> run(const chain::Filter& filter, chain::Exchange& ex,
                                std::vector<chain::Step>& steps) {
      auto asked = filter.on_request(ex);
      auto step = co_await asked;
      steps.push_back(step);
    }
  };
  fake.run(Asking::run(built.get(), fake.ex, steps));
  fake.run(Asking::run(built.get(), fake.ex, steps));
  EXPECT_EQ(steps, std::vector{chain::Step::replied});  // a second would have to wait too long
  fake.clock.advance(400ms);
  fake.loop.run_once(base::Duration::zero());
  EXPECT_EQ(steps.size(), 1u);
  fake.clock.advance(300ms);
  fake.loop.run_once(base::Duration::zero());
  EXPECT_EQ(steps, (std::vector{chain::Step::replied, chain::Step::next}));
}

TEST(RateLimit, FindsItsCountersAgainAfterAReload) {
  Requests before("{limit: 2/min}");
  EXPECT_EQ(before.passing(5), 2);

  Requests after(test::filter("rate_limit: {limit: 4/min}", {}, true, before.built.living));

  // A bucket that was empty is empty, and fills as fast as the new limit says.
  EXPECT_EQ(after.passing(5), 0);
  after.time += 15s;
  EXPECT_EQ(after.passing(5), 1);
}

TEST(RateLimit, RefusesSettingsThatCannotWork) {
  auto problems = [](std::string_view settings) {
    return test::filter("rate_limit: " + std::string(settings)).problems;
  };
  EXPECT_THAT(problems("{}"), HasSubstr("limit"));
  EXPECT_THAT(problems("{limit: 100}"), HasSubstr("add a period"));
  EXPECT_THAT(problems("{limit: 0/s}"), HasSubstr("must be at least 1"));
  EXPECT_THAT(problems("{limit: 1/800h}"), HasSubstr("at most 31d"));
  EXPECT_THAT(problems("{limit: 5/s, cost: 6}"), HasSubstr("lets at most 5 pass at once"));
  EXPECT_THAT(problems("{limit: [5/s, 5/s]}"), HasSubstr("stands there already"));
  EXPECT_THAT(problems("{limit: [5/s, 10/s], burst: 3}"), HasSubstr("which of the limits"));
  EXPECT_THAT(problems("{limit: 5/s, burst: 3, algorithm: sliding_window}"), HasSubstr("has no burst"));
  constexpr const char* kTooLong = "more than 146 years";
  EXPECT_THAT(problems("{limit: {rate: 1/d, burst: 213504}}"), HasSubstr(kTooLong));
  EXPECT_THAT(problems("{limit: 1/31d, burst: 1000000000}"), HasSubstr(kTooLong));
  EXPECT_THAT(problems("{limit: 1/s, tiers: {gold: {limit: {rate: 1/31d, burst: 2000}}}}"),
              HasSubstr(kTooLong));
  EXPECT_EQ(problems("{limit: {rate: 1/d, burst: 53375}}"), "");
  EXPECT_EQ(problems("{limit: 1000000000/s, burst: 1000000000}"), "");
  EXPECT_THAT(problems("{limit: 5/s, delay: 1s, algorithm: sliding_window}"), HasSubstr("token_bucket"));
  EXPECT_THAT(problems("{limit: 5/s, tiers: {gold: {}}}"), Not(IsEmpty()));
  EXPECT_THAT(problems("{limit: 5000000/s, algorithm: sliding_window}"), HasSubstr("4194303 at most"));
}

}  // namespace
}  // namespace sluice::filters::rate_limit_test

// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::fault_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using test::FakeExchange;
using testing::HasSubstr;

base::Task<void> ask(const chain::Filter* filter, chain::Exchange* ex, std::optional<chain::Step>* out) {
  auto asking = filter->on_request(*ex);
  *out = co_await asking;
}

TEST(Fault, AnswersWithItsStatus) {
  auto built = test::filter("fault: {abort: 500}");
  FakeExchange fake;

  EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::replied);

  EXPECT_EQ(fake.ex.response.status, 500);
  EXPECT_EQ(fake.ex.reason, Reason::fault_injected);
  EXPECT_THAT(fake.body(), HasSubstr("\"status\":500"));
}

TEST(Fault, HoldsRequestsUp) {
  auto built = test::filter("fault: {delay: 2s}");
  FakeExchange fake;
  std::optional<chain::Step> step;
  fake.run(ask(built.made.get(), &fake.ex, &step));
  EXPECT_EQ(step, std::nullopt);

  fake.clock.advance(2200ms);
  fake.loop.run_once(base::Duration::zero());

  EXPECT_EQ(step, chain::Step::next);
}

TEST(Fault, EndsADelayWithItsExchange) {
  auto built = test::filter("fault: {delay: 1h, abort: 503}");
  FakeExchange fake;
  std::optional<chain::Step> step;
  fake.run(ask(built.made.get(), &fake.ex, &step));

  fake.ex.scope.cancel(Reason::client_closed);
  base::run_ready();

  EXPECT_EQ(step, chain::Step::next);
}

TEST(Fault, IsOnlyForRequestsWithTheField) {
  auto any = test::filter("fault: {abort: 503, header: X-Chaos}");
  auto on = test::filter("fault: {abort: 503, header: {name: X-Chaos, value: \"on\"}}");
  auto refuses = [](const chain::Filter& filter, std::string_view value) {
    FakeExchange fake;
    if (!value.empty()) fake.request().fields.add("x-chaos", value);
    return filter.on_request(fake.ex).await_resume() == chain::Step::replied;
  };

  EXPECT_FALSE(refuses(any.get(), ""));
  EXPECT_TRUE(refuses(any.get(), "whatever"));
  EXPECT_FALSE(refuses(on.get(), "off"));
  EXPECT_TRUE(refuses(on.get(), "on"));
}

TEST(Fault, HitsAboutAsManyAsItShould) {
  auto built = test::filter("fault: {abort: {percent: 25%}}");
  auto none = test::filter("fault: {abort: {percent: 0%}}");
  int hit = 0, wrongly = 0;
  for (int i = 0; i < 2000; ++i) {
    FakeExchange fake;
    hit += built.get().on_request(fake.ex).await_resume() == chain::Step::replied;
    wrongly += none.get().on_request(fake.ex).await_resume() == chain::Step::replied;
  }
  EXPECT_GT(hit, 350);  // eight standard deviations off 500
  EXPECT_LT(hit, 650);
  EXPECT_EQ(wrongly, 0);
}

TEST(Fault, DoesNotLoadWhereNoFaultsAreWanted) {
  std::string problems;
  auto use = test::bound("fault: {abort: 503}", problems);
  ASSERT_EQ(problems, "");
  test::FakeBuilder builder;
  builder.faults = false;

  chain::make_link(use.filter, "policy", builder);

  EXPECT_THAT(builder.problems, HasSubstr("allow_fault_injection: true"));
}

TEST(Fault, MustDoSomething) {
  EXPECT_THAT(test::filter("fault: {}").problems, HasSubstr("at least one"));
  EXPECT_THAT(test::filter("fault: {abort: 200}").problems, HasSubstr("400"));
}

}  // namespace
}  // namespace sluice::filters::fault_test

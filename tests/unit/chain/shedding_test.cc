// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/shedding.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/base/strings.h"
#include "gateway/chain/chain.h"

#include "tests/support/fake_stream.h"

namespace sluice::chain::shedding_test {
namespace {

using base::Reason;
using net::Strain;
using net::StrainCause;
using test::FakeExchange;
using upstream::Importance;

TEST(Shedding, RefusesByImportance) {
  auto who = [](Strain strain) {
    std::string out;
    for (Importance i : {Importance::low, Importance::normal, Importance::critical})
      out += sheds(strain, i) ? 'x' : '.';
    return out;
  };
  EXPECT_EQ(who(Strain::none), "...");
  EXPECT_EQ(who(Strain::some), "x..");
  EXPECT_EQ(who(Strain::much), "xx.");
  EXPECT_EQ(who(Strain::utmost), "xx.");
}

TEST(Shedding, AnswersWithAReasonAndATimeToComeAgain) {
  FakeExchange fake;
  auto& pressure = fake.worker.loop.pressure();
  EXPECT_FALSE(shed(fake.ex, Importance::low));
  pressure.set(StrainCause::memory, Strain::some);

  EXPECT_FALSE(shed(fake.ex, Importance::normal));
  EXPECT_TRUE(shed(fake.ex, Importance::low));

  EXPECT_EQ(fake.ex.reason, Reason::shed);
  EXPECT_EQ(fake.ex.detail, "memory is short");
  EXPECT_EQ(fake.response().status, 503);
  auto seconds = base::parse_decimal(fake.response().fields.value(http::FieldId::retry_after));
  ASSERT_TRUE(seconds);
  EXPECT_GE(*seconds, 3u);
  EXPECT_LE(*seconds, 7u);
  EXPECT_EQ(pressure.refused(StrainCause::memory), 1u);
  EXPECT_EQ(pressure.refused(StrainCause::lag), 0u);
}

TEST(Shedding, CountsByTheCauseThatRefuses) {
  FakeExchange fake;
  auto& pressure = fake.worker.loop.pressure();
  pressure.set(StrainCause::memory, Strain::some);
  pressure.set(StrainCause::lag, Strain::much);

  EXPECT_TRUE(shed(fake.ex, Importance::normal));

  EXPECT_EQ(fake.ex.detail, "the worker is behind");
  EXPECT_EQ(pressure.refused(StrainCause::lag), 1u);
}

TEST(Shedding, EndsAnExchangeThatIsUnderWay) {
  FakeExchange fake;

  cut(fake.ex);

  EXPECT_TRUE(fake.ex.scope.cancelled());
  EXPECT_EQ(fake.ex.scope.why(), Reason::shed);
  EXPECT_NE(fake.ex.retry_after, 0u);
  EXPECT_EQ(fake.worker.loop.pressure().refused(StrainCause::memory), 1u);
}

struct Sets final : Filter {
  explicit Sets(Importance i) : importance(i) {}
  base::Task<Step> on_request(Exchange& ex) const override {
    ex.importance = importance;
    return Step::next;
  }
  std::optional<Importance> importance_at_most() const noexcept override { return importance; }
  Importance importance;
};
struct Answers final : Handler {
  base::Task<base::Result<void>> answer(Exchange& ex) const override {
    ex.response.status = 204;
    return base::Result<void>();
  }
};
Chain chain_of(std::vector<Importance> filters) {
  std::vector<Link> links;
  for (Importance i : filters)
    links.push_back({std::make_shared<Sets>(i), Hooks{true, false, false}, "sets"});
  return Chain(std::move(links), std::make_shared<Answers>());
}

TEST(Shedding, KnowsWhatARequestMayBecome) {
  EXPECT_EQ(chain_of({}).importance_at_most(Importance::low), Importance::low);
  EXPECT_EQ(chain_of({Importance::low}).importance_at_most(Importance::normal), Importance::normal);
  EXPECT_EQ(chain_of({Importance::critical, Importance::low}).importance_at_most(Importance::normal),
            Importance::critical);
}

TEST(Shedding, WaitsForWhatTheFiltersSay) {
  auto status = [](const Chain& chain) {
    FakeExchange fake;
    void* locals[2] = {};
    fake.ex.locals = locals;
    fake.worker.loop.pressure().set(StrainCause::memory, Strain::much);
    fake.run(chain.run(fake.ex));
    return fake.response().status;
  };
  EXPECT_EQ(status(chain_of({Importance::low, Importance::critical})), 204);
  EXPECT_EQ(status(chain_of({Importance::critical, Importance::normal})), 503);
}

}  // namespace
}  // namespace sluice::chain::shedding_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/importance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/order.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::importance_test {
namespace {

using test::FakeExchange;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using upstream::Importance;

Importance after(std::string_view yaml, FakeExchange& fake) {
  auto built = test::filter(yaml);
  EXPECT_EQ(built.problems, "");
  EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::next);
  return fake.ex.importance;
}

TEST(ImportanceFilter, SaysItOfEveryRequest) {
  FakeExchange fake;

  EXPECT_EQ(fake.ex.importance, Importance::normal);
  EXPECT_EQ(after("importance: critical", fake), Importance::critical);
  EXPECT_EQ(after("importance: low", fake), Importance::low);
}

TEST(ImportanceFilter, LeavesWhatItsConditionDoesNotFit) {
  constexpr const char* kPaid = "importance: {set: critical, when: '\"paid\" in consumer.groups'}";
  std::string_view groups[] = {"paid"};
  FakeExchange paid, other;
  paid.ex.identity.groups = groups;
  other.ex.importance = Importance::low;

  EXPECT_EQ(after(kPaid, paid), Importance::critical);
  EXPECT_EQ(after(kPaid, other), Importance::low);
}

TEST(ImportanceFilter, NeedsToKnowWhoCallsIfItsConditionAsks) {
  auto objections = [](std::string_view yaml) {
    std::string problems;
    auto filter = test::bound(yaml, problems).filter;
    EXPECT_EQ(problems, "");
    chain::Written alone{"importance", "importance", filter.value().get()};
    return chain::object_to_order(std::vector{alone}, "");
  };

  EXPECT_THAT(objections("importance: {set: critical, when: 'claim.tier == \"gold\"'}"), SizeIs(1));
  EXPECT_THAT(objections("importance: {set: low, when: 'request.method == \"HEAD\"'}"), IsEmpty());
}

TEST(ImportanceFilter, RefusesOtherWords) {
  EXPECT_THAT(test::filter("importance: high").problems, HasSubstr("critical"));
  EXPECT_NE(test::filter("importance: {when: 'true'}").problems, "");
}

}  // namespace
}  // namespace sluice::filters::importance_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/branch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/order.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::handlers::branch_test {
namespace {

using test::FakeExchange;
using testing::HasSubstr;
using testing::IsEmpty;

// The status of the answer, or the reason of there being none.
std::string answered(std::string_view yaml, FakeExchange& fake) {
  auto built = test::handler(yaml);
  if (!built.problems.empty()) return built.problems;
  auto answering = built.get().answer(fake.ex);
  EXPECT_TRUE(answering.await_ready());
  auto result = answering.await_resume();
  return result ? std::to_string(fake.response().status) : std::string(base::row(result.error().reason).name);
}
std::string answered(std::string_view yaml) {
  FakeExchange fake;
  return answered(yaml, fake);
}

std::vector<chain::Objection> objections(std::string_view yaml) {
  std::string said;
  auto handler = test::bound(yaml, said).handler;
  EXPECT_THAT(said, IsEmpty());
  return chain::object_to_order({}, "branch", handler.value().get());
}

TEST(Branch, AnswersByTheFirstWhoseConditionHolds) {
  constexpr std::string_view kYaml =
      "branch: [{when: 'header[\"x-a\"] == \"1\"', respond: 201}, {when: 'header[\"x-a\"] != \"\"', respond: "
      "202}, {respond: 203}]";
  FakeExchange one, two, none;
  one.request().fields.add("X-A", "1");
  two.request().fields.add("X-A", "2");

  EXPECT_EQ(answered(kYaml, one), "201");
  EXPECT_EQ(answered(kYaml, two), "202");
  EXPECT_EQ(answered(kYaml, none), "203");
}

TEST(Branch, LooksAtWhoCalls) {
  constexpr std::string_view kYaml =
      "branch: [{when: '\"beta\" in consumer.groups', respond: 201}, {respond: 202}]";
  FakeExchange beta, other;
  std::string_view groups[] = {"alpha", "beta"};
  beta.ex.identity.groups = groups;
  // What a client says of itself decides nothing.
  other.request().fields.add("X-Consumer-Groups", "beta");

  EXPECT_EQ(answered(kYaml, beta), "201");
  EXPECT_EQ(answered(kYaml, other), "202");
}

TEST(Branch, IsNoRouteWhereNoConditionHolds) {
  EXPECT_EQ(answered("branch: [{when: 'request.method == \"POST\"', respond: 201}]"), "no_route");
}

TEST(Branch, HoldsOtherBranches) { EXPECT_EQ(answered("branch: {of: [{branch: [{respond: 204}]}]}"), "204"); }

TEST(Branch, RefusesWhatIsNeverReached) {
  EXPECT_THAT(answered("branch: [{respond: 200}, {respond: 201}]"), HasSubstr("is never reached"));
  EXPECT_THAT(answered("branch: []"), HasSubstr("must not be empty"));
  EXPECT_THAT(answered("branch: [{when: 'true'}]"), HasSubstr("a handler is missing"));
  EXPECT_THAT(answered("branch: [{when: 'clam.tier == \"x\"', respond: 200}]"), HasSubstr("did you mean"));
}

TEST(Branch, NeedsToBeToldWhoCallsToAskForIt) {
  EXPECT_THAT(objections("branch: [{when: 'request.method == \"GET\"', respond: 200}]"), IsEmpty());
  for (auto when : {"claim.tier == \"gold\"", "\"a\" in consumer.groups", "consumer.name == \"a\"",
                    "request.method == \"GET\" && \"b\" in consumer.scopes"}) {
    auto found = objections("branch: [{when: '" + std::string(when) + "', respond: 200}]");
    ASSERT_EQ(found.size(), 1u) << when;
    EXPECT_THAT(found[0].message, HasSubstr("`branch` needs a filter of the stage `identify`"));
  }
}

TEST(Branch, HasTheNeedsOfItsHandlers) {
  auto found = objections("branch: [{split: {to: {auth: 1}, sticky_by: consumer}}]");

  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].message, HasSubstr("`split` needs a filter"));
}

TEST(Branch, RefusesTheFiltersThatItsHandlersRefuse) {
  std::string said;
  auto handler = test::bound("branch: [{redirect: {host: a.com}}]", said).handler;
  std::vector<chain::Written> rewrite{{"rewrite", "rewrite", nullptr}};

  auto found = chain::object_to_order(rewrite, "branch", handler.value().get());

  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].message, HasSubstr("cannot be used with the handler `redirect`"));
}

}  // namespace
}  // namespace sluice::handlers::branch_test

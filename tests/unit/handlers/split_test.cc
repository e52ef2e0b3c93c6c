// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/order.h"

#include "tests/support/fake_builder.h"

namespace sluice::handlers::split_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string problems(std::string_view yaml) { return test::handler(yaml).problems; }

// "auth 90 0.900, idp 10 0.100"
std::string arms(std::string_view yaml) {
  auto built = test::handler(yaml);
  if (!built.problems.empty()) return built.problems;
  const auto& split = dynamic_cast<const Split&>(built.get());
  std::string out;
  for (std::size_t i = 0; i < split.arms().size(); ++i)
    out += (i ? ", " : "") + split.arms()[i].upstream + " " + split.arms()[i].weight + " " +
           std::to_string(split.share(i)).substr(0, 5);
  return out;
}

TEST(Split, TakesNumbersAndPercentages) {
  EXPECT_EQ(arms("split: {to: {auth: 90, idp: 10}}"), "auth 90 0.900, idp 10 0.100");
  EXPECT_EQ(arms("split: {to: {auth: 99.5%, idp: 0.5%}}"), "auth 99.5% 0.995, idp 0.5% 0.005");
  EXPECT_EQ(arms("split: {to: {auth: 7, idp: 0}}"), "auth 7 1.000, idp 0 0.000");
  EXPECT_EQ(arms("split: {to: {auth: 100%}}"), "auth 100% 1.000");
}

TEST(Split, RefusesWeightsThatMakeNoWhole) {
  EXPECT_THAT(problems("split: {to: {auth: 90%, idp: 20%}}"), HasSubstr("come to 110%, not to 100%"));
  EXPECT_THAT(problems("split: {to: {auth: 90%, idp: 9.999%}}"), HasSubstr("come to 99.999%"));
  EXPECT_THAT(problems("split: {to: {auth: 90%, idp: 10}}"), HasSubstr("all numbers or all percentages"));
  EXPECT_THAT(problems("split: {to: {auth: 0, idp: 0}}"), HasSubstr("all weights are 0"));
  EXPECT_THAT(problems("split: {to: {}}"), HasSubstr("must not be empty"));
}

TEST(Split, RefusesWhatIsNoWeight) {
  for (auto weight : {"-1", "1.5", "x", "%", "1.%", "1.2345%", "", ".5%", "1e3"})
    EXPECT_THAT(problems("split: {to: {auth: '" + std::string(weight) + "'}}"),
                HasSubstr("a weight such as 90"))
        << weight;
  EXPECT_THAT(problems("split: {to: {auth: 101%}}"), HasSubstr("at most 100%"));
  EXPECT_THAT(problems("split: {to: {auth: 1000001}}"), HasSubstr("at most 1000000"));
}

TEST(Split, NamesUpstreamsThatExist) {
  EXPECT_THAT(problems("split: {to: {auth: 1, ipd: 1}}"), HasSubstr("did you mean \"idp\""));
}

TEST(Split, StaysWithAKey) {
  auto built = test::handler("split: {to: {auth: 1}, sticky_by: [consumer, cookie.s]}");
  EXPECT_EQ(dynamic_cast<const Split&>(built.get()).sticky_by(), "consumer, cookie.s");
  EXPECT_THAT(problems("split: {to: {auth: 1}, sticky_by: user}"), HasSubstr("consumer"));
}

TEST(Split, NeedsToKnowWhoCallsToStayWithAConsumer) {
  std::string said;
  auto by_consumer = test::bound("split: {to: {auth: 1}, sticky_by: consumer}", said).handler;
  auto by_ip = test::bound("split: {to: {auth: 1}, sticky_by: ip}", said).handler;

  auto objections = chain::object_to_order({}, "split", by_consumer.value().get());

  ASSERT_EQ(objections.size(), 1u);
  EXPECT_EQ(objections[0].index, 0u);
  EXPECT_THAT(objections[0].message, HasSubstr("`split` needs a filter of the stage `identify`"));
  EXPECT_THAT(chain::object_to_order({}, "split", by_ip.value().get()), IsEmpty());
}

}  // namespace
}  // namespace sluice::handlers::split_test

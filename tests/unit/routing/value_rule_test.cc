// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/value_rule.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice::routing::value_rule_test {
namespace {

ValueRule regex(std::string_view expression) {
  std::string error;
  return ValueRule::matching(ValueRule::compile(expression, error));
}
ValueRule exactly(std::vector<std::string> texts) { return ValueRule::exactly(std::move(texts)); }

TEST(ValueRule, FitsOneOfItsTexts) {
  EXPECT_TRUE(exactly({"a", "b"}).fits("b"));
  EXPECT_FALSE(exactly({"a", "b"}).fits("B"));
  EXPECT_FALSE(exactly({"a"}).fits("ab"));
  EXPECT_FALSE(exactly({"a"}).fits(std::nullopt));
  EXPECT_TRUE(exactly({""}).fits(""));
  EXPECT_FALSE(exactly({""}).fits(std::nullopt));
}

TEST(ValueRule, AnchorsAnExpressionAtBothEnds) {
  EXPECT_TRUE(regex("v[0-9]+").fits("v12"));
  EXPECT_FALSE(regex("v[0-9]+").fits("v12x"));
  EXPECT_FALSE(regex("v[0-9]+").fits("xv12"));
  EXPECT_FALSE(regex("a|b").fits("ax"));
  EXPECT_FALSE(regex(".*").fits(std::nullopt));
}

TEST(ValueRule, MatchesAnyByteByADotSoThatNoneDodgesIt) {
  for (std::string_view value : {"\n<script>", "\xFF<script>", "<script\r\n>\x80"}) {
    EXPECT_TRUE(regex(".*<script.*").fits(value));
    EXPECT_FALSE(regex(".*<script.*").negated().fits(value));
  }
  EXPECT_TRUE(regex("[^a-z].*").excludes(exactly({"a\xFF"})));
  EXPECT_FALSE(regex("[^a-z].*").excludes(exactly({"\xFF"})));
}

TEST(ValueRule, TellsPresentFromAbsent) {
  EXPECT_TRUE(ValueRule::present().fits(""));
  EXPECT_FALSE(ValueRule::present().fits(std::nullopt));
  EXPECT_TRUE(ValueRule::present().negated().fits(std::nullopt));
  EXPECT_FALSE(ValueRule::present().negated().fits(""));
}

TEST(ValueRule, FitsNegatedWhereItDoesNot) {
  EXPECT_FALSE(exactly({"a"}).negated().fits("a"));
  EXPECT_TRUE(exactly({"a"}).negated().fits("b"));
  EXPECT_TRUE(exactly({"a"}).negated().fits(std::nullopt));
  EXPECT_FALSE(regex("a.*").negated().fits("ab"));
  EXPECT_TRUE(regex("a.*").negated().fits("b"));
}

TEST(ValueRule, SaysWhatIsWrongWithAnExpression) {
  std::string error;

  EXPECT_EQ(ValueRule::compile("a(b", error), nullptr);
  EXPECT_FALSE(error.empty());
  EXPECT_EQ(ValueRule::compile("[\xC3\xA9]", error), nullptr);
  EXPECT_NE(error.find("beyond ASCII"), std::string::npos);
}

TEST(ValueRule, KnowsWhatCannotFitTogether) {
  auto absent = ValueRule::present().negated();
  EXPECT_TRUE(exactly({"a", "b"}).excludes(exactly({"c"})));
  EXPECT_FALSE(exactly({"a", "b"}).excludes(exactly({"b"})));
  EXPECT_TRUE(exactly({"a"}).excludes(regex("b.*")));
  EXPECT_FALSE(regex("b.*").excludes(exactly({"a", "bc"})));
  EXPECT_TRUE(regex("v1.*").excludes(regex("v2.*")));
  EXPECT_FALSE(regex("v.*").excludes(regex("v2.*")));
  EXPECT_FALSE(regex("v1.*|v2").excludes(regex("v2.*")));
  EXPECT_TRUE(absent.excludes(ValueRule::present()));
  EXPECT_TRUE(absent.excludes(exactly({"a"})));
  EXPECT_TRUE(regex(".*").excludes(absent));
  EXPECT_FALSE(absent.excludes(absent));
}

TEST(ValueRule, KnowsWhatANegatedOneLeaves) {
  auto absent = ValueRule::present().negated();
  EXPECT_TRUE(exactly({"a"}).excludes(exactly({"a", "b"}).negated()));
  EXPECT_FALSE(exactly({"a", "c"}).excludes(exactly({"a", "b"}).negated()));
  EXPECT_TRUE(exactly({"ab"}).excludes(regex("a.*").negated()));
  EXPECT_TRUE(regex("a.*").negated().excludes(regex("a.*")));
  EXPECT_FALSE(ValueRule::present().excludes(exactly({"a"}).negated()));
  EXPECT_FALSE(exactly({"a"}).negated().excludes(exactly({"b"}).negated()));
  EXPECT_FALSE(absent.excludes(exactly({"a"}).negated()));
}

// Whatever it calls excluded, no value is seen to fit both; and it finds all there is to find without
// expressions.
TEST(ValueRule, ExcludesNothingThatFitsBoth) {
  std::vector<ValueRule> all{ValueRule::present(), exactly({"a"}), exactly({"a", "b"}), exactly({"c"}),
                             regex("a|b"),         regex("[a-c]"), regex("c.*"),        regex(".*")};
  std::size_t plain = 4, positive = all.size();
  for (std::size_t i = 0; i < positive; ++i) all.push_back(all[i].negated());
  const std::array<std::optional<std::string_view>, 6> values{std::nullopt, "", "a", "b", "c", "other"};
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t k = 0; k < all.size(); ++k) {
      bool both = false;
      for (auto value : values) both |= all[i].fits(value) && all[k].fits(value);

      EXPECT_EQ(all[i].excludes(all[k]), all[k].excludes(all[i]));
      if (both) {
        EXPECT_FALSE(all[i].excludes(all[k])) << all[i].text() << " and " << all[k].text();
      }
      if (!both && i % positive < plain && k % positive < plain) {
        EXPECT_TRUE(all[i].excludes(all[k])) << all[i].text() << " and " << all[k].text();
      }
    }
}

TEST(ValueRule, HasAValueThatFits) {
  EXPECT_EQ(exactly({"a", "b"}).sample().value(), "a");
  EXPECT_EQ(regex("v[0-9]+").sample().value(), "v0");
  EXPECT_EQ(exactly({"a"}).negated().sample().value(), std::nullopt);
  EXPECT_EQ(regex(".*").sample().value(), "");
  EXPECT_EQ(regex(".+").sample().value(), "x");
  EXPECT_EQ(regex(".*yz").sample(), std::nullopt);
  EXPECT_TRUE(ValueRule::present().fits(**ValueRule::present().sample()));
}

TEST(ValueRule, IsShownInWords) {
  EXPECT_EQ(exactly({"a"}).text(), "a");
  EXPECT_EQ(exactly({"a", "b"}).negated().text(), "not one of a, b");
  EXPECT_EQ(regex("a+").text(), "~ a+");
  EXPECT_EQ(regex("a+").negated().text(), "not ~ a+");
  EXPECT_EQ(ValueRule::present().text(), "present");
  EXPECT_EQ(ValueRule::present().negated().text(), "absent");
}

}  // namespace
}  // namespace sluice::routing::value_rule_test

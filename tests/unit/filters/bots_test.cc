// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::bots_test {
namespace {

using test::FakeExchange;
using testing::HasSubstr;
using testing::IsEmpty;

bool passes(std::string_view settings, std::string_view agent, std::string_view referer = {}) {
  auto built = test::filter("bots: " + std::string(settings));
  EXPECT_THAT(built.problems, IsEmpty());
  FakeExchange fake;
  if (!agent.empty()) fake.request().fields.add(http::FieldId::user_agent, agent);
  if (!referer.empty()) fake.request().fields.add(http::FieldId::referer, referer);
  bool passed = built.get().on_request(fake.ex).await_resume() == chain::Step::next;
  if (!passed) {
    EXPECT_EQ(fake.response().status, 403);
  }
  return passed;
}

TEST(Bots, AreRefusedByTheirNameInAnyCase) {
  EXPECT_FALSE(passes("{deny: [scrapy, \"curl/[0-9]\"]}", "Scrapy/2.11 (+https://scrapy.org)"));
  EXPECT_FALSE(passes("{deny: [scrapy, \"curl/[0-9]\"]}", "CURL/8.5.0"));
  EXPECT_TRUE(passes("{deny: [scrapy, \"curl/[0-9]\"]}", "Mozilla/5.0"));
}

TEST(Bots, AreNotHiddenByAByteThatIsNoCharacter) {
  EXPECT_FALSE(passes("{deny: \"evil.*crawler\"}",
                      "evil\xFF"
                      "crawler"));
}

TEST(Bots, PassWhereTheyAreAllowedAllTheSame) {
  EXPECT_TRUE(passes("{deny: bot, allow: Googlebot}", "Mozilla/5.0 (compatible; Googlebot/2.1)"));
  EXPECT_FALSE(passes("{deny: bot, allow: Googlebot}", "Mozilla/5.0 (compatible; otherbot/2.1)"));
}

TEST(Bots, NeedANameOnlyWhereThatIsSaid) {
  EXPECT_TRUE(passes("{deny: bot}", ""));
  EXPECT_FALSE(passes("{require_user_agent: true}", ""));
  EXPECT_TRUE(passes("{require_user_agent: true}", "x"));
}

TEST(Bots, AreRefusedByWhereTheyComeFrom) {
  constexpr std::string_view kSpam = R"({deny_referer: '//([^/]*\.)?spam\.example/'})";
  EXPECT_FALSE(passes(kSpam, "Mozilla/5.0", "https://www.spam.example/buy"));
  EXPECT_TRUE(passes(kSpam, "Mozilla/5.0", "https://spam.example.org/"));
}

TEST(Bots, TakeExpressionsThatMeanSomething) {
  EXPECT_THAT(test::filter("bots: {deny: \"a(\"}").problems, HasSubstr("is no regular expression"));
  EXPECT_THAT(test::filter("bots: {deny: \"a*\"}").problems, HasSubstr("fits everything"));
  EXPECT_THAT(test::filter("bots: {}").problems, HasSubstr("at least one of"));
}

}  // namespace
}  // namespace sluice::filters::bots_test

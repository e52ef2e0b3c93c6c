// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/redaction.h"

#include <gtest/gtest.h>

#include "gateway/observe/access_log_config.h"

namespace sluice::observe::redaction_test {
namespace {

std::string redacted(std::string_view url, std::vector<std::string> names = {"token", "api_key"}) {
  std::string out;
  QueryRedaction(names).pieces(url, [&](std::string_view piece) { out += piece; });
  return out;
}

TEST(QueryRedaction, LeavesOrdinaryTargetsAlone) {
  for (auto url : {"/", "/orders", "/orders?page=2&sort=-date", "/token=x", "/a?token", "/a?", "/a?=x",
                   "/a?&&", "*", ""})
    EXPECT_EQ(redacted(url), url);
}

TEST(QueryRedaction, ReplacesTheValueOfASecretWhereverItStands) {
  EXPECT_EQ(redacted("/a?token=abc"), "/a?token=REDACTED");
  EXPECT_EQ(redacted("/a?token=abc&page=2"), "/a?token=REDACTED&page=2");
  EXPECT_EQ(redacted("/a?page=2&token=abc"), "/a?page=2&token=REDACTED");
  EXPECT_EQ(redacted("/a?token=a&x=1&api_key=b&y=2"), "/a?token=REDACTED&x=1&api_key=REDACTED&y=2");
  EXPECT_EQ(redacted("/a?token=a&token=b"), "/a?token=REDACTED&token=REDACTED");
  EXPECT_EQ(redacted("https://h/a?token=abc#top"), "https://h/a?token=REDACTED#top");
}

TEST(QueryRedaction, HidesHowLongTheSecretIs) {
  EXPECT_EQ(redacted("/a?token="), "/a?token=REDACTED");
  EXPECT_EQ(redacted("/a?token=" + std::string(1000, 'x')), "/a?token=REDACTED");
}

TEST(QueryRedaction, ReadsNamesAsTheApplicationWill) {
  EXPECT_EQ(redacted("/a?TOKEN=abc"), "/a?TOKEN=REDACTED");
  EXPECT_EQ(redacted("/a?%74ok%65n=abc"), "/a?%74ok%65n=REDACTED");
  EXPECT_EQ(redacted("/a?x=1;token=abc;y=2"), "/a?x=1;token=REDACTED;y=2");
}

TEST(QueryRedaction, TakesWholeValuesWithEqualsSignsAndQuestionMarks) {
  EXPECT_EQ(redacted("/a?token=abc==&x=1"), "/a?token=REDACTED&x=1");
  EXPECT_EQ(redacted("/a?token=abc?x=1"), "/a?token=REDACTED");
}

TEST(QueryRedaction, ErrsOnTheSafeSide) {
  EXPECT_EQ(redacted("/a?next=/b?token=abc"), "/a?next=/b?token=REDACTED");
}

TEST(QueryRedaction, SparesNamesThatOnlyResemble) {
  EXPECT_EQ(redacted("/a?tokens=1&atoken=2&toke=3&api-key=4"), "/a?tokens=1&atoken=2&toke=3&api-key=4");
}

TEST(QueryRedaction, CopesWithBrokenEncodingAndLongNames) {
  EXPECT_EQ(redacted("/a?%=1&%4=2&%zz=3&token%=4"), "/a?%=1&%4=2&%zz=3&token%=4");
  std::string url = "/a?" + std::string(5000, '%') + "=1&" + std::string(5000, 'x') + "=2";
  EXPECT_EQ(redacted(url), url);
}

TEST(QueryRedaction, DoesNothingWithoutNames) { EXPECT_EQ(redacted("/a?token=abc", {}), "/a?token=abc"); }

TEST(QueryRedaction, KnowsTheUsualSecretsByDefault) {
  QueryRedaction redaction(AccessLogConfig().redact_query);
  for (auto name : {"access_token", "password", "API_KEY", "client_secret", "X-Amz-Signature", "code"})
    EXPECT_TRUE(redaction.secret(name)) << name;
  for (auto name : {"page", "sort", "id", "q", "keyword", "codes"})
    EXPECT_FALSE(redaction.secret(name)) << name;
}

}  // namespace
}  // namespace sluice::observe::redaction_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::observe::log_template_test {
namespace {

using testing::HasSubstr;

std::string refused(std::string_view text) {
  auto compiled = LogTemplate::compile(text);
  auto* wrong = std::get_if<config::Complaint>(&compiled);
  return wrong ? wrong->message + "; " + wrong->hint : "";
}

TEST(LogTemplate, IsTextsAndFields) {
  auto compiled = LogTemplate::compile("a ${status}${route}-$${x} $");

  const auto* line = std::get_if<LogTemplate>(&compiled);
  ASSERT_TRUE(line);
  ASSERT_EQ(line->pieces().size(), 3u);
  EXPECT_EQ(line->pieces()[0].text, "a ");
  EXPECT_EQ(line->pieces()[0].field, LogField::status);
  EXPECT_EQ(line->pieces()[1].text, "");
  EXPECT_EQ(line->pieces()[1].field, LogField::route);
  EXPECT_EQ(line->pieces()[2].text, "-${x} $");
  EXPECT_EQ(line->pieces()[2].field, std::nullopt);
  EXPECT_EQ(line->text(), "a ${status}${route}-$${x} $");
}

TEST(LogTemplate, SaysWhatIsWrong) {
  EXPECT_THAT(refused("${sttaus}"), HasSubstr("no field `sttaus`; did you mean \"status\"?"));
  EXPECT_THAT(refused("${nothing_of_the_kind}"), HasSubstr("it has time, request_id, "));
  EXPECT_THAT(refused("${status"), HasSubstr("a `${` has no `}`"));
  EXPECT_THAT(refused("${status} ${status}"), HasSubstr("`${status}` is written twice"));
  EXPECT_THAT(refused("hello"), HasSubstr("names no field"));
  EXPECT_THAT(refused(""), HasSubstr("names no field"));
  EXPECT_THAT(refused("${status}\n${route}"), HasSubstr("no line breaks"));
  EXPECT_THAT(refused("${status}" + std::string(LogTemplate::kLongest, 'x')), HasSubstr("longer than"));
}

}  // namespace
}  // namespace sluice::observe::log_template_test

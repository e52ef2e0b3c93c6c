// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/date.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http::date_test {
namespace {

std::string text(std::time_t when) {
  auto t = format_date(when);
  return std::string(view(t));
}

TEST(FormatDate, WritesImfFixdate) {
  EXPECT_EQ(text(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(text(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(text(951782399), "Mon, 28 Feb 2000 23:59:59 GMT");
  EXPECT_EQ(text(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(text(4102444800), "Fri, 01 Jan 2100 00:00:00 GMT");
  EXPECT_EQ(text(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST(FormatDate, ClampsToFourDigitYears) {
  EXPECT_EQ(text(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(text(253402300800), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(text(-99999999999999), "Mon, 01 Jan 0001 00:00:00 GMT");
}

TEST(ParseDate, ReadsTheThreeForms) {
  for (const char* form :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"})
    EXPECT_EQ(parse_date(form), 784111777) << form;
  EXPECT_EQ(parse_date("Wed Nov 16 08:49:37 1994"), 784975777);
  EXPECT_EQ(parse_date("Friday, 01-Jan-38 00:00:00 GMT"), 2145916800);
}

TEST(ParseDate, IsTheInverseOfFormatDate) {
  for (std::time_t t = -3'000'000'000; t < 12'000'000'000; t += 86'399'111) EXPECT_EQ(parse_date(text(t)), t);
}

TEST(ParseDate, CountsALeapSecondAsTheLastOne) {
  EXPECT_EQ(parse_date("Sat, 31 Dec 2016 23:59:60 GMT"), parse_date("Sat, 31 Dec 2016 23:59:59 GMT"));
}

TEST(ParseDate, RefusesEverythingElse) {
  for (const char* bad : {"",
                          "0",
                          "Sun",
                          "Sun, 06 Nov 1994 08:49:37",
                          "Sun, 06 Nov 1994 08:49:37 UTC",
                          "Sun, 06 Nov 1994 08:49:37 GMT ",
                          " Sun, 06 Nov 1994 08:49:37 GMT",
                          "sun, 06 Nov 1994 08:49:37 GMT",
                          "Sun, 6 Nov 1994 08:49:37 GMT",
                          "Sun, 31 Feb 1994 08:49:37 GMT",
                          "Sun, 00 Nov 1994 08:49:37 GMT",
                          "Sun, 06 Nox 1994 08:49:37 GMT",
                          "Sun, 06 unN 1994 08:49:37 GMT",
                          "Sun, 06 Nov 1994 24:00:00 GMT",
                          "Sun, 06 Nov 1994 08:60:37 GMT",
                          "Sun, 06 Nov 1994 08:49:61 GMT",
                          "Sun, 06 Nov 1994 +8:49:37 GMT",
                          "Sun, 06 Nov 19940 8:49:37 GMT",
                          "Sunday, 06-Nov-1994 08:49:37 GMT",
                          "Sun Nov 6 08:49:37 1994",
                          "Sun Nov  6 08:49:37 94"})
    EXPECT_EQ(parse_date(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace sluice::http::date_test

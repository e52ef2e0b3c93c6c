// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/instant.h"

#include <gtest/gtest.h>

namespace sluice::config::instant_test {
namespace {

std::string read(std::string_view text) {
  auto parsed = parse_instant(text);
  return parsed ? to_text(*parsed) : "refused";
}

TEST(Instant, IsADateOrAMoment) {
  EXPECT_EQ(read("2027-01-31"), "2027-01-31T00:00:00Z");
  EXPECT_EQ(read("2027-01-31T12:30:45Z"), "2027-01-31T12:30:45Z");
  EXPECT_EQ(read("2028-02-29 23:59:59z"), "2028-02-29T23:59:59Z");
  EXPECT_EQ(parse_instant("1970-01-01")->when, base::WallTime{});
}

TEST(Instant, TakesOffsetsIntoAccount) {
  EXPECT_EQ(read("2027-01-01T00:30:00+01:00"), "2026-12-31T23:30:00Z");
  EXPECT_EQ(read("2027-01-01T00:30:00-05:30"), "2027-01-01T06:00:00Z");
}

TEST(Instant, IsNothingElse) {
  for (const char* text : {"", "2027", "2027-1-31", "2027-02-29", "2027-13-01", "2027-00-10", "2027-01-32",
                           "2027-01-31T", "2027-01-31T12:00Z", "2027-01-31T12:00:00", "2027-01-31T24:00:00Z",
                           "2027-01-31T12:60:00Z", "2027-01-31T12:00:00+24:00", "2027-01-31T12:00:00+1:00",
                           "2027-01-31x", "1969-12-31", "2262-01-01", "+027-01-31", "2027-01-31T12:00:00Zx"})
    EXPECT_EQ(read(text), "refused") << text;
}

}  // namespace
}  // namespace sluice::config::instant_test

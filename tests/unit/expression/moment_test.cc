// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/moment.h"

#include <gtest/gtest.h>

namespace sluice::expression::moment_test {
namespace {

// 0 for what there is not.
std::int64_t part(std::string_view time, std::string_view method, const std::string& zone = "UTC") {
  auto which = moment_part(method);
  auto where = time_zone(zone);
  return which && where ? part_of(time_of(time), *which, *where).integer : 0;
}

TEST(Moment, CountsAsCelDoes) {
  constexpr std::string_view kSunday = "2026-03-01T04:05:06Z";

  EXPECT_EQ(part(kSunday, "getFullYear"), 2026);
  EXPECT_EQ(part(kSunday, "getMonth"), 2);
  EXPECT_EQ(part(kSunday, "getDate"), 1);
  EXPECT_EQ(part(kSunday, "getDayOfMonth"), 0);
  EXPECT_EQ(part(kSunday, "getDayOfWeek"), 0);
  EXPECT_EQ(part("2026-03-02", "getDayOfWeek"), 1);
  EXPECT_EQ(part("2026-03-07", "getDayOfWeek"), 6);
  EXPECT_EQ(part(kSunday, "getDayOfYear"), 59);
  EXPECT_EQ(part(kSunday, "getHours"), 4);
  EXPECT_EQ(part(kSunday, "getMinutes"), 5);
  EXPECT_EQ(part(kSunday, "getSeconds"), 6);
}

TEST(Moment, GoesByTheClocksOfAZone) {
  EXPECT_EQ(part("2026-01-15T23:30:00Z", "getHours", "Europe/Berlin"), 0);
  EXPECT_EQ(part("2026-01-15T23:30:00Z", "getDate", "Europe/Berlin"), 16);
  EXPECT_EQ(part("2026-07-15T10:00:00Z", "getHours", "Europe/Berlin"), 12);
  EXPECT_EQ(part("2026-07-15T10:00:00Z", "getMinutes", "Asia/Kolkata"), 30);
}

TEST(Moment, KnowsNoOtherMethods) {
  EXPECT_FALSE(moment_part("getMilliseconds"));
  EXPECT_FALSE(moment_part("gethours"));
}

TEST(Moment, TakesOnlyZonesThatMeanTheSameEverywhere) {
  EXPECT_TRUE(time_zone("UTC"));
  for (const char* zone : {"", "localtime", "/etc/localtime", "../x", "Fixed/UTC+01:00:00", "Nowhere"})
    EXPECT_FALSE(time_zone(zone)) << zone;
}

TEST(Moment, IsAbsentForWhatIsNone) {
  EXPECT_EQ(time_of("yesterday").kind, Value::Kind::absent);
  EXPECT_EQ(part_of(Value::of(std::int64_t{7}), MomentPart::hours, absl::UTCTimeZone()).kind,
            Value::Kind::absent);
}

}  // namespace
}  // namespace sluice::expression::moment_test

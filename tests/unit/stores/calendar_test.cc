// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/calendar.h"

#include <gtest/gtest.h>

namespace sluice::stores::calendar_test {
namespace {

using namespace std::chrono_literals;
using base::WallTime;

WallTime utc(int year, unsigned month, unsigned day, std::chrono::seconds time = 0s) {
  return WallTime(
      std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day)) +
      time);
}

Period day_in(const char* zone, WallTime now) { return Calendar::of(zone)->at(CalendarUnit::day, now); }

TEST(Calendar, BeginsDaysAndMonthsAtMidnightOfTheZone) {
  auto berlin = *Calendar::of("Europe/Berlin");

  auto day = berlin.at(CalendarUnit::day, utc(2026, 11, 29, 23h));
  EXPECT_EQ(berlin.text(CalendarUnit::day, day.number), "2026-11-30");
  EXPECT_EQ(day.begin, utc(2026, 11, 29, 23h));
  EXPECT_EQ(day.end, utc(2026, 11, 30, 23h));

  auto month = berlin.at(CalendarUnit::month, utc(2026, 11, 30, 22h));
  EXPECT_EQ(berlin.text(CalendarUnit::month, month.number), "2026-11");
  EXPECT_EQ(berlin.text(month.begin), "2026-11-01T00:00:00+01:00");
  EXPECT_EQ(month.end, utc(2026, 11, 30, 23h));
}

TEST(Calendar, HasShortAndLongDaysWhereClocksChange) {
  auto spring = day_in("Europe/Berlin", utc(2026, 3, 29, 12h));
  EXPECT_EQ(spring.end - spring.begin, 23h);
  auto autumn = day_in("Europe/Berlin", utc(2026, 10, 25, 12h));
  EXPECT_EQ(autumn.end - autumn.begin, 25h);
}

TEST(Calendar, KnowsTheRulesOfYearsToCome) {
  auto spring = day_in("Europe/Berlin", utc(2046, 3, 25, 12h));
  EXPECT_EQ(spring.end - spring.begin, 23h);
}

// In Sao Paulo the clocks went from 23:59:59 to 01:00.
TEST(Calendar, BeginsADayWithoutMidnightWhenItsFirstHourBegins) {
  auto day = day_in("America/Sao_Paulo", utc(2017, 10, 15, 12h));
  EXPECT_EQ(day.begin, utc(2017, 10, 15, 3h));
  EXPECT_EQ(day.end - day.begin, 23h);
}

// In St. John's they went from 00:01 back to 23:01 of the day before.
TEST(Calendar, DoesNotGoBackToADayThatHasEnded) {
  auto zone = *Calendar::of("America/St_Johns");
  auto before = zone.at(CalendarUnit::day, utc(2010, 11, 7, 2h));
  auto first = zone.at(CalendarUnit::day, before.end);
  auto again = zone.at(CalendarUnit::day, before.end + 30min);
  EXPECT_EQ(first.number, before.number + 1);
  EXPECT_EQ(again.number, first.number);
}

// Samoa left the 30th of December 2011 out.
TEST(Calendar, LeavesOutADayThatThereWasNot) {
  auto zone = *Calendar::of("Pacific/Apia");
  auto before = zone.at(CalendarUnit::day, utc(2011, 12, 30, 9h));
  auto after = zone.at(CalendarUnit::day, before.end);
  EXPECT_EQ(zone.text(CalendarUnit::day, before.number), "2011-12-29");
  EXPECT_EQ(zone.text(CalendarUnit::day, after.number), "2011-12-31");
}

TEST(Calendar, HasNoGapsAndNoOverlaps) {
  for (const char* zone : {"UTC", "Europe/Berlin", "America/Havana", "America/Sao_Paulo", "Africa/Cairo",
                           "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia"}) {
    auto calendar = *Calendar::of(zone);
    for (CalendarUnit unit : {CalendarUnit::day, CalendarUnit::month}) {
      Period period = calendar.at(unit, utc(2009, 1, 1));
      while (period.end < utc(2026, 1, 1)) {
        Period next = calendar.at(unit, period.end);
        ASSERT_EQ(next.begin, period.end) << zone << ' ' << calendar.text(period.end);
        ASSERT_GT(next.number, period.number);
        ASSERT_EQ(calendar.at(unit, next.end - 1ns).number, next.number) << zone;
        period = next;
      }
    }
  }
}

TEST(Calendar, KnowsNoZoneThatIsNotInTheDatabase) {
  for (const char* zone : {"", "Europe/Atlantis", "/etc/localtime", "localtime", "../zoneinfo/UTC",
                           "libc:localtime", "Fixed/UTC+01:00:00"})
    EXPECT_FALSE(Calendar::of(zone)) << zone;
}

}  // namespace
}  // namespace sluice::stores::calendar_test

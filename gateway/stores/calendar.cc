// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/calendar.h"

#include <fmt/format.h>

#include "gateway/expression/moment.h"

namespace sluice::stores {
namespace {

absl::CivilDay first_day(CalendarUnit unit, std::int64_t number) {
  if (unit == CalendarUnit::day) return absl::CivilDay(1970, 1, 1) + number;
  return absl::CivilDay(absl::CivilMonth(1970, 1) + number);
}

absl::Time absolute(base::WallTime time) { return absl::FromUnixNanos(time.time_since_epoch().count()); }

}  // namespace

std::string_view name(CalendarUnit unit) noexcept { return unit == CalendarUnit::day ? "day" : "month"; }

std::optional<Calendar> Calendar::of(const std::string& zone) {
  auto found = expression::time_zone(zone);
  if (!found) return std::nullopt;
  return Calendar(*found);
}

base::WallTime Calendar::begin(CalendarUnit unit, std::int64_t number) const {
  auto midnight = zone_.At(absl::CivilSecond(first_day(unit, number)));
  auto first = midnight.kind == absl::TimeZone::TimeInfo::SKIPPED ? midnight.trans : midnight.pre;
  return base::WallTime(base::Duration(absl::ToUnixNanos(first)));
}

// Where midnight comes twice the calendar day goes back by itself; a period does not.
Period Calendar::at(CalendarUnit unit, base::WallTime now) const {
  absl::CivilSecond local = zone_.At(absolute(now)).cs;
  std::int64_t number = unit == CalendarUnit::day ? absl::CivilDay(local) - absl::CivilDay(1970, 1, 1)
                                                  : absl::CivilMonth(local) - absl::CivilMonth(1970, 1);
  base::WallTime from = begin(unit, number), to = begin(unit, number + 1);
  while (now >= to) {
    from = to;
    to = begin(unit, ++number + 1);
  }
  while (now < from) {
    to = from;
    from = begin(unit, --number);
  }
  return {number, from, to};
}

std::string Calendar::text(CalendarUnit unit, std::int64_t number) const {
  absl::CivilDay day = first_day(unit, number);
  std::string out = fmt::format("{:04}-{:02}", day.year(), day.month());
  if (unit == CalendarUnit::day) out += fmt::format("-{:02}", day.day());
  return out;
}

std::string Calendar::text(base::WallTime time) const {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%S%Ez", absolute(time), zone_);
}

}  // namespace sluice::stores

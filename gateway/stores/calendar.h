// SPDX-License-Identifier: Apache-2.0
// Calendar: the days and months of a time zone, as quotas count by them. A period begins at the first moment
// of its first day there, whatever that is: where the clocks leave midnight out, or strike it twice, it is
// the first moment that belongs to the day. So periods follow one another without gap or overlap, and time
// that goes on never comes back to an earlier one. Zones are those of the system's time zone database, read
// and kept by abseil. Immutable; any thread.
#pragma once
#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/base/clock.h"

namespace sluice::stores {

enum class CalendarUnit : std::uint8_t { day, month };
inline constexpr std::size_t kCalendarUnits = 2;
std::string_view name(CalendarUnit unit) noexcept;

struct Period {
  std::int64_t number = 0;  // of days or months, since 1970
  base::WallTime begin{}, end{};
};

class Calendar {
 public:
  // By its name in the database, "Europe/Berlin"; none if there is no such zone.
  static std::optional<Calendar> of(const std::string& zone);

  Period at(CalendarUnit unit, base::WallTime now) const;
  // "2026-11", "2026-11-29"
  std::string text(CalendarUnit unit, std::int64_t number) const;
  // "2026-11-29T00:00:00+01:00"
  std::string text(base::WallTime time) const;

 private:
  explicit Calendar(absl::TimeZone zone) : zone_(zone) {}
  base::WallTime begin(CalendarUnit unit, std::int64_t number) const;

  absl::TimeZone zone_;
};

}  // namespace sluice::stores

// SPDX-License-Identifier: Apache-2.0
// Moment: what conditions ask of a time: its year, its hour and so on, in UTC or a time zone of the system's
// database. The methods have the names and the counting of CEL. Pure; any thread.
#pragma once
#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/expression/value.h"

namespace sluice::expression {

enum class MomentPart : std::uint8_t {
  year,
  month,
  date,
  day,
  weekday,
  day_of_year,
  hours,
  minutes,
  seconds
};

// "getHours"; none for any other name.
std::optional<MomentPart> moment_part(std::string_view method) noexcept;
std::string moment_methods();  // for people: "getFullYear, getMonth, ..."

// "Europe/Berlin"; none if the database has no such zone.
std::optional<absl::TimeZone> time_zone(const std::string& name);

// Of a time, else absent.
Value part_of(const Value& time, MomentPart part, absl::TimeZone zone) noexcept;
// A time that is written as RFC 3339 says, or a date, which is its first moment in UTC; else absent.
Value time_of(std::string_view text) noexcept;

}  // namespace sluice::expression

// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/moment.h"

#include <utility>

#include "gateway/config/instant.h"

namespace sluice::expression {
namespace {

constexpr std::pair<std::string_view, MomentPart> kMomentMethods[] = {
    {"getFullYear", MomentPart::year},     {"getMonth", MomentPart::month},
    {"getDate", MomentPart::date},         {"getDayOfMonth", MomentPart::day},
    {"getDayOfWeek", MomentPart::weekday}, {"getDayOfYear", MomentPart::day_of_year},
    {"getHours", MomentPart::hours},       {"getMinutes", MomentPart::minutes},
    {"getSeconds", MomentPart::seconds},
};

// As CEL counts: months and days from zero, but for getDate(), and weeks from Sunday.
std::int64_t count(absl::CivilSecond local, MomentPart part) noexcept {
  switch (part) {
    case MomentPart::year:
      return local.year();
    case MomentPart::month:
      return local.month() - 1;
    case MomentPart::date:
      return local.day();
    case MomentPart::day:
      return local.day() - 1;
    case MomentPart::weekday:
      return (static_cast<std::int64_t>(absl::GetWeekday(local)) + 1) % 7;  // its own begin on Monday
    case MomentPart::day_of_year:
      return absl::GetYearDay(absl::CivilDay(local)) - 1;
    case MomentPart::hours:
      return local.hour();
    case MomentPart::minutes:
      return local.minute();
    case MomentPart::seconds:
      return local.second();
  }
  return 0;
}

}  // namespace

std::optional<MomentPart> moment_part(std::string_view method) noexcept {
  for (auto [name, part] : kMomentMethods)
    if (name == method) return part;
  return std::nullopt;
}

std::string moment_methods() {
  std::string out;
  for (auto [name, part] : kMomentMethods) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

std::optional<absl::TimeZone> time_zone(const std::string& name) {
  // Abseil takes paths, the process's own zone and offsets too: nothing that means the same everywhere.
  if (name.empty() || name.front() == '/' || name.find("..") != std::string::npos || name == "localtime" ||
      name.find_first_of(": ") != std::string::npos || name.starts_with("Fixed/"))
    return std::nullopt;
  absl::TimeZone found;
  if (!absl::LoadTimeZone(name, &found)) return std::nullopt;
  return found;
}

Value part_of(const Value& time, MomentPart part, absl::TimeZone zone) noexcept {
  if (time.kind != Value::Kind::time) return {};
  return Value::of(count(zone.At(absl::FromUnixNanos(time.integer)).cs, part));
}

Value time_of(std::string_view text) noexcept {
  auto instant = config::parse_instant(text);
  return instant ? Value::of(instant->when) : Value();
}

}  // namespace sluice::expression

// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/instant.h"

#include <fmt/format.h>

#include <chrono>

namespace sluice::config {
namespace {

using std::chrono::floor;

// Takes exactly `count` digits and then `after` off the text ('\0': nothing); -1 if they are not there.
int take(std::string_view& text, std::size_t count, char after) noexcept {
  std::size_t size = count + (after ? 1 : 0);
  if (text.size() < size) return -1;
  int value = 0;
  for (char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  if (after && text[count] != after) return -1;
  text.remove_prefix(size);
  return value;
}

// "Z", "+01:00", "-05:30": how far local time is ahead of UTC. None for anything else.
std::optional<std::chrono::minutes> take_zone(std::string_view text) noexcept {
  if (text == "Z" || text == "z") return std::chrono::minutes(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  bool ahead = text[0] == '+';
  text.remove_prefix(1);
  int hours = take(text, 2, ':'), minutes = take(text, 2, '\0');
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  auto offset = std::chrono::minutes(hours * 60 + minutes);
  return ahead ? offset : -offset;
}

}  // namespace

std::optional<Instant> parse_instant(std::string_view text) noexcept {
  int y = take(text, 4, '-'), m = take(text, 2, '-'), d = take(text, 2, '\0');
  if (y < 1970 || y > 2261 || m < 0 || d < 0) return std::nullopt;
  auto date = std::chrono::year(y) / m / d;
  if (!date.ok()) return std::nullopt;
  std::chrono::sys_seconds when = std::chrono::sys_days(date);
  if (text.empty()) return Instant{when};
  if (text[0] != 'T' && text[0] != 't' && text[0] != ' ') return std::nullopt;
  text.remove_prefix(1);
  int hour = take(text, 2, ':'), minute = take(text, 2, ':'), second = take(text, 2, '\0');
  bool in_range = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
  auto zone = in_range ? take_zone(text) : std::nullopt;
  if (!zone) return std::nullopt;
  when += std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second) - *zone;
  return Instant{when};
}

std::string to_text(Instant instant) {
  auto seconds = floor<std::chrono::seconds>(instant.when);
  auto days = floor<std::chrono::days>(seconds);
  std::chrono::year_month_day date(days);
  std::chrono::hh_mm_ss time(seconds - days);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

void describe(Text<Instant>& t) {
  t.about("date or moment", "a date such as 2027-01-31, or a moment such as 2027-01-31T12:00:00Z");
  t.pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([Zz]|[+-][0-9]{2}:[0-9]{2}))?$");
  t.example("2027-01-31");
  t.read([](std::string_view text, Instant& out) -> Refusal {
    auto parsed = parse_instant(text);
    if (!parsed) return Complaint{};
    out = *parsed;
    return {};
  });
  t.write([](const Instant& instant) { return to_text(instant); });
}

}  // namespace sluice::config

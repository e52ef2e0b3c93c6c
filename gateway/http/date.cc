// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/date.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "gateway/base/strings.h"

namespace sluice::http {
namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::string_view kLongDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                          "Thursday", "Friday", "Saturday"};
constexpr std::int64_t kDaySeconds = 86400;
constexpr std::time_t kFirstSecond = -62135596800;  // 0001-01-01 00:00:00
constexpr std::time_t kLastSecond = 253402300799;   // 9999-12-31 23:59:59

void two_digits(char* out, unsigned value) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
}

// Reads what a date is made of from the front of a text; after the first mismatch everything fails.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  void literal(std::string_view s) {
    if (rest_.starts_with(s)) {
      rest_.remove_prefix(s.size());
    } else {
      ok_ = false;
    }
  }
  int number(std::size_t digits) {
    if (rest_.size() < digits) return fail();
    auto value = base::parse_decimal(rest_.substr(0, digits));
    if (!value) return fail();
    rest_.remove_prefix(digits);
    return static_cast<int>(*value);
  }
  // Index of the next three letters in `names`.
  int name(std::string_view names) {
    if (rest_.size() < 3) return fail();
    auto at = names.find(rest_.substr(0, 3));
    if (at == std::string_view::npos || at % 3 != 0) return fail();
    rest_.remove_prefix(3);
    return static_cast<int>(at / 3);
  }
  void long_day() {
    for (auto day : kLongDays)
      if (rest_.starts_with(day)) return rest_.remove_prefix(day.size());
    ok_ = false;
  }
  // asctime writes days below ten as " 6".
  int padded_day() {
    if (!rest_.starts_with(' ')) return number(2);
    rest_.remove_prefix(1);
    return number(1);
  }
  void time() {
    hour_ = number(2);
    literal(":");
    minute_ = number(2);
    literal(":");
    second_ = number(2);
  }
  std::optional<std::time_t> finish(int year, int month, int day) const {
    namespace c = std::chrono;
    c::year_month_day date{c::year(year), c::month(static_cast<unsigned>(month + 1)),
                           c::day(static_cast<unsigned>(day))};
    // A leap second (60) counts as the last ordinary one.
    if (!ok_ || !rest_.empty() || !date.ok() || hour_ > 23 || minute_ > 59 || second_ > 60)
      return std::nullopt;
    auto days = c::sys_days(date).time_since_epoch().count();
    return days * kDaySeconds + hour_ * 3600 + minute_ * 60 + std::min(second_, 59);
  }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
  int hour_ = 0, minute_ = 0, second_ = 0;
};

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<std::time_t> parse_fixdate(std::string_view text) {
  DateReader r(text);
  r.name(kDays);
  r.literal(", ");
  int day = r.number(2);
  r.literal(" ");
  int month = r.name(kMonths);
  r.literal(" ");
  int year = r.number(4);
  r.literal(" ");
  r.time();
  r.literal(" GMT");
  return r.finish(year, month, day);
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<std::time_t> parse_rfc850(std::string_view text) {
  DateReader r(text);
  r.long_day();
  r.literal(", ");
  int day = r.number(2);
  r.literal("-");
  int month = r.name(kMonths);
  r.literal("-");
  int year = r.number(2);
  r.literal(" ");
  r.time();
  r.literal(" GMT");
  return r.finish(year < 70 ? 2000 + year : 1900 + year, month, day);
}

// "Sun Nov  6 08:49:37 1994"
std::optional<std::time_t> parse_asctime(std::string_view text) {
  DateReader r(text);
  r.name(kDays);
  r.literal(" ");
  int month = r.name(kMonths);
  r.literal(" ");
  int day = r.padded_day();
  r.literal(" ");
  r.time();
  r.literal(" ");
  int year = r.number(4);
  return r.finish(year, month, day);
}

}  // namespace

DateText format_date(std::time_t when) noexcept {
  namespace c = std::chrono;
  c::sys_seconds at{c::seconds(std::clamp(when, kFirstSecond, kLastSecond))};
  auto days = c::floor<c::days>(at);
  c::year_month_day date(days);
  auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  auto second = static_cast<unsigned>((at - days).count());

  DateText text{};
  char* out = text.data();
  std::copy_n(kDays.data() + 3 * c::weekday(days).c_encoding(), 3, out);
  std::copy_n(", ", 2, out + 3);
  two_digits(out + 5, static_cast<unsigned>(date.day()));
  out[7] = ' ';
  std::copy_n(kMonths.data() + 3 * (static_cast<unsigned>(date.month()) - 1), 3, out + 8);
  out[11] = ' ';
  two_digits(out + 12, year / 100);
  two_digits(out + 14, year % 100);
  out[16] = ' ';
  two_digits(out + 17, second / 3600);
  out[19] = ':';
  two_digits(out + 20, second / 60 % 60);
  out[22] = ':';
  two_digits(out + 23, second % 60);
  std::copy_n(" GMT", 4, out + 25);
  return text;
}

std::optional<std::time_t> parse_date(std::string_view text) noexcept {
  if (auto when = parse_fixdate(text)) return when;
  if (auto when = parse_rfc850(text)) return when;
  return parse_asctime(text);
}

std::string_view date_now(const net::Loop& loop) noexcept {
  struct Cache {
    std::time_t second = -1;
    DateText text;
  };
  static thread_local Cache cache;
  auto now = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(loop.clock().wall()));
  if (now != cache.second) {
    cache.second = now;
    cache.text = format_date(now);
  }
  return view(cache.text);
}

}  // namespace sluice::http

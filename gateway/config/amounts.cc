// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/amounts.h"

#include <charconv>
#include <limits>
#include <span>

#include "gateway/base/ascii.h"
#include "gateway/base/strings.h"
#include "gateway/config/diagnostic.h"

namespace sluice::config {

namespace {

__extension__ typedef unsigned __int128 Wide;  // a product of two 64-bit numbers

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr Unit kDurations[] = {{"us", 1000},        {"ms", 1'000'000},     {"s", kSecond},
                               {"m", 60 * kSecond}, {"h", 3600 * kSecond}, {"d", 86400 * kSecond}};
constexpr Unit kSizes[] = {{"B", 1},           {"KB", 1000},       {"MB", 1'000'000},  {"GB", 1'000'000'000},
                           {"KiB", 1ll << 10}, {"MiB", 1ll << 20}, {"GiB", 1ll << 30}, {"TiB", 1ll << 40}};
constexpr Unit kPeriods[] = {
    {"s", kSecond}, {"min", 60 * kSecond}, {"h", 3600 * kSecond}, {"d", 86400 * kSecond}};

// A decimal number at the start of a text: digits, then perhaps a point and up to nine digits.
struct Decimal {
  std::string_view text;
  std::uint64_t whole = 0;
  std::uint64_t fraction = 0;  // in units of 10^-9
  bool too_long = false;
};

// Takes the number off; its text is empty when there is none.
Decimal take_decimal(std::string_view& text) {
  Decimal out;
  std::size_t n = 0;
  while (n < text.size() && base::is_digit(text[n])) ++n;
  if (n == 0) return out;
  auto whole = base::parse_decimal(text.substr(0, n));
  out.too_long = !whole;
  out.whole = whole.value_or(0);
  if (n + 1 < text.size() && text[n] == '.' && base::is_digit(text[n + 1])) {
    std::uint64_t scale = 100'000'000;
    for (++n; n < text.size() && base::is_digit(text[n]); ++n, scale /= 10) {
      out.fraction += scale * static_cast<std::uint64_t>(text[n] - '0');
      if (scale == 0) out.too_long = true;
    }
  }
  out.text = text.substr(0, n);
  text.remove_prefix(n);
  return out;
}

Complaint because(std::string message, std::string hint = {}) {
  return {std::move(message), std::move(hint)};
}

std::string names(std::span<const Unit> units) {
  std::string out;
  for (const Unit& unit : units) out += (out.empty() ? "" : ", ") + std::string(unit.name);
  return out;
}

// The proposal for a unit that does not exist: `5sec`, `10mb`, `10M`.
std::string proposal(const Decimal& number, std::string_view unit, std::span<const Unit> units) {
  std::string given = base::to_lower(unit);
  auto propose = [&](std::string_view name) { return std::string(number.text).append(name); };
  for (const Unit& u : units)
    if (base::equal_ignoring_case(u.name, unit)) return propose(u.name);
  bool sizes = units.data() == kSizes;
  if (sizes && (given == "k" || given == "m" || given == "g" || given == "t"))
    return propose(std::string(1, static_cast<char>(given[0] - 'a' + 'A')) + "iB");
  if (sizes) return {};
  if (given.starts_with("mil") || given.starts_with("msec")) return propose("ms");
  if (given.starts_with("mic") || given.starts_with("usec")) return propose("us");
  if (given.starts_with("sec")) return propose("s");
  if (given.starts_with("min")) return propose("m");
  if (given.starts_with("hour") || given == "hr") return propose("h");
  if (given.starts_with("day")) return propose("d");
  return {};
}

// A number and one of the units, as a multiple of the smallest.
Refusal parse_amount(std::string_view text, std::span<const Unit> units, std::int64_t& out) {
  if (text.size() > 1 && text[0] == '-' && base::is_digit(text[1])) return because("it must not be negative");
  Decimal number = take_decimal(text);
  if (number.text.empty()) return because("");
  if (text.empty()) return because("add a unit", "units: " + names(units));
  if (text.starts_with(' ')) return because("no blank before the unit");
  const Unit* unit = nullptr;
  for (const Unit& u : units)
    if (u.name == text) unit = &u;
  if (!unit) {
    std::string better = proposal(number, text, units);
    return because("unknown unit `" + std::string(text) + "`",
                   better.empty() ? "units: " + names(units) : did_you_mean(better));
  }
  if (number.too_long) return because("too many digits");
  auto factor = static_cast<Wide>(unit->factor);
  Wide part = factor * number.fraction;
  if (part % 1'000'000'000 != 0) return because("the fraction is too fine for the unit");
  Wide total = factor * number.whole + part / 1'000'000'000;
  if (total > static_cast<Wide>(std::numeric_limits<std::int64_t>::max())) return because("it is too large");
  out = static_cast<std::int64_t>(total);
  return {};
}

// In the largest of `units` (ascending) that divides the value.
std::string amount_text(std::int64_t value, std::span<const Unit> units) {
  const Unit* best = &units[0];
  for (const Unit& unit : units)
    if (value != 0 && value % unit.factor == 0 && unit.factor >= best->factor) best = &unit;
  return std::to_string(value / best->factor).append(best->name);
}

}  // namespace

Refusal parse_duration(std::string_view text, Duration& out) {
  std::int64_t value = 0;
  auto refusal = parse_amount(text, kDurations, value);
  if (!refusal) out = Duration(value);
  return refusal;
}

Refusal parse_size(std::string_view text, Size& out) {
  std::int64_t value = 0;
  auto refusal = parse_amount(text, kSizes, value);
  if (!refusal) out.bytes = static_cast<std::uint64_t>(value);
  return refusal;
}

Refusal parse_rate(std::string_view text, Rate& out) {
  if (text.size() > 1 && text[0] == '-' && base::is_digit(text[1])) return because("it must not be negative");
  std::size_t slash = text.find('/');
  auto count = base::parse_decimal(text.substr(0, slash));
  if (!count) return because("");
  if (slash == std::string_view::npos) return because("add a period", "as in " + std::string(text) + "/s");
  std::string_view period = text.substr(slash + 1);
  Duration per{};
  for (const Unit& unit : kPeriods)
    if (unit.name == period) per = Duration(unit.factor);
  if (per == Duration{} && (parse_duration(period, per) || per == Duration{})) {
    std::string head = std::string(text.substr(0, slash + 1));
    bool minute = period == "m" || period == "minute" || period == "mins";
    bool second = period == "sec" || period == "second";
    return because("the period must be " + names(kPeriods) + " or a duration such as 10s",
                   did_you_mean(minute   ? head + "min"
                                : second ? head + "s"
                                         : ""));
  }
  out = {*count, per};
  return {};
}

Refusal parse_percent(std::string_view text, Percent& out) {
  if (text.size() > 1 && text[0] == '-' && base::is_digit(text[1])) return because("it must not be negative");
  std::string_view rest = text;
  Decimal number = take_decimal(rest);
  if (number.text.empty()) return because("");
  if (rest.empty()) return because("add a %", did_you_mean(std::string(text) + "%"));
  if (rest != "%") return because("");
  double value = static_cast<double>(number.whole) + static_cast<double>(number.fraction) / 1e9;
  if (number.too_long || value > 100) return because("it must be at most 100%");
  out.value = value;
  return {};
}

Refusal parse_number(std::string_view text, double& out) {
  std::string_view rest = text;
  if (rest.starts_with('-')) rest.remove_prefix(1);
  Decimal number = take_decimal(rest);
  if (number.text.empty() || !rest.empty()) return because("");
  std::from_chars(text.data(), text.data() + text.size(), out);
  return {};
}

std::string to_text(Duration value) {
  if (value == Duration{}) return "0s";
  if (value.count() % 1000 != 0) return to_text(static_cast<double>(value.count()) / 1000) + "us";
  return amount_text(value.count(), kDurations);
}

std::string to_text(Size value) { return amount_text(static_cast<std::int64_t>(value.bytes), kSizes); }

std::string to_text(Rate value) {
  std::string count = std::to_string(value.count);
  for (const Unit& unit : kPeriods)
    if (unit.factor == value.per.count()) return count + '/' + std::string(unit.name);
  return count + '/' + to_text(value.per);
}

std::string to_text(Percent value) { return to_text(value.value) + '%'; }

std::string to_text(double value) {
  char buffer[64];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  return error == std::errc{} ? std::string(buffer, end) : std::string("0");
}

}  // namespace sluice::config

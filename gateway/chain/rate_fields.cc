// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/rate_fields.h"

#include <algorithm>
#include <charconv>

#include "gateway/base/strings.h"
#include "gateway/chain/escape.h"

namespace sluice::chain {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::string_view kLimit = "X-RateLimit-Limit", kRemaining = "X-RateLimit-Remaining",
                           kReset = "X-RateLimit-Reset";
constexpr std::size_t kDigits = 20;

std::string_view number(base::Arena& arena, std::uint64_t n) {
  char* out = arena.chars(kDigits);
  return {out, static_cast<std::size_t>(std::to_chars(out, out + kDigits, n).ptr - out)};
}

// "default";r=12;t=30, written where it stays.
std::string_view left(base::Arena& arena, std::string_view item, std::uint64_t remaining,
                      std::uint64_t reset) {
  constexpr std::string_view kLeft = ";r=", kAgain = ";t=";
  std::size_t room = item.size() + kLeft.size() + kAgain.size() + 2 * kDigits;
  char* begin = arena.chars(room);
  char* at = begin + item.copy(begin, item.size());
  at += kLeft.copy(at, kLeft.size());
  at = std::to_chars(at, begin + room, remaining).ptr;
  at += kAgain.copy(at, kAgain.size());
  at = std::to_chars(at, begin + room, reset).ptr;
  return {begin, static_cast<std::size_t>(at - begin)};
}

std::uint64_t seconds(std::uint64_t nanoseconds) noexcept { return (nanoseconds + kSecond - 1) / kSecond; }

void set_x_fields(Exchange& ex, const RateFieldTexts& texts, std::uint64_t remaining,
                  std::uint64_t until_reset) {
  auto& fields = ex.response.fields;
  if (const http::Field* there = fields.find(kRemaining))
    if (auto less = base::parse_decimal(there->value); less && *less <= remaining) return;
  fields.set(kLimit, texts.count);
  fields.set(kRemaining, number(ex.arena, remaining));
  fields.set(kReset, number(ex.arena, seconds(until_reset)));
}

}  // namespace

void describe(config::Enumeration<RateFields>& e) {
  e.about("rate_fields");
  e.value("standard", RateFields::standard, "RateLimit and RateLimit-Policy.");
  e.value("x_ratelimit", RateFields::x_ratelimit, "X-RateLimit-Limit, -Remaining and -Reset (in seconds).");
  e.value("both", RateFields::both, "All of them.");
  e.value("none", RateFields::none, "Nothing; a refusal has Retry-After all the same.");
}

RateFieldTexts rate_field_texts(std::string_view name, std::uint64_t count, std::uint64_t period,
                                std::string_view rate) {
  RateFieldTexts texts;
  texts.count = std::to_string(count);
  std::string escaped(name.size() * kWorstEscape, '\0');
  escaped.resize(static_cast<std::size_t>(write_sf_string(escaped.data(), name) - escaped.data()));
  texts.item = '"' + escaped + '"';
  texts.policy = texts.item + ";q=" + texts.count;
  if (period) texts.policy += ";w=" + std::to_string(seconds(period));
  texts.at_most = "at most " + std::string(rate) + " are allowed";
  return texts;
}

std::string_view seconds_text(base::Arena& arena, std::uint64_t nanoseconds) {
  return number(arena, std::max<std::uint64_t>(seconds(nanoseconds), 1));
}

void add_rate_fields(Exchange& ex, RateFields which, const RateFieldTexts& texts, std::string_view policies,
                     std::uint64_t remaining, std::uint64_t until_reset) {
  if (which == RateFields::standard || which == RateFields::both) {
    ex.response.fields.add(http::FieldId::rate_limit_policy, policies);
    ex.response.fields.add(http::FieldId::rate_limit,
                           left(ex.arena, texts.item, remaining, seconds(until_reset)));
  }
  if (which == RateFields::x_ratelimit || which == RateFields::both)
    set_x_fields(ex, texts, remaining, until_reset);
}

}  // namespace sluice::chain

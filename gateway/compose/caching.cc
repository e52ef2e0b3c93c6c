// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/caching.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "gateway/base/strings.h"
#include "gateway/http/date.h"

namespace sluice::compose {
namespace {

using http::FieldId;

std::string_view stripped(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// A number of seconds, perhaps in quotes; none for what is not one.
std::optional<std::int64_t> stated_seconds(std::string_view text) noexcept {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  std::int64_t out = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec == std::errc::result_out_of_range) return INT32_MAX;
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() || out < 0)
    return std::nullopt;
  return out;
}

// The shorter of two times, where there may be none.
std::int64_t shortest(std::optional<std::int64_t> one, std::int64_t other) noexcept {
  return std::min(one.value_or(INT32_MAX), other);
}

std::optional<std::int64_t> until_expiry(const http::Fields& answer, base::WallTime now) {
  const http::Field* expires = answer.find("Expires");
  if (!expires) return std::nullopt;
  auto end = http::parse_date(expires->value);
  if (!end) return 0;  // RFC 9111 section 5.3: in the past
  auto begin =
      http::parse_date(answer.value(FieldId::date)).value_or(std::chrono::system_clock::to_time_t(now));
  return std::max<std::int64_t>(0, *end - begin);
}

}  // namespace

void Freshness::add(const http::Fields& answer, base::WallTime now) {
  std::optional<std::int64_t> age, shared;
  bool said = false, is_public = false;
  for (const http::Field& f : answer.lines()) {
    if (f.dropped || f.id != FieldId::cache_control) continue;
    said = true;
    std::string_view rest = f.value;
    while (!rest.empty()) {
      std::size_t comma = std::min(rest.find(','), rest.size());
      std::string_view directive = stripped(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      std::size_t equals = std::min(directive.find('='), directive.size());
      std::string_view name = directive.substr(0, equals);
      if (base::equal_ignoring_case(name, "no-store")) no_store_ = true;
      if (base::equal_ignoring_case(name, "no-cache")) no_cache_ = true;
      if (base::equal_ignoring_case(name, "private")) private_ = true;
      if (base::equal_ignoring_case(name, "public")) is_public = true;
      for (auto [which, into] : {std::pair("max-age", &age), std::pair("s-maxage", &shared)})
        if (base::equal_ignoring_case(name, which) && equals < directive.size())
          *into = shortest(*into, stated_seconds(directive.substr(equals + 1)).value_or(0));
    }
  }
  auto old = stated_seconds(answer.value(FieldId::age)).value_or(0);
  auto left = [old](std::int64_t seconds) { return std::max<std::int64_t>(0, seconds - old); };
  shares_ |= shared.has_value();
  if (!age) age = until_expiry(answer, now);
  if (!shared) shared = age;
  if (shared) shared_seconds_ = shortest(shared_seconds_, left(*shared));
  said |= age.has_value();
  all_public_ &= is_public;
  said_ |= said;
  if (!age) {
    silent_ = true;
    return;
  }
  seconds_ = shortest(seconds_, left(*age));
}

std::string_view Freshness::text(base::Arena& arena) const {
  if (no_store_) return "no-store";
  if (!said_) return {};
  if (no_cache_ || silent_) return arena.join(private_ ? "private, " : "", "no-cache");
  if (private_) return arena.join("private, max-age=", fmt::format_int(*seconds_).c_str());
  // By s-maxage caches might keep what some part does not leave to them (RFC 9111 section 3.5): where not all
  // are public the shorter time holds for everybody.
  if (!all_public_)
    return arena.join("max-age=", fmt::format_int(shortest(shared_seconds_, *seconds_)).c_str());
  return arena.join("public, max-age=", fmt::format_int(*seconds_).c_str(), shares_ ? ", s-maxage=" : "",
                    shares_ ? std::string_view(fmt::format_int(*shared_seconds_).c_str()) : "");
}

}  // namespace sluice::compose

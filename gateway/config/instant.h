// SPDX-License-Identifier: Apache-2.0
// Instant: a setting that is a moment, `2027-01-31` (its first second, UTC) or `2027-01-31T12:00:00Z`
// (RFC 3339). For what expires or begins at a date.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/types.h"

namespace sluice::config {

struct Instant {
  base::WallTime when{};
  auto operator<=>(const Instant&) const = default;
};

// None if `text` is no such moment; years 1970 to 2261, which fit a WallTime.
std::optional<Instant> parse_instant(std::string_view text) noexcept;
// In UTC, to the second: "2027-01-31T12:00:00Z".
std::string to_text(Instant instant);
void describe(Text<Instant>& text);

}  // namespace sluice::config

// SPDX-License-Identifier: Apache-2.0
// HTTP dates (RFC 9110 section 5.6.7): writes IMF-fixdate, reads all three forms. Used for Date and
// Retry-After.
#pragma once
#include <array>
#include <cstddef>
#include <ctime>
#include <optional>
#include <string_view>

#include "gateway/net/loop.h"

namespace sluice::http {

inline constexpr std::size_t kDateLength = 29;  // "Sun, 06 Nov 1994 08:49:37 GMT"
using DateText = std::array<char, kDateLength>;

// Seconds since the epoch, years 1 to 9999; others are clamped. Thread-safe, ignores TZ and locale.
DateText format_date(std::time_t when) noexcept;
inline std::string_view view(const DateText& text) noexcept { return {text.data(), text.size()}; }
// The present second of the loop's clock as text, made once a second and thread. Until the next call.
std::string_view date_now(const net::Loop& loop) noexcept;
// nullopt if `text` is none of IMF-fixdate, RFC 850 date (two-digit years: 1970 to 2069) and asctime.
std::optional<std::time_t> parse_date(std::string_view text) noexcept;

}  // namespace sluice::http

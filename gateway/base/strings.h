// SPDX-License-Identifier: Apache-2.0
// Text helpers that the field's protocols need and the standard library lacks: ASCII case, numbers, "did you
// mean".
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::base {

inline char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
// Of ASCII: TAB and line ends are control characters too.
inline bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
// ASCII only, as field names and hosts are compared (RFC 9110 section 5.1).
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
std::string to_lower(std::string_view s);
// Without spaces and tabs at both ends (OWS of RFC 9110 section 5.6.3).
std::string_view trim(std::string_view s) noexcept;
// Digits only, no sign, no space; nullopt when empty, not a number or over 2^64-1.
std::optional<std::uint64_t> parse_decimal(std::string_view s) noexcept;
// Next element of a comma separated list (RFC 9110 section 5.6.1), trimmed; advances `rest`. False at the
// end. Empty elements are skipped.
bool next_token(std::string_view& rest, std::string_view& token) noexcept;
// Does a comma separated list hold `token`, ignoring case?
bool has_token(std::string_view list, std::string_view token) noexcept;
// The known word nearest to `word`, if near enough to be a typing error (Damerau-Levenshtein distance at most
// a third of its length, at least 1); "" if none.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);
// `*` stands for any run of characters; ASCII case ignored. Linear in the length of the text for one star,
// never exponential.
bool glob_match(std::string_view glob, std::string_view text) noexcept;

}  // namespace sluice::base

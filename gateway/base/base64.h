// SPDX-License-Identifier: Apache-2.0
// Base64 with padding (RFC 4648 section 4), as fields of HTTP are written, and base64url without it (section
// 5), as tokens and keys are. Strict unless the name says otherwise: one text for each sequence of bytes, so
// that no token has a second spelling.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::base {

// nullopt for padding, blanks, characters of other alphabets, and bits left over that are not zero.
std::optional<std::string> decode_base64url(std::string_view text);
std::string encode_base64url(std::string_view bytes);

std::optional<std::string> decode_base64(std::string_view text);
// Into `out`, which has room for three bytes for every four characters; how many bytes those are.
std::optional<std::size_t> decode_base64(std::string_view text, char* out) noexcept;
// Takes padding that is missing or too short, as parsers of structured fields should (RFC 9651
// section 4.2.7).
std::optional<std::string> decode_base64_loosely_padded(std::string_view text);

constexpr std::size_t base64_size(std::size_t bytes) noexcept { return (bytes + 2) / 3 * 4; }
std::string encode_base64(std::string_view bytes);
// To `out`, which has room for base64_size(); its end.
char* write_base64(char* out, std::string_view bytes) noexcept;

// For texts that come in pieces: the six bits that a digit of section 4 stands for, -1 for anything else.
int base64_value(char digit) noexcept;

}  // namespace sluice::base

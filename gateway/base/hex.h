// SPDX-License-Identifier: Apache-2.0
// Hexadecimal digits: of digests and ids, two lower-case ones for each byte, and of percent-encoding.
#pragma once
#include <string>
#include <string_view>

namespace sluice::base {

inline constexpr char kHexDigits[] = "0123456789abcdef";
inline constexpr char kUpperHexDigits[] = "0123456789ABCDEF";

std::string to_hex(std::string_view bytes);

// These write to `out`, which has room, and return its end.
inline char* write_hex(char* out, unsigned char byte) noexcept {
  *out++ = kHexDigits[byte >> 4];
  *out++ = kHexDigits[byte & 15];
  return out;
}
// "%2F", in upper case (RFC 3986 section 2.1).
inline char* write_percent_encoded(char* out, unsigned char byte) noexcept {
  *out++ = '%';
  *out++ = kUpperHexDigits[byte >> 4];
  *out++ = kUpperHexDigits[byte & 15];
  return out;
}

// What a digit of either case stands for, -1 for anything else.
inline int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  char l = static_cast<char>(c | 0x20);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

}  // namespace sluice::base

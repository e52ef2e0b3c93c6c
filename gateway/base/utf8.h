// SPDX-License-Identifier: Apache-2.0
// UTF-8 as RFC 3629 defines it: for texts that are checked (configuration, JSON) or must stay valid where
// they are read again (logs, metric labels).
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::base {

// Bytes of the well-formed sequence that `text` begins with, 1 to 4; 0 if it begins with none (overlong
// forms, surrogates and numbers above U+10FFFF are not well-formed).
constexpr std::size_t utf8_sequence(std::string_view text) noexcept {
  if (text.empty()) return 0;
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto follows = [&](std::size_t i, unsigned char from, unsigned char to) {
    return i < text.size() && byte(i) >= from && byte(i) <= to;
  };
  unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  if (first < 0xe0) return follows(1, 0x80, 0xbf) ? 2 : 0;
  if (first < 0xf0) {
    bool second = follows(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
    return second && follows(2, 0x80, 0xbf) ? 3 : 0;
  }
  bool second = follows(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
  return second && follows(2, 0x80, 0xbf) && follows(3, 0x80, 0xbf) ? 4 : 0;
}

// Writes the character with that number, at most U+10FFFF, as 1 to 4 bytes; returns the end of them.
constexpr char* encode_utf8(char* out, std::uint32_t character) noexcept {
  auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xc0 | character >> 6);
    put(0x80 | (character & 0x3f));
  } else if (character < 0x10000) {
    put(0xe0 | character >> 12);
    put(0x80 | (character >> 6 & 0x3f));
    put(0x80 | (character & 0x3f));
  } else {
    put(0xf0 | character >> 18);
    put(0x80 | (character >> 12 & 0x3f));
    put(0x80 | (character >> 6 & 0x3f));
    put(0x80 | (character & 0x3f));
  }
  return out;
}

}  // namespace sluice::base

// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/base64.h"

#include <array>
#include <cstdint>

namespace sluice::base {
namespace {

struct Alphabet {
  std::string_view letters;
  std::array<std::int8_t, 256> values{};

  constexpr explicit Alphabet(std::string_view all) : letters(all) {
    values.fill(-1);
    for (std::size_t i = 0; i < all.size(); ++i)
      values[static_cast<unsigned char>(all[i])] = static_cast<std::int8_t>(i);
  }
};

constexpr Alphabet kUrl("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
constexpr Alphabet kPlain("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

// Of a text without its padding.
std::optional<std::size_t> decode(std::string_view text, char* out, const Alphabet& alphabet) noexcept {
  if (text.size() % 4 == 1) return std::nullopt;
  char* end = out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (char c : text) {
    auto value = alphabet.values[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    *end++ = static_cast<char>(bits >> held & 0xFF);
  }
  if ((bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return static_cast<std::size_t>(end - out);
}

std::optional<std::string> decode(std::string_view text, const Alphabet& alphabet) {
  std::string out(text.size() * 3 / 4, '\0');
  if (!decode(text, out.data(), alphabet)) return std::nullopt;
  return out;
}

std::string_view without_padding(std::string_view text) noexcept {
  if (text.ends_with('=')) text.remove_suffix(1);
  if (text.ends_with('=')) text.remove_suffix(1);
  return text;
}

char* encode(char* out, std::string_view bytes, const Alphabet& alphabet) noexcept {
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) *out++ = alphabet.letters[bits >> (held - 6) & 63];
  }
  if (held) *out++ = alphabet.letters[bits << (6 - held) & 63];
  return out;
}

}  // namespace

std::optional<std::string> decode_base64url(std::string_view text) { return decode(text, kUrl); }

std::string encode_base64url(std::string_view bytes) {
  std::string out(base64_size(bytes.size()), '\0');
  out.resize(static_cast<std::size_t>(encode(out.data(), bytes, kUrl) - out.data()));
  return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  return decode(without_padding(text), kPlain);
}

std::optional<std::size_t> decode_base64(std::string_view text, char* out) noexcept {
  if (text.size() % 4 != 0) return std::nullopt;
  return decode(without_padding(text), out, kPlain);
}

std::optional<std::string> decode_base64_loosely_padded(std::string_view text) {
  return decode(without_padding(text), kPlain);
}

std::string encode_base64(std::string_view bytes) {
  std::string out(base64_size(bytes.size()), '\0');
  write_base64(out.data(), bytes);
  return out;
}

char* write_base64(char* out, std::string_view bytes) noexcept {
  char* end = encode(out, bytes, kPlain);
  while ((end - out) % 4 != 0) *end++ = '=';
  return end;
}

int base64_value(char digit) noexcept { return kPlain.values[static_cast<unsigned char>(digit)]; }

}  // namespace sluice::base

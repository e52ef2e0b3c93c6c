// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/base64url.h"

#include <array>
#include <cstdint>

namespace sluice::jose {
namespace {

constexpr std::uint8_t kNone = 0xFF;

struct Alphabet {
  std::string_view letters;
  std::array<std::uint8_t, 256> values{};

  constexpr explicit Alphabet(std::string_view all) : letters(all) {
    values.fill(kNone);
    for (std::size_t i = 0; i < all.size(); ++i)
      values[static_cast<unsigned char>(all[i])] = static_cast<std::uint8_t>(i);
  }
};

constexpr Alphabet kUrl("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
constexpr Alphabet kPlain("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

std::optional<std::string> decode(std::string_view text, const Alphabet& alphabet) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (char c : text) {
    std::uint8_t value = alphabet.values[static_cast<unsigned char>(c)];
    if (value == kNone) return std::nullopt;
    bits = bits << 6 | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xFF);
  }
  if ((bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return out;
}

std::string encode(std::string_view bytes, const Alphabet& alphabet) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3 + 2);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += alphabet.letters[bits >> (held - 6) & 63];
  }
  if (held) out += alphabet.letters[bits << (6 - held) & 63];
  return out;
}

}  // namespace

std::optional<std::string> decode_base64url(std::string_view text) { return decode(text, kUrl); }
std::string encode_base64url(std::string_view bytes) { return encode(bytes, kUrl); }

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with('=')) text.remove_suffix(1);
  if (text.ends_with('=')) text.remove_suffix(1);
  return decode(text, kPlain);
}
std::string encode_base64(std::string_view bytes) {
  std::string out = encode(bytes, kPlain);
  while (out.size() % 4 != 0) out += '=';
  return out;
}

}  // namespace sluice::jose

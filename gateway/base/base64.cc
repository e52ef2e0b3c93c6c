// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/base64.h"

#include <array>
#include <cstdint>

namespace sluice::base {
namespace {

struct Alphabet {
  std::string_view letters;
  // What a letter means at each of the four places of a quad, already shifted there; -1: no letter.
  std::array<std::array<std::int32_t, 256>, 4> places{};

  constexpr explicit Alphabet(std::string_view all) : letters(all) {
    for (std::size_t place = 0; place < 4; ++place) {
      places[place].fill(-1);
      for (std::size_t i = 0; i < all.size(); ++i)
        places[place][static_cast<unsigned char>(all[i])] = static_cast<std::int32_t>(i << (18 - 6 * place));
    }
  }
  constexpr std::int32_t at(std::size_t place, char letter) const noexcept {
    return places[place][static_cast<unsigned char>(letter)];
  }
};

constexpr Alphabet kUrl("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
constexpr Alphabet kPlain("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

// Of a text without its padding.
std::optional<std::size_t> decode(std::string_view text, char* out, const Alphabet& alphabet) noexcept {
  if (text.size() % 4 == 1) return std::nullopt;
  char* end = out;
  const char *in = text.data(), *quads = in + text.size() / 4 * 4;
  for (; in != quads; in += 4, end += 3) {
    auto bits = alphabet.at(0, in[0]) | alphabet.at(1, in[1]) | alphabet.at(2, in[2]) | alphabet.at(3, in[3]);
    if (bits < 0) return std::nullopt;
    end[0] = static_cast<char>(bits >> 16);
    end[1] = static_cast<char>(bits >> 8);
    end[2] = static_cast<char>(bits);
  }
  if (auto rest = text.size() % 4; rest != 0) {
    auto bits = alphabet.at(0, in[0]) | alphabet.at(1, in[1]) | (rest == 3 ? alphabet.at(2, in[2]) : 0);
    // What is beyond the last whole byte must be zero, so that nothing can be written in two ways.
    if (bits < 0 || (bits & (rest == 3 ? 0xFF : 0xFFFF)) != 0) return std::nullopt;
    *end++ = static_cast<char>(bits >> 16);
    if (rest == 3) *end++ = static_cast<char>(bits >> 8);
  }
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

int base64_value(char digit) noexcept { return kPlain.at(3, digit); }

}  // namespace sluice::base

// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/basic_credentials.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "gateway/base/strings.h"

namespace sluice::chain {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 255;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> out{};
  for (auto& value : out) value = kNone;
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    out[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return out;
}();

// RFC 4648 section 4: padded, nothing between the digits, no bits left over. Writes to `out`, which has room
// for three bytes for every four digits; false if `text` is anything else.
bool decode_base64(std::string_view text, char* out, std::size_t& size) noexcept {
  size = 0;
  if (text.size() % 4 != 0) return false;
  std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (char c : text) {
    std::uint8_t value = kValues[static_cast<unsigned char>(c)];
    if (value == kNone) return false;
    bits = bits << 6 | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out[size++] = static_cast<char>(bits >> held & 0xff);
  }
  return (bits & ((1u << held) - 1)) == 0;
}

bool has_control(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

bool has_scheme(std::string_view authorization, std::string_view scheme, std::string_view& rest) noexcept {
  if (authorization.size() < scheme.size() ||
      !base::equal_ignoring_case(authorization.substr(0, scheme.size()), scheme))
    return false;
  rest = authorization.substr(scheme.size());
  if (!rest.empty() && rest.front() != ' ' && rest.front() != '\t') return false;  // "Basically"
  rest = base::trim(rest);
  return true;
}

BasicCredentials parse_basic(std::string_view encoded, base::Arena& arena) {
  constexpr std::size_t kLongest =
      (BasicCredentials::kLongestUser + BasicCredentials::kLongestPassword + 3) / 3 * 4;
  BasicCredentials out;
  if (encoded.empty()) return {{}, {}, "the credentials behind `Basic` are missing"};
  if (encoded.size() > kLongest) return {{}, {}, "user and password are too long"};
  char* decoded = arena.chars(encoded.size() / 4 * 3 + 3);
  std::size_t size = 0;
  if (!decode_base64(encoded, decoded, size)) return {{}, {}, "the credentials are not in Base64"};
  std::string_view both(decoded, size);
  std::size_t colon = both.find(':');
  if (colon == std::string_view::npos)
    return {{}, {}, "the credentials have no colon between user and password"};
  out.user = both.substr(0, colon);
  out.password = both.substr(colon + 1);
  // A NUL would end the password for the functions that hash it.
  if (has_control(both)) return {{}, {}, "the credentials hold control characters"};
  if (out.user.size() > BasicCredentials::kLongestUser ||
      out.password.size() > BasicCredentials::kLongestPassword)
    return {{}, {}, "user and password are too long"};
  return out;
}

}  // namespace sluice::chain

// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/claims.h"

#include <algorithm>
#include <optional>

#include "gateway/base/hex.h"
#include "gateway/json/text.h"

namespace sluice::chain {
namespace {

bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Of the escape that the text begins with; 0 if it is none.
std::size_t escape_size(std::string_view text) noexcept {
  constexpr std::string_view kOfOne = "\"\\/bfnrt";
  if (text.size() < 2) return 0;
  if (text[1] != 'u') return kOfOne.find(text[1]) == std::string_view::npos ? 0 : 2;
  auto digits = text.substr(2, 4);
  bool hex = std::all_of(digits.begin(), digits.end(), [](char c) { return base::hex_value(c) >= 0; });
  return digits.size() == 4 && hex ? 6 : 0;
}

// Walks over the elements of an array of JSON that somebody else has parsed already: whatever is odd here
// matches nothing.
class Elements {
 public:
  explicit Elements(std::string_view array) noexcept : rest_(array.substr(1)) {}

  bool hold(std::string_view wanted) noexcept {
    while (!rest_.empty()) {
      char c = rest_.front();
      if (blank(c) || c == ',') {
        rest_.remove_prefix(1);
      } else if (c == '"') {
        auto text = string();
        if (text && json::says(*text, wanted)) return true;
      } else if (c == '[' || c == '{') {
        skip_nested();
      } else if (c == ']') {
        return false;
      } else {
        std::size_t end = std::min(rest_.find_first_of(",] \t\r\n"), rest_.size());
        if (rest_.substr(0, end) == wanted) return true;  // a number, true, false, null
        rest_.remove_prefix(end);
      }
    }
    return false;
  }

 private:
  // At a quote: the inside of the string. One that is odd is the last of the array.
  std::optional<std::string_view> string() noexcept {
    rest_.remove_prefix(1);
    std::size_t size = 0, step = 1;
    for (; size < rest_.size() && rest_[size] != '"' && step > 0; size += step)
      step = rest_[size] == '\\' ? escape_size(rest_.substr(size)) : 1;
    if (size >= rest_.size() || step == 0) {
      rest_ = {};
      return std::nullopt;
    }
    auto inside = rest_.substr(0, size);
    rest_.remove_prefix(size + 1);
    return inside;
  }
  void skip_nested() noexcept {
    int depth = 0;
    while (!rest_.empty()) {
      char c = rest_.front();
      if (c == '"') {
        string();
        continue;
      }
      rest_.remove_prefix(1);
      if (c == '[' || c == '{') ++depth;
      if ((c == ']' || c == '}') && --depth == 0) return;
    }
  }

  std::string_view rest_;
};

}  // namespace

const Claim* find_claim(std::span<const Claim> claims, std::string_view name) noexcept {
  for (const Claim& claim : claims)
    if (claim.name == name) return &claim;
  return nullptr;
}

bool claim_says(const Claim& claim, std::string_view wanted) noexcept {
  if (claim.text == wanted) return true;
  return claim.text.starts_with('[') && Elements(claim.text).hold(wanted);
}

bool claims_say(std::span<const Claim> claims, std::string_view name, std::string_view wanted) noexcept {
  return std::any_of(claims.begin(), claims.end(),
                     [&](const Claim& c) { return c.name == name && claim_says(c, wanted); });
}

}  // namespace sluice::chain

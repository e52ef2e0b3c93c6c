// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/claims.h"

#include <algorithm>

namespace sluice::chain {
namespace {

bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

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
        if (text_is(wanted)) return true;
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
  // At a quote. A text with an escape other than those of a single character is not compared.
  bool text_is(std::string_view wanted) noexcept {
    bool same = true;
    for (rest_.remove_prefix(1); !rest_.empty() && rest_.front() != '"'; rest_.remove_prefix(1)) {
      if (rest_.front() == '\\') {
        rest_.remove_prefix(1);
        if (rest_.empty()) return false;
        char c = rest_.front();
        if (c != '"' && c != '\\' && c != '/') same = false;
      }
      same = same && !wanted.empty() && wanted.front() == rest_.front();
      if (same) wanted.remove_prefix(1);
    }
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);
    return same && wanted.empty();
  }
  void skip_nested() noexcept {
    int depth = 0;
    while (!rest_.empty()) {
      char c = rest_.front();
      if (c == '"') {
        text_is({});
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

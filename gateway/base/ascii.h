// SPDX-License-Identifier: Apache-2.0
// What single characters and ends of ASCII texts are, for parsers. Anything else is a byte like others.
#pragma once
#include <string_view>

namespace sluice::base {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// "/a//" is "/a", and "/" nothing.
constexpr std::string_view without_slashes_at_end(std::string_view path) noexcept {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace sluice::base

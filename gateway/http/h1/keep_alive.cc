// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/keep_alive.h"

#include <algorithm>

#include "gateway/base/strings.h"

namespace sluice::http::h1 {
namespace {

constexpr std::string_view kName = "timeout";
constexpr std::uint64_t kLongest = 24 * 60 * 60;  // seconds; keeps the sum of times far from overflow

}  // namespace

std::optional<base::Duration> keep_alive_timeout(std::string_view field) noexcept {
  std::string_view option;
  while (base::next_token(field, option)) {
    auto equals = option.find('=');
    if (equals == option.npos || !base::equal_ignoring_case(base::trim(option.substr(0, equals)), kName))
      continue;
    auto value = base::trim(option.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    auto seconds = base::parse_decimal(value);
    if (!seconds) return std::nullopt;
    return std::chrono::seconds(std::min(*seconds, kLongest));
  }
  return std::nullopt;
}

}  // namespace sluice::http::h1

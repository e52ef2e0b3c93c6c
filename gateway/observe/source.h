// SPDX-License-Identifier: Apache-2.0
// Source: who made a response, the same word in metrics and logs.
#pragma once
#include <cstdint>
#include <string_view>

namespace sluice::observe {

// gateway: a local reply, or a handler that answers by itself such as respond.
enum class Source : std::uint8_t { gateway, upstream };

constexpr std::string_view name(Source source) noexcept {
  return source == Source::gateway ? "gateway" : "upstream";
}

}  // namespace sluice::observe

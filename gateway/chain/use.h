// SPDX-License-Identifier: Apache-2.0
// UseConfig: a filter as an operator asks for it: by the name of its policy, or in place with its settings.
// An entry of every `use`, and of filters that are made of others.
#pragma once
#include <cstddef>
#include <string>

#include "gateway/config/describe.h"

namespace sluice::chain {

// In one list. A chain can hold those of a listener, of the file and of a route together; checking their
// order takes the square of their number.
inline constexpr std::size_t kMostFilters = 256;

struct UseConfig {
  std::string policy;
  config::Choice filter;
  bool operator==(const UseConfig&) const = default;
};
void describe(config::Description<UseConfig>& d);

}  // namespace sluice::chain

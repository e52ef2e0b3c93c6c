// SPDX-License-Identifier: Apache-2.0
// UseConfig: a filter as an operator asks for it: by the name of its policy, or in place with its settings.
// An entry of every `use`, and of filters that are made of others.
#pragma once
#include <string>

#include "gateway/config/describe.h"

namespace sluice::chain {

struct UseConfig {
  std::string policy;
  config::Choice filter;
  bool operator==(const UseConfig&) const = default;
};
void describe(config::Description<UseConfig>& d);

}  // namespace sluice::chain

// SPDX-License-Identifier: Apache-2.0
// The query of a page's address, as its parameters.
#pragma once
#include <algorithm>
#include <string_view>

#include "gateway/chain/escape.h"

namespace sluice::admin {

// Calls `fn(name, value)` for each, both decoded. `query` with or without its question mark.
template <class F>
void each_decoded(std::string_view query, F fn) {
  if (query.starts_with('?')) query.remove_prefix(1);
  chain::each_parameter(query, [&](std::string_view pair) {
    std::size_t equals = std::min(pair.find('='), pair.size());
    if (!pair.empty())
      fn(chain::decoded(pair.substr(0, equals)),
         chain::decoded(pair.substr(std::min(equals + 1, pair.size()))));
  });
}

}  // namespace sluice::admin

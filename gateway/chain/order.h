// SPDX-License-Identifier: Apache-2.0
// Order: objections to the order in which the filters of a route were written. What runs is what was written;
// this only says what cannot work (errors) and what is probably not meant (warnings). Asked by the checking
// pass.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/diagnostic.h"

namespace sluice::chain {

// One filter as written: its kind, the name that the operator knows it by, its settings.
struct Written {
  std::string_view kind;
  std::string_view name;
  const void* config = nullptr;
  bool of_route = false;  // in its own `use`: there for this handler
};

struct Objection {
  config::Severity severity;
  std::size_t index;  // of the filter complained about; their number for the handler
  std::string message;
  std::string hint;
};

// `handler` is the kind of handler at the end of the chain, `settings` are its settings, if they matter.
std::vector<Objection> object_to_order(std::span<const Written> filters, std::string_view handler,
                                       const void* settings = nullptr);

}  // namespace sluice::chain

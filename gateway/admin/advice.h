// SPDX-License-Identifier: Apache-2.0
// What whoever runs the gateway should look at, for each reason of base/reasons.def. From advice.def.
#pragma once
#include <string_view>

#include "gateway/base/error.h"

namespace sluice::admin {

struct Advice {
  std::string_view reason;   // by name
  std::string_view setting;  // "timeouts.first_byte"; "" where none decides
  std::string_view text;     // "" if there is nothing to say
};

// Never null texts; all empty for Reason::none and for reasons without a line.
Advice advice(base::Reason reason) noexcept;

}  // namespace sluice::admin

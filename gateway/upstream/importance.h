// SPDX-License-Identifier: Apache-2.0
// Importance: whose requests go first where not all can be served. A route says it, filters may change it
// once it is known who calls; it travels in chain::Exchange. Compared by order: what is less important is
// refused first.
#pragma once
#include <string_view>

#include "gateway/config/describe.h"

namespace sluice::upstream {

enum class Importance : unsigned char { low, normal, critical };
void describe(config::Enumeration<Importance>& e);
// As written: "low".
std::string_view name(Importance importance) noexcept;

}  // namespace sluice::upstream

// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>

namespace sluice::base {

// The order of counters and marks that guard nothing else: whoever reads one infers nothing of other memory.
inline constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace sluice::base

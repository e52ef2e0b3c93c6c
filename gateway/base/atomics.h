// SPDX-License-Identifier: Apache-2.0
// The memory order of counters and marks that guard nothing else: whoever reads one infers nothing of other memory.
#pragma once
#include <atomic>

namespace sluice::base {

inline constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace sluice::base

// SPDX-License-Identifier: Apache-2.0
// What the reply of a script comes to. A store may be wrong or say anything: nothing of it is believed beyond
// what the limits themselves allow.
#pragma once
#include <cstdint>
#include <span>

#include "gateway/stores/counters.h"
#include "gateway/stores/quotas.h"

namespace sluice::stores {

inline constexpr std::uint64_t kMicrosecond = 1'000;  // in nanoseconds: scripts count in these
inline constexpr std::size_t kLimitValues = 5;        // of the reply of limit_script()
inline constexpr std::size_t kQuotaValues = 3;        // of that of quota_script()

// `values`: as the reply says them; `left`: of what was granted beyond the cost.
Taken taken_of(const Want& want, std::span<const std::uint64_t> values, std::uint64_t left);
Taken taken_of(const QuotaWant& want, std::span<const std::uint64_t> values);

}  // namespace sluice::stores

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/slow_start.h"

#include <algorithm>

namespace sluice::upstream {

bool SlowStart::coming_up(const Target& target, base::SteadyTime now) const noexcept {
  auto since = target.fresh_since();
  return since != base::SteadyTime{} && now - since < takes_;
}

std::uint32_t SlowStart::weight(std::uint32_t full, const Target& target,
                                base::SteadyTime now) const noexcept {
  if (!*this) return full;
  if (!coming_up(target, now)) return full * kParts;
  // The clock of this worker's round may be a little behind.
  auto passed = std::max(now - target.fresh_since(), base::Duration(0));
  double part = static_cast<double>(passed.count()) / static_cast<double>(takes_.count());
  return std::max(1u, static_cast<std::uint32_t>(part * full * kParts));
}

}  // namespace sluice::upstream

// SPDX-License-Identifier: Apache-2.0
// SlowStart: what share of its weight a target has while it comes up: none to all of it in a straight line,
// as a service that has just started has cold caches and no code compiled yet. Whoever is alone, or comes up
// together with all others, gets all requests all the same: weights are relative.
#pragma once
#include "gateway/upstream/target.h"

namespace sluice::upstream {

class SlowStart {
 public:
  // Weights are counted in this many parts, so that a weight of 1 has room to grow.
  static constexpr std::uint32_t kParts = 128;

  // Zero: no slow start.
  explicit SlowStart(base::Duration takes = {}) noexcept : takes_(takes) {}
  explicit operator bool() const noexcept { return takes_.count() > 0; }

  // At least 1.
  std::uint32_t weight(std::uint32_t full, const Target& target, base::SteadyTime now) const noexcept;
  bool coming_up(const Target& target, base::SteadyTime now) const noexcept;
  // After which weights are to be looked at again.
  base::Duration step() const noexcept { return takes_ / kParts; }

 private:
  base::Duration takes_;
};

}  // namespace sluice::upstream

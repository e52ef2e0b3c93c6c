// SPDX-License-Identifier: Apache-2.0
// Backoff: the wait before a retry, exponential with full jitter, so that those who failed together do not
// come back together (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015).
#pragma once
#include <algorithm>

#include "gateway/base/clock.h"
#include "gateway/upstream/random.h"
#include "gateway/upstream/timeouts.h"

namespace sluice::upstream {

// Before the n-th retry, n from 1. Different for each `now` to the nanosecond: that is random enough.
inline base::Duration backoff(const BackoffConfig& config, unsigned n, base::SteadyTime now) noexcept {
  base::Duration most = config.first * (std::int64_t{1} << std::min(n - 1, 20u));
  most = std::min<base::Duration>(most, config.most);
  Random random(static_cast<std::uint64_t>(now.time_since_epoch().count()));
  return base::Duration(random.below(static_cast<std::uint64_t>(most.count()) + 1));
}

}  // namespace sluice::upstream

// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/shadow.h"

namespace sluice::compose {

bool Shadow::enter(unsigned worker, bool frugal) const noexcept {
  if (!frugal && under_way_.fetch_add(1, std::memory_order_relaxed) < kMost) return true;
  if (!frugal) under_way_.fetch_sub(1, std::memory_order_relaxed);
  metrics_->count(worker, CallResult::cancelled);
  return false;
}

void Shadow::ended(unsigned worker, chain::Mirrored how) const noexcept {
  under_way_.fetch_sub(1, std::memory_order_relaxed);
  metrics_->count(worker, how == chain::Mirrored::answered  ? CallResult::ok
                          : how == chain::Mirrored::timeout ? CallResult::timeout
                                                            : CallResult::failed);
}

}  // namespace sluice::compose

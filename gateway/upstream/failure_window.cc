// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/failure_window.h"

#include <algorithm>

#include "gateway/base/atomics.h"

namespace sluice::upstream {

bool FailureWindow::failed(const Rule& rule, std::uint32_t ended, base::SteadyTime now) noexcept {
  Time time = now.time_since_epoch().count();
  Time began = began_.load(base::kRelaxed);
  bool over = began == kNone || time - began >= rule.span.count();
  if (over && began_.compare_exchange_strong(began, time, base::kRelaxed)) {
    before_.store(ended - 1, base::kRelaxed);
    failures_.store(0, base::kRelaxed);
  }
  auto failures = failures_.fetch_add(1, base::kRelaxed) + 1;
  // What failed has ended: other threads may have counted the one and not yet the other.
  auto requests = std::max(ended - before_.load(base::kRelaxed), failures);
  return requests >= rule.at_least && 100.0 * failures >= rule.percent * requests;
}

}  // namespace sluice::upstream

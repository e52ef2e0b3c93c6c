// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/policy_metrics.h"

namespace sluice::observe {

std::string_view name(Decision decision) noexcept {
  switch (decision) {
    case Decision::allow:
      return "allow";
    case Decision::deny:
      return "deny";
    case Decision::error:
      return "error";
    case Decision::dry_run:
      return "dry_run";
  }
  return "";
}

PolicyMetrics::PolicyMetrics(SeriesStore& store, std::string_view policy, std::string_view type)
    : cells_(store.workers()) {
  for (std::size_t i = 0; i < kDecisions; ++i)
    series_[i] = store.series(Family::sluice_policy_decisions_total,
                              {policy, type, observe::name(static_cast<Decision>(i))});
}

Cell* PolicyMetrics::make(unsigned worker, Decision decision) const {
  return series_[static_cast<std::size_t>(decision)].cells(worker);
}

PolicyTimes::PolicyTimes(SeriesStore& store, std::string_view policy, std::string_view type)
    : series_(store.series(Family::sluice_policy_seconds, {policy, type})), workers_(store.workers()) {}

}  // namespace sluice::observe

// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/metrics.h"

#include <utility>

namespace sluice::compose {

using observe::Family;

std::string_view name(CallResult result) noexcept {
  constexpr std::string_view kNames[kCallResults] = {"ok",      "cached",  "skipped",   "reference", "status",
                                                     "invalid", "timeout", "cancelled", "failed"};
  return kNames[static_cast<std::size_t>(result)];
}

CallMetrics::CallMetrics(observe::SeriesStore& store, std::string route, std::string call)
    : store_(store),
      route_(std::move(route)),
      call_(std::move(call)),
      ok_(store.series(Family::sluice_compose_calls_total, {route_, call_, name(CallResult::ok)})),
      time_(store.series(Family::sluice_compose_call_duration_seconds, {route_, call_})),
      workers_(store.workers()) {}

// Results that do not happen have no series: a route has many calls, and there are many routes.
observe::Cell* CallMetrics::make(unsigned worker, CallResult result) {
  if (result == CallResult::ok) return ok_.cells(worker);
  auto series = store_.series(Family::sluice_compose_calls_total, {route_, call_, name(result)});
  return workers_[worker].series.emplace_back(std::move(series)).cells(worker);
}

}  // namespace sluice::compose

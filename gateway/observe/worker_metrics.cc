// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/worker_metrics.h"

namespace sluice::observe {

WorkerMetrics::WorkerMetrics(SeriesStore& store, unsigned worker)
    : series_(store.series(Family::sluice_event_loop_lag_seconds, {})), lag_(series_.cells(worker)) {}

double BusyRatio::read(const LoopTimes& now) noexcept {
  constexpr std::uint64_t kShortest = 100'000'000;
  auto busy = now.busy_nanoseconds - last_.busy_nanoseconds;
  auto all = busy + now.idle_nanoseconds - last_.idle_nanoseconds;
  if (all >= kShortest) {
    ratio_ = static_cast<double>(busy) / static_cast<double>(all);
    last_ = now;
  }
  return ratio_;
}

}  // namespace sluice::observe

// SPDX-License-Identifier: Apache-2.0
// Metrics of one worker's event loop, fed by the code that runs the loop. The worker's thread writes, the
// admin thread reads.
#pragma once
#include <atomic>

#include "gateway/observe/cells.h"
#include "gateway/observe/series.h"

namespace sluice::observe {

class alignas(64) WorkerMetrics {
 public:
  WorkerMetrics(SeriesStore& store, unsigned worker);

  // A periodic tick came this much later than it was due.
  void loop_lag(base::Duration late) noexcept { lag_.observe(late); }
  // One turn of the loop: how long it waited for events and how long it then worked.
  void loop_turn(base::Duration waited, base::Duration worked) noexcept {
    busy_ns_ += worked.count();
    total_ns_ += worked.count() + waited.count();
    if (total_ns_ >= kWindow.count()) publish();
  }
  // Share of time that was not spent waiting, over the last full window. Any thread.
  double busy_ratio() const noexcept { return busy_ratio_.load(std::memory_order_relaxed); }

 private:
  static constexpr base::Duration kWindow = std::chrono::seconds(1);
  void publish() noexcept;

  SeriesRef lag_series_;
  DurationCells lag_;
  base::Duration::rep busy_ns_ = 0;
  base::Duration::rep total_ns_ = 0;
  std::atomic<double> busy_ratio_{0};
};

}  // namespace sluice::observe

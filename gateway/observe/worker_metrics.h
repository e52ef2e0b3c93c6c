// SPDX-License-Identifier: Apache-2.0
// Metrics of one worker's event loop, fed by the code that runs the loop on the worker's thread.
#pragma once
#include "gateway/observe/cells.h"
#include "gateway/observe/series.h"

namespace sluice::observe {

class alignas(64) WorkerMetrics {
 public:
  WorkerMetrics(SeriesStore& store, unsigned worker);

  // A periodic tick came this much later than it was due.
  void loop_lag(base::Duration late) noexcept { lag_.observe(late); }

 private:
  SeriesRef series_;
  DurationCells lag_;
};

// Time that a loop has spent since its start.
struct LoopTimes {
  std::uint64_t busy_nanoseconds = 0;
  std::uint64_t idle_nanoseconds = 0;
};

// Turns growing totals into the share of busy time since the last reading. One reader at a time.
class BusyRatio {
 public:
  // The same answer as before when less than a tenth of a second has passed, so that two scrapers do not
  // disturb each other.
  double read(const LoopTimes& now) noexcept;

 private:
  LoopTimes last_;
  double ratio_ = 0;
};

}  // namespace sluice::observe

// SPDX-License-Identifier: Apache-2.0
// Hedging: when a request that is late is made once more beside its first attempt, and how often: a share of
// the requests, so that a slow service does not get twice the load (Dean and Barroso, "The Tail at Scale",
// 2013). One for each route that forwards and each call; carried out by handlers/hedge.cc. Each worker has
// its own budget, and learns for itself how long answers take.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "gateway/observe/result_metrics.h"
#include "gateway/upstream/latency_window.h"
#include "gateway/upstream/timeouts.h"

namespace sluice::upstream {

class Hedging {
 public:
  enum class Result : std::size_t { won, lost, over_budget };
  // Second attempts that a worker saves up for, at most: after a quiet time.
  static constexpr double kMost = 10;

  Hedging(const HedgeConfig& config, unsigned workers, observe::SeriesStore& store,
          std::string_view upstream);
  Hedging(const Hedging&) = delete;

  // A request that may be made twice begins: how long to wait before that. Unset: too little is known.
  // All on that worker's thread.
  std::optional<base::Duration> begin(unsigned worker) noexcept;
  // Its first attempt was answered, or given up, after so long.
  void took(unsigned worker, base::Duration took) noexcept {
    if (!after_) own_[worker].window.add(took);
  }
  // May it be made twice, as far as the budget goes?
  bool take(unsigned worker) noexcept;
  void count(unsigned worker, Result result) noexcept {
    metrics_.count(worker, static_cast<std::size_t>(result));
  }

 private:
  struct alignas(64) Own {
    double left = kMost;
    LatencyWindow window;
  };

  std::optional<base::Duration> after_;
  double share_;  // of 1
  std::vector<Own> own_;
  observe::ResultMetrics metrics_;
};

}  // namespace sluice::upstream

// SPDX-License-Identifier: Apache-2.0
// Hedging: how often one call may be made once more because its first request is late: a share of its
// requests, so that a slow service does not get twice the load. Each worker has its own budget.
#pragma once
#include <algorithm>
#include <memory>

#include "gateway/chain/per_worker.h"
#include "gateway/observe/result_metrics.h"

namespace sluice::compose {

class Hedging {
 public:
  enum class Result : std::size_t { won, lost, over_budget };

  // `share` of the requests, 0 to 1.
  Hedging(base::Duration after, double share, unsigned workers, observe::SeriesStore& store,
          std::string_view upstream)
      : after_(after),
        share_(share),
        left_(workers),
        metrics_(store, observe::Family::sluice_upstream_hedges_total, upstream, kResults) {}

  base::Duration after() const noexcept { return after_; }
  // A request is made.
  void add(unsigned worker) const { left(worker) = std::min(kMost, left(worker) + share_); }
  // May another one be made beside it?
  bool take(unsigned worker) const {
    double& left = this->left(worker);
    if (left < 1) return false;
    left -= 1;
    return true;
  }
  void count(unsigned worker, Result result) const {
    metrics_.count(worker, static_cast<std::size_t>(result));
  }

 private:
  static constexpr double kMost = 10;  // at once, after a quiet time
  static constexpr std::string_view kResults[] = {"won", "lost", "over_budget"};

  double& left(unsigned worker) const {
    return left_.of(worker, [] { return std::make_unique<double>(kMost); });
  }

  base::Duration after_;
  double share_;
  chain::PerWorker<double> left_;
  mutable observe::ResultMetrics metrics_;
};

}  // namespace sluice::compose

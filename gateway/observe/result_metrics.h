// SPDX-License-Identifier: Apache-2.0
// ResultMetrics: how often something named in the configuration came to each of a few results: one counter a
// result, of a family with the labels (name, result). Held by filters; counts survive a reload as long as
// the old and the new one overlap. Workers count without locks.
#pragma once
#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/observe/cells.h"
#include "gateway/observe/series.h"

namespace sluice::observe {

class ResultMetrics {
 public:
  static constexpr std::size_t kMost = 7;

  // Each result shows with 0 from now on. At most kMost of them.
  ResultMetrics(SeriesStore& store, Family family, std::string_view name,
                std::span<const std::string_view> results) {
    for (std::string_view result : results) series_.push_back(store.series(family, {name, result}));
    workers_.resize(store.workers());
  }

  // By index of `results`. That worker's thread only.
  void count(unsigned worker, std::size_t result) noexcept {
    auto& cells = workers_[worker].cells;
    if (!cells[result]) cells[result] = series_[result].cells(worker);
    cells[result]->add(1);
  }

 private:
  struct alignas(64) OfWorker {
    std::array<Cell*, kMost> cells{};
  };
  std::vector<SeriesRef> series_;
  std::vector<OfWorker> workers_;
};

}  // namespace sluice::observe

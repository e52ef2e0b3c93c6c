// SPDX-License-Identifier: Apache-2.0
// Metrics of one policy: how often a filter let pass, refused, or could not tell, and how long it took.
// Sharing and lifetime are as for RouteMetrics; a filter without a policy of its own name counts under its
// kind.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/observe/series.h"

namespace sluice::observe {

// `dry_run`: would have been refused, but the filter only watches.
enum class Decision : std::uint8_t { allow, deny, error, dry_run };
inline constexpr std::size_t kDecisions = 4;
std::string_view name(Decision decision) noexcept;

class PolicyMetrics {
 public:
  // `type`: the kind of filter, "api_key".
  PolicyMetrics(SeriesStore& store, std::string_view policy, std::string_view type);

  // From that worker's thread only.
  void count(unsigned worker, Decision decision) {
    Cell*& cell = cells_[worker][static_cast<std::size_t>(decision)];
    if (!cell) cell = make(worker, decision);
    cell->add(1);
  }

 private:
  // A line of the cache for each worker.
  struct alignas(64) Cells : std::array<Cell*, kDecisions> {};
  Cell* make(unsigned worker, Decision decision) const;

  std::array<SeriesRef, kDecisions> series_;  // all are shown from the start, with 0
  std::vector<Cells> cells_;
};

// How long the filters of one policy took of those requests in which somebody looked.
class PolicyTimes {
 public:
  PolicyTimes(SeriesStore& store, std::string_view policy, std::string_view type);

  // From that worker's thread only.
  void observe(unsigned worker, base::Duration took) {
    auto& cells = workers_[worker].cells;
    if (!cells) cells = OverheadCells(series_.cells(worker));
    cells.observe(took);
  }

 private:
  struct alignas(64) OfWorker {
    OverheadCells cells;
  };
  SeriesRef series_;
  std::vector<OfWorker> workers_;
};

}  // namespace sluice::observe

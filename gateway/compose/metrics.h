// SPDX-License-Identifier: Apache-2.0
// CallMetrics: what became of the requests that one call of a composition has made, and how long they took.
// Labels are names from the configuration. Shared by the workers; each counts in cells of its own.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/observe/series.h"

namespace sluice::compose {

enum class CallResult : std::uint8_t {
  ok,
  cached,     // answered by what was kept of an earlier request
  skipped,    // left out by its condition, or for want of a call that was
  reference,  // not made for want of a value
  status,     // the service refused or failed
  invalid,    // what it answered cannot be read
  timeout,
  cancelled,  // given up: the client left, or a required call has failed
  failed      // for any other reason of the gateway's
};
inline constexpr std::size_t kCallResults = 9;
std::string_view name(CallResult result) noexcept;

class CallMetrics {
 public:
  CallMetrics(observe::SeriesStore& store, std::string route, std::string call);

  // Both from that worker's thread only.
  void count(unsigned worker, CallResult result) {
    observe::Cell*& cell = workers_[worker].cells[static_cast<std::size_t>(result)];
    if (!cell) cell = make(worker, result);
    cell->add(1);
  }
  void took(unsigned worker, base::Duration time) {
    auto& cells = workers_[worker].took;
    if (!cells) cells = observe::DurationCells(time_.cells(worker));
    cells.observe(time);
  }

 private:
  struct alignas(64) OfWorker {
    std::array<observe::Cell*, kCallResults> cells{};
    observe::DurationCells took;
    std::vector<observe::SeriesRef> series;  // of results other than ok
  };
  observe::Cell* make(unsigned worker, CallResult result);

  observe::SeriesStore& store_;
  std::string route_, call_;
  observe::SeriesRef ok_, time_;  // shown from the start
  std::vector<OfWorker> workers_;
};

}  // namespace sluice::compose

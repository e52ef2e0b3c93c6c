// SPDX-License-Identifier: Apache-2.0
// ConsumerMetrics: requests by consumer, of which only the busiest have a series of their own; all others are
// "other". Which ones is looked at with each scrape. Workers count every consumer in cells of their own,
// without locks once they have met it, so that the counts are exact; what is bounded is what is shown. A
// series never goes down: what a consumer does while it is not shown stays with "other" for good, and what it
// did while it was shown is kept for when it comes back. Must not outlive the store.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/base/key_hash.h"
#include "gateway/observe/cells.h"
#include "gateway/observe/codes.h"
#include "gateway/observe/series.h"

namespace sluice::observe {

class ConsumerMetrics {
 public:
  // Consumers that are told apart in memory; what comes after them is "other" at once.
  static constexpr std::size_t kMost = 100'000;

  ConsumerMetrics(SeriesStore& store, std::size_t top);

  // One request of the consumer of that id has ended. That worker's thread only.
  void count(unsigned worker, std::string_view consumer, int status) {
    auto& met = workers_[worker].met;
    auto found = met.find(consumer);
    Cells& cells = found != met.end() ? *found->second : meet(worker, consumer);
    cells.by_class[code_class(status)].add(1);
  }

 private:
  static constexpr std::size_t kClasses = 6;
  using Counts = std::array<std::uint64_t, kClasses>;

  struct alignas(64) Cells {
    std::array<Cell, kClasses> by_class;
  };
  struct Consumer {
    std::vector<std::unique_ptr<Cells>> cells;  // by worker; null until it has met the consumer
    Counts seen{}, own{};                       // up to the last scrape; and that part which it was shown for
    double weight = 0;                          // its requests of late
    bool shown = false;
  };
  using ById = std::map<std::string, Consumer, std::less<>>;
  struct alignas(64) OfWorker {
    std::unordered_map<std::string_view, Cells*, base::TextHash, std::equal_to<>> met;
  };

  Cells& meet(unsigned worker, std::string_view consumer);
  void emit(const Emit& tell);
  void choose(std::vector<ById::value_type*>& all) const;

  std::size_t top_;
  std::vector<OfWorker> workers_;
  std::mutex mutex_;  // guards the rest, and which cells there are
  ById consumers_;    // never fewer, so that ids and cells stay where they are
  Consumer crowd_;    // those beyond kMost
  Counts other_{};
  ScrapeRegistration scraped_;  // last, so that it ends first
};

}  // namespace sluice::observe

// SPDX-License-Identifier: Apache-2.0
// What SeriesStore keeps: the living series of each family. Internal to series.cc and gather.cc.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "gateway/base/key_hash.h"
#include "gateway/observe/cell_arena.h"
#include "gateway/observe/series.h"

namespace sluice::observe {

// Stands between the label values of a key; taken out of the values.
inline constexpr char kSeparator = '\x1f';
inline constexpr std::string_view kOverflow = "overflow";

struct SeriesStore::Arenas {
  explicit Arenas(unsigned workers) : of(workers) {}
  std::vector<CellArena> of;  // by worker
};

// One series: its label values, joined, and the cells of the workers that have used it.
class Series {
 public:
  Series(std::string key, std::size_t cells, std::vector<CellArena>& arenas)
      : key_(std::move(key)), count_(cells), arenas_(arenas), cells_(arenas.size()) {}
  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;
  ~Series() {
    for (std::size_t w = 0; w < cells_.size(); ++w)
      if (Cell* cells = cells_[w].load(std::memory_order_relaxed)) arenas_[w].give_back(cells, count_);
  }

  const std::string& key() const noexcept { return key_; }
  // That worker's cells, made when first asked for. Never from two threads for one worker.
  Cell* cells(unsigned worker) {
    Cell* cells = cells_[worker].load(std::memory_order_relaxed);
    if (!cells) {
      cells = arenas_[worker].take(count_);
      cells_[worker].store(cells, std::memory_order_release);
    }
    return cells;
  }
  // The sums over all workers, by cell. Any thread.
  std::vector<std::uint64_t> sums() const {
    std::vector<std::uint64_t> sums(count_);
    for (const auto& slot : cells_)
      if (const Cell* cells = slot.load(std::memory_order_acquire))
        for (std::size_t i = 0; i < count_; ++i) sums[i] += cells[i].value();
    return sums;
  }

  std::size_t users = 0;  // SeriesRefs; guarded by the family's mutex

 private:
  std::string key_;
  std::size_t count_;
  std::vector<CellArena>& arenas_;
  std::vector<std::atomic<Cell*>> cells_;  // by worker
};

struct SeriesByKey {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const noexcept { return base::TextHash()(key); }
  std::size_t operator()(const std::shared_ptr<Series>& series) const noexcept {
    return (*this)(series->key());
  }
  template <class A, class B>
  bool operator()(const A& a, const B& b) const noexcept {
    return text(a) == text(b);
  }

 private:
  static std::string_view text(std::string_view key) noexcept { return key; }
  static std::string_view text(const std::shared_ptr<Series>& series) noexcept { return series->key(); }
};

struct FamilyState {
  const FamilyRow& row;
  const FamilyOptions options;
  const std::size_t budget;
  std::vector<std::size_t> kept{};         // indexes of the labels that are exposed
  std::vector<std::string> label_names{};  // theirs, as exposed

  std::mutex mutex{};  // guards the rest
  std::unordered_set<std::shared_ptr<Series>, SeriesByKey, SeriesByKey> series{};
  std::shared_ptr<Series> overflow{};      // made when first needed
  std::map<std::string, double> values{};  // of set() and add(), by key
  std::size_t computed = 0;                // series that the sources made at the last scrape
  std::uint64_t refused = 0;
  bool warned = false;

  std::mutex sources_mutex{};  // held while they run
  std::map<std::uint64_t, std::function<void(const Emit&)>> sources{};
  std::uint64_t next_source = 1;

  FamilyState(const FamilyRow& of, FamilyOptions with, std::size_t series_budget);
  std::string key(LabelValues values) const;
  std::string overflow_key() const;
  // Mutex held. Counts the refusal and says so once.
  void refuse() noexcept;
};

}  // namespace sluice::observe

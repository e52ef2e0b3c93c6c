// SPDX-License-Identifier: Apache-2.0
// SeriesStore: all time series of the process, whatever they count. A series is a family plus label values;
// each worker that uses it gets cells of its own, and the scrape adds them up. Making a series locks and
// allocates: that is done when a snapshot is built or when a worker meets a combination for the first time.
// Used by the subjects (route_metrics.h and its like) and by the server layer; label values come from the
// configuration, never from a request. Must outlive everything that it handed out.
#pragma once
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/observe/cells.h"
#include "gateway/observe/families.h"

namespace prometheus {
struct MetricFamily;
}

namespace sluice::observe {

class Series;
class SeriesStore;
struct FamilyState;
using LabelValues = std::initializer_list<std::string_view>;

// Settings of one metric, from the configuration.
struct FamilyOptions {
  bool off = false;                 // not exposed
  bool full_codes = false;          // label `code` with the whole status instead of code_class
  std::vector<std::string> drop{};  // labels to leave out; series that differ only in them become one
  std::map<std::string, std::string> rename{};  // label as in the table -> as exposed
};

struct MetricsOptions {
  unsigned workers = 1;
  std::size_t series_budget = 10'000;               // per family
  std::size_t top_consumers = 0;                    // that are told apart; 0: none are counted
  std::map<std::string, FamilyOptions> families{};  // by full name
};

// Keeps one series alive, and its cells with it. Movable; release on any thread.
class SeriesRef {
 public:
  SeriesRef() = default;
  SeriesRef(SeriesRef&& other) noexcept;
  SeriesRef& operator=(SeriesRef&& other) noexcept;
  ~SeriesRef();
  // The cells of that worker in this series: one, or those of a histogram. Worker's own thread, or before it
  // runs.
  Cell* cells(unsigned worker) const;
  friend bool operator==(const SeriesRef& a, const SeriesRef& b) noexcept { return a.series_ == b.series_; }

 private:
  friend class SeriesStore;
  SeriesRef(SeriesStore& store, Family family, std::shared_ptr<Series> series) noexcept;
  SeriesStore* store_ = nullptr;
  Family family_{};
  std::shared_ptr<Series> series_;
};

// Takes one value computed at scrape; values with the same labels are added up.
using Emit = std::function<void(LabelValues, double)>;

// Ends a callback of at_scrape(): when the destructor returns, it is not running and will not run again.
class ScrapeRegistration {
 public:
  ScrapeRegistration() = default;
  ScrapeRegistration(ScrapeRegistration&& other) noexcept;
  ScrapeRegistration& operator=(ScrapeRegistration&& other) noexcept;
  ~ScrapeRegistration();

 private:
  friend class SeriesStore;
  ScrapeRegistration(SeriesStore& store, Family family, std::uint64_t id) noexcept;
  SeriesStore* store_ = nullptr;
  Family family_{};
  std::uint64_t id_ = 0;
};

class SeriesStore {
 public:
  explicit SeriesStore(MetricsOptions options);
  SeriesStore(const SeriesStore&) = delete;
  SeriesStore& operator=(const SeriesStore&) = delete;
  ~SeriesStore();

  unsigned workers() const noexcept { return options_.workers; }
  std::size_t top_consumers() const noexcept { return options_.top_consumers; }
  bool full_codes(Family family) const noexcept;
  // Not exposed, so that nobody need count it.
  bool off(Family family) const noexcept;

  // The series with these label values, one per name in the table. Beyond the budget of the family it is the
  // one series of the family whose values are all "overflow". Any thread.
  SeriesRef series(Family family, LabelValues values);

  // For what only the control thread counts, a few times a minute. Any thread.
  void set(Family family, LabelValues values, double value);
  void add(Family family, LabelValues values, double value);
  // As set(), and forgets all others that set() and add() made.
  void replace(Family family, LabelValues values, double value);
  // Calls `source` at each scrape, on the scraping thread; it must not register or unregister.
  [[nodiscard]] ScrapeRegistration at_scrape(Family family, std::function<void(const Emit&)> source);

  // How many series a family has now, and how often it was refused one.
  struct Usage {
    std::size_t series = 0;
    std::uint64_t refused = 0;
  };
  Usage usage(Family family);

  // One family with its present values, series sorted by labels; empty if there are none. Any one thread at a
  // time.
  prometheus::MetricFamily gather(Family family);

  struct Arenas;

 private:
  friend class SeriesRef;
  friend class ScrapeRegistration;
  void release(Family family, const std::shared_ptr<Series>& series) noexcept;
  FamilyState& state(Family family) noexcept;

  MetricsOptions options_;
  std::unique_ptr<Arenas> arenas_;
  std::vector<std::unique_ptr<FamilyState>> families_;
};

}  // namespace sluice::observe

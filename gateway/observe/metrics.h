// SPDX-License-Identifier: Apache-2.0
// MetricsRegistry: the metrics of the process (families.def) in one place. The server layer makes one before
// the first snapshot and destroys it after the last; a snapshot asks it for its routes, upstreams and
// listeners by name; workers then count through the handles without locks or shared cache lines; the admin
// server asks it for the text.
//
//   auto route = registry.route("orders");              // snapshot build, control thread
//   route->expect(http::Method::get, 200, Source::upstream);
//   RouteCells& cells = route->on(worker);              // worker
//   cells.begin();
//   cells.end({.method = ..., .status = 200, ...});
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/observe/consumer_metrics.h"
#include "gateway/observe/listener_metrics.h"
#include "gateway/observe/log_losses.h"
#include "gateway/observe/policy_metrics.h"
#include "gateway/observe/route_metrics.h"
#include "gateway/observe/series.h"
#include "gateway/observe/upstream_metrics.h"
#include "gateway/observe/worker_metrics.h"

namespace sluice::observe {

enum class TargetState : std::uint8_t { healthy, unhealthy, ejected, draining };
std::string_view name(TargetState state) noexcept;

struct TargetReport {
  std::string target;  // as written in the configuration
  TargetState state = TargetState::healthy;
};

struct BuildLabels {
  std::string_view version, revision, compiler, tls;
};

enum class ReloadResult : std::uint8_t { ok, rejected, rolled_back };
std::string_view name(ReloadResult result) noexcept;

class MetricsRegistry {
 public:
  explicit MetricsRegistry(MetricsOptions options);

  // The living object of that name, or a new one; it goes, and its series with it, when the last holder lets
  // go. Any thread, but meant for snapshot building.
  std::shared_ptr<RouteMetrics> route(std::string_view name);
  std::shared_ptr<UpstreamMetrics> upstream(std::string_view name);
  std::shared_ptr<ListenerMetrics> listener(std::string_view name);
  // Of the policy of that name, or of the filters of that kind that are used without one.
  std::shared_ptr<PolicyMetrics> policy(std::string_view name, std::string_view type);
  // Likewise; null where the metric is not exposed, so that nobody need look at the clock.
  std::shared_ptr<PolicyTimes> policy_times(std::string_view name, std::string_view type);
  // Requests that no route matched, or that failed before one could be looked for: route="-".
  RouteMetrics& unmatched() noexcept { return *unmatched_; }
  // Null where consumers are not counted.
  ConsumerMetrics* consumers() noexcept { return consumers_.get(); }
  // By index below MetricsOptions::workers.
  WorkerMetrics& worker(unsigned index) noexcept { return *workers_[index]; }

  // What the control thread reports.
  void set_build(const BuildLabels& labels);
  void set_started(base::WallTime when);
  void set_ready(bool ready);
  void set_draining(bool draining);
  void loaded(base::WallTime when);  // the first configuration, which is no reload
  void reloaded(ReloadResult result, base::WallTime when);
  void set_config(std::string_view hash, std::string_view source);  // the one in use
  // Values computed at scrape, on the scraping thread. The callback ends with the registration.
  [[nodiscard]] ScrapeRegistration generations_at_scrape(std::function<std::size_t()> alive);
  [[nodiscard]] ScrapeRegistration log_drops_at_scrape(std::string sink, std::function<LogLosses()> losses);
  [[nodiscard]] ScrapeRegistration loop_times_at_scrape(unsigned worker, std::function<LoopTimes()> times);
  // Gauges per state and, up to 200 targets, per target.
  [[nodiscard]] std::vector<ScrapeRegistration> targets_at_scrape(
      std::string upstream, std::function<std::vector<TargetReport>()> targets);

  // The generic store, for families without a method here.
  SeriesStore& store() noexcept { return store_; }
  // Appends the exposition text (Prometheus text format 0.0.4) of the families from `family` on, until at
  // least one series was written; returns the index to go on with, or 0 when all are done. One family at a
  // time keeps the memory of a scrape small.
  std::size_t write_text(std::size_t family, std::string& out);
  // The whole text.
  std::string text();

 private:
  template <class Subject>
  using ByName = std::map<std::string, std::weak_ptr<Subject>, std::less<>>;
  template <class Subject, class... Labels>
  std::shared_ptr<Subject> find_or_make(ByName<Subject>& living, std::string_view key, Labels... labels);

  SeriesStore store_;
  std::mutex mutex_;  // guards the maps
  ByName<RouteMetrics> routes_;
  ByName<UpstreamMetrics> upstreams_;
  ByName<ListenerMetrics> listeners_;
  ByName<PolicyMetrics> policies_;  // by name and type
  ByName<PolicyTimes> times_;       // likewise
  std::unique_ptr<RouteMetrics> unmatched_;
  std::unique_ptr<ConsumerMetrics> consumers_;
  std::vector<std::unique_ptr<WorkerMetrics>> workers_;
  std::vector<ScrapeRegistration> own_sources_;
};

// The Content-Type of text().
inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace sluice::observe

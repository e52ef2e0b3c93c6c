// SPDX-License-Identifier: Apache-2.0
// Metrics of one upstream: the pool and the forward handler tell UpstreamCells of their worker about
// connections and attempts. Sharing and lifetime are as for RouteMetrics.
#pragma once
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/error.h"
#include "gateway/observe/cells.h"
#include "gateway/observe/keyed_cells.h"
#include "gateway/observe/listener_metrics.h"
#include "gateway/observe/series.h"

namespace sluice::observe {

// How one attempt ended.
struct AttemptOutcome {
  int status = 0;                              // 0: no response began
  base::Reason reason = base::Reason::none;    // why it failed
  base::Duration duration{};                   // from picking the target to the last byte or the failure
  std::optional<base::Duration> first_byte{};  // from picking the target to the first byte of the response
  std::uint64_t received = 0;                  // bytes from the target
  std::uint64_t sent = 0;                      // bytes to the target
};

enum class RetryResult : std::uint8_t { success, failed, over_budget };
std::string_view name(RetryResult result) noexcept;

// Why a target was taken out of service.
enum class EjectionCause : std::uint8_t { failures, failure_rate };
inline constexpr std::size_t kEjectionCauses = 2;
std::string_view name(EjectionCause cause) noexcept;

// How a health check of a target ended.
enum class CheckResult : std::uint8_t { passed, failed, timeout };
inline constexpr std::size_t kCheckResults = 3;
std::string_view name(CheckResult result) noexcept;

// Where a connection to a target is: none is not (yet, or any more) open.
enum class PoolState : std::uint8_t { none, active, idle };
std::string_view name(PoolState state) noexcept;

// One upstream on one worker; that worker's thread only.
class alignas(64) UpstreamCells {
 public:
  UpstreamCells(SeriesStore& store, const std::string& upstream, unsigned worker);

  void attempt_ended(const AttemptOutcome& outcome);
  // A connection was opened; `took` from the first try to the established connection.
  void connected(base::Duration took) noexcept {
    connections_total_->add(1);
    connect_.observe(took);
  }
  // An attempt found an open connection.
  void reused() noexcept { reuses_->add(1); }
  // Keeps the gauges of open connections: none to active when opened, active to idle when pooled, and so on.
  void connection_moved(Protocol protocol, PoolState from, PoolState to) {
    auto& open = open_[static_cast<std::size_t>(protocol)];
    if (!open[0]) add_protocol(protocol);
    if (from != PoolState::none) open[static_cast<std::size_t>(from) - 1]->subtract(1);
    if (to != PoolState::none) open[static_cast<std::size_t>(to) - 1]->add(1);
  }
  void retried(base::Reason cause, RetryResult result);
  // A target was taken out of service.
  void ejected(EjectionCause cause);
  // A request has waited so long for the upstream to have room.
  void queued(base::Duration waited);

 private:
  Cell* cells(Family family, LabelValues values);
  void add_protocol(Protocol protocol);

  DurationCells duration_;
  DurationCells first_byte_;
  DurationCells connect_;
  Cell* received_;
  Cell* sent_;
  Cell* connections_total_;
  Cell* reuses_;
  std::array<std::array<Cell*, 2>, kProtocols> open_{};  // by Protocol and PoolState (without none)
  KeyedCells requests_;
  KeyedCells retries_;
  std::array<Cell*, kEjectionCauses> ejections_{};  // made when needed, as is the next
  DurationCells queue_;
  SeriesStore& store_;
  const std::string& upstream_;
  unsigned worker_;
  bool full_codes_;
  std::vector<SeriesRef> series_;
};

class UpstreamMetrics {
 public:
  UpstreamMetrics(SeriesStore& store, std::string_view name);

  const std::string& name() const noexcept { return name_; }
  // The cells of that worker, made at its first use. Call from that worker's thread only.
  UpstreamCells& on(unsigned worker) {
    auto& cells = workers_[worker];
    return cells ? *cells : make(worker);
  }

  // Health checks are shown from now on, with 0 for a start. Control thread.
  void expect_health_checks();
  // The state of the circuit breaker (0 closed, 1 half-open, 2 open) and how many requests wait are shown
  // from now on, or not any more; any thread, nothing while there is no value. Control thread.
  using Gauge = std::function<std::optional<double>()>;
  void show_circuit(Gauge state);
  void show_pending(Gauge waiting);
  // The same for the limit that was found out.
  void show_limit(Gauge limit);
  // One thread only, the prober's.
  void health_checked(CheckResult result) noexcept { checks_[static_cast<std::size_t>(result)].add(1); }

 private:
  UpstreamCells& make(unsigned worker);
  void show(Family family, std::optional<ScrapeRegistration>& shown, Gauge gauge);

  SeriesStore& store_;
  std::string name_;
  std::vector<std::unique_ptr<UpstreamCells>> workers_;
  std::vector<SeriesRef> expected_;  // kept so that they show with 0
  std::array<Cell, kCheckResults> checks_;
  std::optional<ScrapeRegistration> checks_shown_, circuit_shown_, pending_shown_, limit_shown_;
};

}  // namespace sluice::observe

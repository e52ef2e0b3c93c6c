// SPDX-License-Identifier: Apache-2.0
// Protection: what keeps an upstream and its callers from making each other's trouble worse, by the settings
// of one snapshot: targets that fail are taken out, an upstream that fails is left alone, retries and
// requests have bounds. What it counts lives in the TargetGroup and its targets, so it survives reloads. Used
// by whatever makes attempts, on workers; without a lock but when a target is taken out or brought back.
//
// What nobody has configured costs a comparison. Outliers, which are looked for unless that is turned off,
// cost a request that goes well two loads: of the group's line, which picking reads anyway, and of the
// target's, which the request itself writes.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/observe/upstream_metrics.h"
#include "gateway/upstream/config.h"
#include "gateway/upstream/target.h"

namespace sluice::upstream {

// Failures that say something about the target: it cannot be reached, resets, keeps silent, speaks no HTTP.
// Not what a client can bring about, nor what happens between well-behaved peers.
bool blames_target(base::Reason reason) noexcept;
// Answers that say that nobody behind the target has answered.
inline bool blames_target(int status) noexcept { return status >= 502 && status <= 504; }

class Protection {
 public:
  // All targets of the upstream.
  using Targets = std::span<const std::shared_ptr<Target>>;

  Protection(const UpstreamConfig& config, std::shared_ptr<TargetGroup> group,
             const std::vector<net::Loop*>& workers);

  // With a snapshot: what is not configured any more is forgotten, the rest is shown. Control thread.
  void put_in_force(Targets targets, observe::UpstreamMetrics* metrics) const;

  // --- targets

  // Before a target is picked: brings back those whose time out of service is over.
  void bring_back_due(Targets targets, base::SteadyTime now) const {
    if (group_->next_return.load(std::memory_order_relaxed) <= now.time_since_epoch().count()) [[unlikely]]
      bring_back(targets, now, nullptr);
  }
  // All of them, as nothing else is left. True if there were any.
  bool bring_back_all(Targets targets, base::SteadyTime now) const {
    return bring_back(targets, now, "no other target is left");
  }
  // How an attempt went that is still in flight at `target` and began then. `failure` says how it failed.
  void went_well(Target& target, base::SteadyTime began, base::SteadyTime now) const {
    target.went_well();
    if (circuit_) [[unlikely]]
      circuit_went_well(began, now);
  }
  void went_wrong(Target& target, Targets all, std::string_view failure, base::SteadyTime began,
                  base::SteadyTime now, observe::UpstreamCells& cells) const;

  // --- the upstream

  // May an attempt be made, as far as the circuit breaker is concerned? If not: how long that will last.
  bool admits(base::SteadyTime now) const { return !circuit_ || circuit_admits(now); }
  base::Duration closed_for(base::SteadyTime now) const noexcept;
  // A retry; none if there are as many as the budget allows.
  Tally::Token retry(const BudgetConfig& budget, Targets targets) const noexcept;
  // Is there a bound of the requests under way? Then each has a place while it is; see Gate::enter.
  bool has_gate() const noexcept { return rules_.at_most != 0; }
  bool has_queue() const noexcept { return rules_.waiting != 0; }
  base::Task<base::Result<Gate::Place>> enter(unsigned worker) const {
    return group_->gate->enter(worker, rules_, group_->upstream);
  }
  // A request that waits for a connection; without a bound none, which is no refusal.
  bool bounds_pending() const noexcept { return max_pending_ != 0; }
  Tally::Token pending() const noexcept { return group_->pending.begin(max_pending_); }

 private:
  bool bring_back(Targets targets, base::SteadyTime now, const char* early) const;  // and why so
  void eject(Target& target, Targets all, const Verdict& verdict, base::SteadyTime now,
             observe::UpstreamCells& cells) const;
  bool may_eject(const Target& target, Targets all) const noexcept;
  bool circuit_admits(base::SteadyTime now) const;
  void circuit_went_well(base::SteadyTime began, base::SteadyTime now) const;
  void log_circuit() const;

  std::shared_ptr<TargetGroup> group_;
  OutlierConfig outlier_;
  std::optional<CircuitConfig> circuit_;
  Gate::Rules rules_;
  std::uint32_t max_pending_;
};

}  // namespace sluice::upstream

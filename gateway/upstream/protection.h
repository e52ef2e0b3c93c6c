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
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/observe/upstream_metrics.h"
#include "gateway/upstream/config.h"
#include "gateway/upstream/importance.h"
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

  // `owner`: the Upstream whose it is, by which it is known what is in force.
  Protection(const UpstreamConfig& config, std::shared_ptr<TargetGroup> group,
             const std::vector<net::Loop*>& workers, const void* owner);

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
  // How an attempt went that is still in flight at `target` and began then: by the status of its answer, or
  // `failure` says how it failed.
  void went_well(Target& target, int status, base::SteadyTime began, base::SteadyTime now) const {
    target.went_well(status, now);
    if (circuit_) [[unlikely]]
      circuit_went_well(began, now);
  }
  void went_wrong(Target& target, Targets all, std::string_view failure, base::SteadyTime began,
                  base::SteadyTime now, observe::UpstreamCells& cells) const;

  // --- the upstream

  // May an attempt be made, as far as the circuit breaker is concerned? If it is one that a half-open circuit
  // lets pass, `trial` is what it has to keep until it was judged. If not: how long that will last.
  bool admits(base::SteadyTime now, Circuit::Trial& trial) const {
    return !circuit_ || circuit_admits(now, trial);
  }
  base::Duration closed_for(base::SteadyTime now) const noexcept;
  // A retry; none if there are as many as the budget allows.
  Tally::Token retry(const BudgetConfig& budget, Targets targets) const noexcept;
  // Is there a bound of the requests under way? Then each has a place while it is; see Gate::enter.
  bool has_gate() const noexcept { return rules_.at_most != 0; }
  bool has_queue() const noexcept { return rules_.waiting != 0; }
  base::Task<base::Result<Gate::Place>> enter(unsigned worker) const {
    return group_->gate->enter(worker, rules_, group_->upstream);
  }
  // Is one found out of those that are owed an answer? Then each has such a place until the head of its
  // answer has come. `waited`: in the queue before. Errors as of enter(), with upstream_saturated. What is of
  // low importance is refused above three quarters of the limit, and does not wait; what is critical may
  // exceed it by a tenth.
  bool adapts() const noexcept { return adaptive_.has_value(); }
  base::Task<base::Result<Gate::Place>> enter_unanswered(unsigned worker, Importance importance,
                                                         base::Duration waited, base::SteadyTime now) const;
  std::uint32_t unanswered() const noexcept { return group_->unanswered->inside(); }
  // The head of an answer has come `took` after the request was sent, or nothing for so long; `in_flight` is
  // what unanswered() was when it had its place. Only where it adapts(), and not of requests that took their
  // time to be sent.
  void answered(unsigned worker, base::Duration took, std::uint32_t in_flight, base::SteadyTime now) const;
  // For people.
  struct Concurrency {
    std::optional<std::uint32_t> limit;
    std::uint32_t in_flight = 0;
    double latency = 0, floor = 0;  // microseconds; zero: not known yet
  };
  std::optional<Concurrency> concurrency() const noexcept;
  // For people; none where there is no circuit breaker, or no queue.
  std::optional<Circuit::State> circuit() const noexcept;
  std::optional<std::uint32_t> waiting() const noexcept;
  // Is nothing known that speaks against asking it for more than it must do: no target that is out, no
  // circuit that is not closed, no limit that is reached or was found out?
  bool at_ease() const noexcept;
  // A request that waits for a connection; without a bound none, which is no refusal.
  bool bounds_pending() const noexcept { return max_pending_ != 0; }
  Tally::Token pending() const noexcept { return group_->pending.begin(max_pending_); }

 private:
  bool bring_back(Targets targets, base::SteadyTime now, const char* early) const;  // and why so
  void eject(Target& target, Targets all, const Verdict& verdict, base::SteadyTime now,
             observe::UpstreamCells& cells) const;
  bool may_eject(const Target& target, Targets all) const noexcept;
  bool circuit_admits(base::SteadyTime now, Circuit::Trial& trial) const;
  void circuit_went_well(base::SteadyTime began, base::SteadyTime now) const;
  void log_circuit() const;
  std::uint32_t adaptive_limit() const noexcept;
  void tell_gates() const;
  void limit_changed(unsigned worker, std::uint32_t before) const;
  void tell_unanswered(unsigned worker) const noexcept;
  bool told(std::uint32_t limit) const noexcept { return told_.load(std::memory_order_relaxed) == limit; }

  std::shared_ptr<TargetGroup> group_;
  OutlierConfig outlier_;
  std::optional<CircuitConfig> circuit_;
  std::optional<AdaptiveConfig> adaptive_;
  Gate::Rules rules_;
  std::uint32_t max_pending_;
  const void* owner_;
  // The limit that was found out when the gate was told last, by these settings.
  mutable std::atomic<std::uint32_t> told_{AdaptiveLimit::kNone};
};

}  // namespace sluice::upstream

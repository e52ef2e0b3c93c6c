// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/protection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/config/amounts.h"

namespace sluice::upstream {

using base::Reason;

bool blames_target(Reason reason) noexcept {
  switch (reason) {
    case Reason::upstream_connect_failed:
    case Reason::upstream_tls:
    case Reason::upstream_reset:
    case Reason::upstream_protocol:
    case Reason::timeout_connect:
    case Reason::timeout_first_byte:
    case Reason::timeout_idle:
      return true;
    default:
      return false;
  }
}

Protection::Protection(const UpstreamConfig& config, std::shared_ptr<TargetGroup> group,
                       const std::vector<net::Loop*>& workers, const void* owner)
    : group_(std::move(group)),
      outlier_(config.outlier),
      circuit_(config.circuit_breaker),
      max_pending_(config.limits.max_pending.value_or(0)),
      owner_(owner) {
  rules_.at_most = config.limits.max_requests.value_or(0);
  if (config.adaptive_concurrency && config.adaptive_concurrency->on) {
    adaptive_ = config.adaptive_concurrency;
    group_->adaptive.serve(static_cast<unsigned>(workers.size()));
  }
  if (!config.queue) return;
  rules_.waiting = config.queue->max;
  rules_.patience = config.queue->timeout;
  if (has_gate()) group_->gate->serve(workers);
  if (adapts()) group_->unanswered->serve(workers);
}

namespace {

double shown(Circuit::State state) noexcept {
  switch (state) {
    case Circuit::State::closed:
      return 0;
    case Circuit::State::open:
      return 2;
    case Circuit::State::trying:
    case Circuit::State::ramping:
      break;
  }
  return 1;
}

}  // namespace

void Protection::put_in_force(Targets targets, observe::UpstreamMetrics* metrics) const {
  if (!outlier_.on) bring_back(targets, {}, "outliers are not looked for any more");
  if (!circuit_) group_->circuit.reset();
  if (!adaptive_) group_->adaptive.reset();
  tell_gates();
  if (!metrics) return;
  std::weak_ptr<TargetGroup> weak = group_;
  observe::UpstreamMetrics::Gauge state, waiting, limit;
  if (circuit_)
    state = [weak]() -> std::optional<double> {
      auto group = weak.lock();
      return group ? std::optional(shown(group->circuit.state())) : std::nullopt;
    };
  if (rules_.waiting != 0)
    waiting = [weak]() -> std::optional<double> {
      auto group = weak.lock();
      return group ? std::optional<double>(group->gate->waiting() + group->unanswered->waiting())
                   : std::nullopt;
    };
  if (adaptive_)
    limit = [weak, most = adaptive_->max]() -> std::optional<double> {
      auto group = weak.lock();
      auto found = group ? std::min(group->adaptive.limit(), most.value_or(AdaptiveLimit::kNone))
                         : AdaptiveLimit::kNone;
      return found == AdaptiveLimit::kNone ? std::nullopt : std::optional<double>(found);
    };
  metrics->show_circuit(std::move(state));
  metrics->show_pending(std::move(waiting));
  metrics->show_limit(std::move(limit));
}

// Those who wait since before go by what holds now.
void Protection::tell_gates() const {
  group_->gate->now_allows(has_gate() ? rules_.at_most : Gate::kNoLimit);
  told_.store(group_->adaptive.limit(), std::memory_order_relaxed);
  group_->unanswered->now_allows(adapts() ? adaptive_limit() : Gate::kNoLimit);
}

bool Protection::bring_back(Targets targets, base::SteadyTime now, const char* early) const {
  std::lock_guard lock(group_->ejecting);
  bool any = false;
  std::uint32_t out = 0;
  auto next = TargetGroup::kNever;
  for (const auto& t : targets) {
    if (!t->ejected()) continue;
    if (t->bring_back(now, early ? early : "")) {
      any = true;
      base::log(base::Level::info, "upstream " + group_->upstream + ": " + t->text() + " is back in service" +
                                       (early ? std::string(", as ") + early : ""));
    } else {
      ++out;
      next = std::min(next, t->ejection().until().time_since_epoch().count());
    }
  }
  // Some are not in this list, which may be of an older snapshot: who knows them looks soon.
  if (group_->ejected.load(std::memory_order_relaxed) > out)
    next = std::min(next, (now + std::chrono::seconds(1)).time_since_epoch().count());
  group_->next_return.store(next, std::memory_order_relaxed);
  return any;
}

void Protection::went_wrong(Target& target, Targets all, std::string_view failure, base::SteadyTime began,
                            base::SteadyTime now, observe::UpstreamCells& cells) const {
  if (circuit_ && group_->circuit.failed(*circuit_, began, now)) log_circuit();
  if (!outlier_.on) return target.failed(now);
  auto verdict = target.went_wrong(outlier_, failure, now);
  if (!verdict.cause.empty()) eject(target, all, verdict, now, cells);
}

// The share is of those that would be usable if none were out.
bool Protection::may_eject(const Target& target, Targets all) const noexcept {
  std::size_t usable = 0, out = 0;
  bool known = false;
  for (const auto& t : all) {
    known |= t.get() == &target;
    if (t->usable()) ++usable;
    if (t->ejected()) ++out;
  }
  if (!known || !target.usable() || usable < 2) return false;
  return 100.0 * static_cast<double>(out + 1) <=
         outlier_.max_ejected.value * static_cast<double>(usable + out);
}

void Protection::eject(Target& target, Targets all, const Verdict& verdict, base::SteadyTime now,
                       observe::UpstreamCells& cells) const {
  std::lock_guard lock(group_->ejecting);
  if (!may_eject(target, all)) return;
  auto length = target.eject(outlier_, verdict.cause, now);
  if (length == base::Duration::zero()) return;  // its last list has left it meanwhile
  auto until = (now + length).time_since_epoch().count();
  if (until < group_->next_return.load(std::memory_order_relaxed))
    group_->next_return.store(until, std::memory_order_relaxed);
  cells.ejected(verdict.kind);
  base::log(base::Level::warning, "upstream " + group_->upstream + ": " + target.text() +
                                      " is out of service for " + config::to_text(config::Duration(length)) +
                                      ": " + verdict.cause);
}

bool Protection::circuit_admits(base::SteadyTime now, Circuit::Trial& trial) const {
  bool changed = false;
  bool admitted = group_->circuit.admit(*circuit_, now, trial, changed);
  if (changed) log_circuit();
  return admitted;
}

void Protection::circuit_went_well(base::SteadyTime began, base::SteadyTime now) const {
  if (group_->circuit.succeeded(*circuit_, began, now)) log_circuit();
}

base::Duration Protection::closed_for(base::SteadyTime now) const noexcept {
  return circuit_ ? group_->circuit.left(*circuit_, now) : base::Duration::zero();
}

void Protection::log_circuit() const {
  using State = Circuit::State;
  auto state = group_->circuit.state();
  std::string_view text = state == State::open     ? "open, as too many requests fail"
                          : state == State::trying ? "half-open: some requests may try"
                          : state == State::closed ? "closed"
                                                   : "half-open: a request went well, more may try";
  base::log(state == State::open ? base::Level::warning : base::Level::info,
            "upstream " + group_->upstream + ": the circuit is " + std::string(text));
}

std::uint32_t Protection::adaptive_limit() const noexcept {
  return std::min(group_->adaptive.limit(), adaptive_->max.value_or(AdaptiveLimit::kNone));
}

namespace {

std::uint32_t share_of(std::uint32_t limit, Importance importance) noexcept {
  if (limit == AdaptiveLimit::kNone) return limit;
  if (importance == Importance::low) return std::max(limit * 3 / 4, 1U);
  if (importance == Importance::critical) return limit + std::max(limit / 10, 1U);
  return limit;
}

}  // namespace

// What is critical has to wait too once its reserve is used up.
base::Task<base::Result<Gate::Place>> Protection::enter_unanswered(unsigned worker, Importance importance,
                                                                   base::Duration waited,
                                                                   base::SteadyTime now) const {
  Gate& gate = *group_->unanswered;
  auto before = group_->adaptive.limit();
  if (group_->adaptive.asked(*adaptive_, gate.inside(), now)) [[unlikely]] {
    limit_changed(worker, before);
  } else if (!told(before)) [[unlikely]] {
    tell_unanswered(worker);
  }
  auto limit = adaptive_limit();
  auto share = share_of(limit, importance);
  if (Gate::Place place = gate.try_enter(worker, share)) return base::Result<Gate::Place>(std::move(place));
  Gate::Rules rules{limit, rules_.waiting, rules_.patience - waited, Reason::upstream_saturated,
                    " owes as many answers as it can be asked for without having them wait"};
  if (importance == Importance::low) rules.at_most = share;
  if (importance == Importance::low || rules.patience <= base::Duration::zero()) rules.waiting = 0;
  return gate.enter(worker, rules, group_->upstream);
}

void Protection::answered(unsigned worker, base::Duration took, std::uint32_t in_flight,
                          base::SteadyTime now) const {
  auto before = group_->adaptive.limit();
  if (group_->adaptive.answered(worker, *adaptive_, took, in_flight, now)) [[unlikely]] {
    limit_changed(worker, before);
  } else if (!told(before)) [[unlikely]] {
    tell_unanswered(worker);
  }
}

bool Protection::at_ease() const noexcept {
  if (group_->ejected.load(std::memory_order_relaxed) != 0) return false;
  if (circuit_ && group_->circuit.state() != Circuit::State::closed) return false;
  if (has_gate() && group_->gate->inside() >= rules_.at_most) return false;
  if (!adapts()) return true;
  return group_->adaptive.limit() == AdaptiveLimit::kNone && group_->unanswered->inside() < adaptive_limit();
}

std::optional<Protection::Concurrency> Protection::concurrency() const noexcept {
  if (!adapts()) return std::nullopt;
  Concurrency out;
  if (auto limit = adaptive_limit(); limit != AdaptiveLimit::kNone) out.limit = limit;
  out.in_flight = group_->unanswered->inside();
  out.latency = group_->adaptive.latency();
  out.floor = group_->adaptive.floor();
  return out;
}

std::optional<Circuit::State> Protection::circuit() const noexcept {
  return circuit_ ? std::optional(group_->circuit.state()) : std::nullopt;
}

std::optional<std::uint32_t> Protection::waiting() const noexcept {
  if (!has_queue()) return std::nullopt;
  return group_->gate->waiting() + group_->unanswered->waiting();
}

// The gate goes by what is in force: requests of a snapshot before find out limits too, and by their bounds
// those who wait now would be held back, or let in. The next request of the one in force tells it.
void Protection::tell_unanswered(unsigned worker) const noexcept {
  if (group_->in_force.load(std::memory_order_relaxed) != owner_) return;
  told_.store(group_->adaptive.limit(), std::memory_order_relaxed);
  group_->unanswered->allow(adaptive_limit(), worker);
}

// Logged are its begin and its end; the changes between are the gauge's.
void Protection::limit_changed(unsigned worker, std::uint32_t before) const {
  tell_unanswered(worker);
  auto now = group_->adaptive.limit();
  bool began = before == AdaptiveLimit::kNone, ended = now == AdaptiveLimit::kNone;
  if (began == ended) return;
  const auto& limit = group_->adaptive;
  base::log(began ? base::Level::warning : base::Level::info,
            "upstream " + group_->upstream +
                (ended ? std::string(": no limit of requests in flight any more")
                       : fmt::format(": at most {} requests in flight, as latency is {:.1f} times its floor",
                                     now, limit.latency() / limit.floor())));
}

Tally::Token Protection::retry(const BudgetConfig& budget, Targets targets) const noexcept {
  std::uint64_t active = 0;
  for (const auto& t : targets) active += t->active();
  auto share = static_cast<std::uint32_t>(budget.share.ratio() * static_cast<double>(active));
  return group_->retries.begin(std::max(share, budget.at_least));
}

}  // namespace sluice::upstream

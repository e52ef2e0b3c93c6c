// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/target.h"

#include <algorithm>
#include <utility>

#include "gateway/base/atomics.h"
#include "gateway/config/amounts.h"

namespace sluice::upstream {

void TargetGroup::admit(Target& target) const {
  if (target.url().tls && tls) target.use_tls(tls);
  if (checked) target.check_health(true, {});
}

Target::Target(std::shared_ptr<TargetGroup> group, TargetUrl url, std::shared_ptr<const WorkerLoops> workers,
               const net::Address* at)
    : group_(std::move(group)),
      url_(std::move(url)),
      text_(url_.authority() + (at ? " (" + at->ip() + ")" : std::string())),
      host_field_(url_.host_field()),
      one_of_name_(at != nullptr),
      workers_(std::move(workers)),
      slots_(workers_->size()),
      sessions_(workers_->size() + 1),
      addresses_(std::make_shared<const Addresses>()) {}

std::shared_ptr<Target> Target::make(std::shared_ptr<TargetGroup> group, TargetUrl url,
                                     std::shared_ptr<const WorkerLoops> workers, const net::Address* at) {
  std::shared_ptr<Target> target(new Target(std::move(group), std::move(url), std::move(workers), at),
                                 retire);
  if (at) target->publish(std::vector{*at});
  return target;
}

namespace {

// On its way to its worker: the slot goes before the target that it may refer to. Owned by what is posted, so
// that both go even if the loop ends before it runs.
struct Retired {
  std::shared_ptr<Target> target;
  std::unique_ptr<PoolSlot> slot;
};

}  // namespace

void Target::retire(Target* target) {
  target->watch_.reset();
  std::shared_ptr<Target> rest(target);
  for (std::size_t i = 0; i < target->slots_.size(); ++i) {
    if (!target->slots_[i]) continue;
    auto retired = std::make_shared<Retired>(Retired{rest, std::move(target->slots_[i])});
    // Moved: with a copy left here this thread might be the last to let go.
    (*target->workers_)[i]->post([retired = std::move(retired)]() mutable { retired.reset(); });
  }
}

std::shared_ptr<const Target::Addresses> Target::addresses() const {
  std::lock_guard lock(mutex_);
  return addresses_;
}

void Target::publish(const base::Result<Addresses>& answer) {
  std::lock_guard lock(mutex_);
  resolve_error_ = answer ? std::string() : answer.error().detail;
  bool same =
      !answer || std::is_permutation(answer->begin(), answer->end(), addresses_->begin(), addresses_->end());
  if (same) return;
  addresses_ = std::make_shared<const Addresses>(*answer);
  avoided_.store(0, std::memory_order_relaxed);
  version_.fetch_add(1, std::memory_order_release);
  update_usable();
}

// Nobody has looked after the ejection of a target that was in no list.
void Target::join() {
  if (lists_.fetch_add(1, std::memory_order_relaxed) == 0) bring_back({}, "it was in no list");
  if (!draining_.exchange(false, std::memory_order_acq_rel)) return;
  version_.fetch_add(1, std::memory_order_release);
  std::lock_guard lock(mutex_);
  note(wall(), "a list names it again");
}

void Target::leave(const std::shared_ptr<Target>& target, bool drain) {
  if (target->lists_.fetch_sub(1, std::memory_order_relaxed) != 1) return;
  if (!drain) {  // perhaps no loop is left whose clock could be read
    std::lock_guard lock(target->mutex_);
    target->count_as_in();
    return;
  }
  target->draining_.store(true, std::memory_order_release);
  target->version_.fetch_add(1, std::memory_order_release);
  // Nobody looks after its ejection from now on, though requests may keep it for long.
  constexpr const char* kWhy = "no list names it any more";
  if (!target->bring_back(target->now(), kWhy)) {
    std::lock_guard lock(target->mutex_);
    target->note(target->wall(), kWhy);
  }
  for (std::size_t i = 0; i < target->slots_.size(); ++i)
    (*target->workers_)[i]->post([weak = std::weak_ptr(target), i] {
      auto living = weak.lock();
      if (living && living->slots_[i]) living->slots_[i]->look_again();
    });
}

void Target::check_health(bool checked, base::WallTime now) {
  std::lock_guard lock(mutex_);
  if (checked) {
    health_.begin();
  } else {
    agreement_.forget_checks();
    if (auto change = health_.end(now)) note(now, change->cause);
  }
  update_usable();
}

std::optional<HealthChange> Target::take(const Finding& finding, const HealthLimits& limits,
                                         base::WallTime now) {
  std::lock_guard lock(mutex_);
  if (health_.checked()) agreement_.found(finding.passed(), this->now());
  auto change = health_.take(finding, limits, now);
  if (!change) return change;
  note(now, change->cause);
  update_usable();
  return change;
}

Health Target::health() const {
  std::lock_guard lock(mutex_);
  return health_;
}

void Target::reset_health(base::WallTime now) {
  std::lock_guard lock(mutex_);
  auto change = health_.reset(now);
  if (!change) return;
  note(now, change->cause);
  update_usable();
}

void Target::drain(bool on) {
  std::lock_guard lock(mutex_);
  if (drained_.exchange(on, std::memory_order_relaxed) != on)
    note(wall(), on ? "drained by an operator" : "put back by an operator");
  update_usable();
}

void Target::set_weight(std::optional<std::uint32_t> weight) {
  weight_.store(weight.value_or(0), std::memory_order_relaxed);
  group_->version.fetch_add(1, std::memory_order_release);
}

std::optional<std::uint32_t> Target::weight() const noexcept {
  auto weight = weight_.load(std::memory_order_relaxed);
  return weight ? std::optional(weight) : std::nullopt;
}

// Under the lock, as resolver and prober are two threads. A failed lookup leaves addresses as they are.
void Target::update_usable() {
  bool reachable = !addresses_->empty() && !drained();
  bool usable = reachable && health_.healthy() && !ejection_.out();
  bool changed = reachable_.exchange(reachable, std::memory_order_relaxed) != reachable;
  if (usable_.load(std::memory_order_relaxed) != usable) {
    changed = true;
    if (usable && (was_usable_ || late_))
      fresh_since_.store(now().time_since_epoch().count(), std::memory_order_relaxed);
    was_usable_ |= usable;
    usable_.store(usable, std::memory_order_relaxed);
  }
  if (changed) group_->version.fetch_add(1, std::memory_order_release);
}

void Target::enter(bool late) {
  std::lock_guard lock(mutex_);
  if (std::exchange(entered_, true) || !late) return;
  late_ = true;
  if (usable()) fresh_since_.store(now().time_since_epoch().count(), std::memory_order_relaxed);
}

ServiceState Target::state() const {
  std::lock_guard lock(mutex_);
  auto said = said_state();
  return said == ServiceState::healthy && addresses_->empty() ? ServiceState::unhealthy : said;
}

// Under the lock; whether it has an address does not matter.
ServiceState Target::said_state() const {
  return draining()           ? ServiceState::draining
         : drained()          ? ServiceState::drained
         : !health_.healthy() ? ServiceState::unhealthy
         : ejection_.out()    ? ServiceState::ejected
                              : ServiceState::healthy;
}

// Under the lock, once what it is about holds.
void Target::note(base::WallTime when, std::string cause) {
  changes_.add(said_state(), when, std::move(cause));
}

std::string Target::disagreement() const {
  std::lock_guard lock(mutex_);
  auto state = agreement_.state(ejection_.out(), now());
  const auto* last = health_.last();
  if (state == Agreement::State::agree || !last) return {};
  if (state == Agreement::State::requests_well)
    return "checks fail (" + last->cause + "), but requests are answered with 2xx";
  return "checks pass (" + last->cause + "), but requests fail" +
         (ejection_.out() ? ": " + ejection_.cause() : std::string());
}

std::deque<TargetChange> Target::changes() const {
  std::lock_guard lock(mutex_);
  return changes_.all();
}

// As of any worker: they share one clock.
base::SteadyTime Target::now() const noexcept {
  return workers_->empty() ? base::SteadyTime() : workers_->front()->clock().steady();
}

base::WallTime Target::wall() const noexcept {
  return workers_->empty() ? base::WallTime() : workers_->front()->clock().wall();
}

void Target::use_tls(std::shared_ptr<const TargetTls> tls) {
  std::lock_guard lock(mutex_);
  bool same = tls_ && tls && tls_->made_from == tls->made_from;
  if (same) return;
  tls_ = std::move(tls);
  version_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const TargetTls> Target::tls() const {
  std::lock_guard lock(mutex_);
  return tls_;
}

const std::shared_ptr<net::TlsSessions>& Target::sessions(const net::Loop& loop,
                                                          const std::shared_ptr<const TargetTls>& tls) {
  auto worker = std::ranges::find(*workers_, &loop) - workers_->begin();
  auto& sessions = sessions_[static_cast<std::size_t>(worker)];
  if (!sessions.kept || sessions.tls != tls) sessions = {tls, std::make_shared<net::TlsSessions>()};
  return sessions.kept;
}

base::Error Target::why_unusable() const {
  std::lock_guard lock(mutex_);
  if (drained()) return {base::Reason::no_healthy_upstream, text_ + " is drained by an operator"};
  if (!health_.healthy())
    return {base::Reason::no_healthy_upstream, text_ + " fails its health checks: " + health_.cause()};
  if (ejection_.out())
    return {base::Reason::no_healthy_upstream, text_ + " is out of service: " + ejection_.cause()};
  if (!addresses_->empty()) return {base::Reason::no_healthy_upstream, text_ + " was not usable just before"};
  std::string why = resolve_error_.empty() ? "not resolved yet" : resolve_error_;
  return {base::Reason::upstream_resolve_failed, url_.host + ": " + why};
}

std::uint64_t Target::avoided(base::SteadyTime now) const noexcept {
  bool still = now.time_since_epoch().count() < avoid_until_.load(std::memory_order_relaxed);
  return still ? avoided_.load(std::memory_order_relaxed) : 0;
}

void Target::avoid(std::size_t position, base::SteadyTime now) noexcept {
  if (position >= 64) return;
  std::uint64_t bit = std::uint64_t{1} << position;
  if (avoided(now)) {
    avoided_.fetch_or(bit, std::memory_order_relaxed);
  } else {
    avoided_.store(bit, std::memory_order_relaxed);
  }
  avoid_until_.store((now + kAvoid).time_since_epoch().count(), std::memory_order_relaxed);
}

// In this order, which needs the strict kind of atomics: whoever fails meanwhile has counted itself first, and then
// has us listen again.
void Target::note_answer(int status, base::SteadyTime now) noexcept {
  agreement_.answered(status, now);
  if (failed_in_a_row_.load() != 0) failed_in_a_row_.store(0);
}

Verdict Target::went_wrong(const OutlierConfig& config, std::string_view failure, base::SteadyTime now) {
  auto row = failed_in_a_row_.fetch_add(1) + 1;
  agreement_.failed(now);
  auto requests = requests_.load(base::kRelaxed);
  auto ended = static_cast<std::uint32_t>(requests >> 32) - static_cast<std::uint32_t>(requests) + 1;
  bool rate = failures_.failed({config.window, config.min_requests, config.failure_rate.value}, ended, now);
  bool in_a_row = config.failures != 0 && row >= config.failures;
  if (!rate && !in_a_row) return {};
  // It begins anew when the target is back, or if it has to stay.
  failed_in_a_row_.store(0, base::kRelaxed);
  failures_.clear();
  auto what = in_a_row ? std::to_string(row) + " failures in a row"
                       : config::to_text(config.failure_rate) + " or more of the requests failed";
  return {what + ", the last one with " + std::string(failure),
          in_a_row ? observe::EjectionCause::failures : observe::EjectionCause::failure_rate};
}

base::Duration Target::eject(const OutlierConfig& config, std::string cause, base::SteadyTime now) {
  std::lock_guard lock(mutex_);
  if (ejection_.out() || lists_.load(std::memory_order_relaxed) == 0) return {};
  auto length = ejection_.begin(config, cause, now);
  ejected_.store(true, std::memory_order_relaxed);
  group_->ejected.fetch_add(1, std::memory_order_relaxed);
  note(wall(), std::move(cause));
  update_usable();
  return length;
}

// Under the lock.
void Target::count_as_in() noexcept {
  if (ejected_.exchange(false, std::memory_order_relaxed))
    group_->ejected.fetch_sub(1, std::memory_order_relaxed);
}

bool Target::bring_back(base::SteadyTime now, std::string_view why) {
  std::lock_guard lock(mutex_);
  if (!ejection_.out() || (why.empty() && now < ejection_.until())) return false;
  ejection_.end(now);
  count_as_in();
  note(wall(), why.empty() ? "its time out of service is over" : std::string(why));
  update_usable();
  return true;
}

Ejection Target::ejection() const {
  std::lock_guard lock(mutex_);
  return ejection_;
}

namespace {

bool count_up(std::atomic<std::uint32_t>& count, std::uint32_t at_most) noexcept {
  auto now = count.load(std::memory_order_relaxed);
  do {
    if (now >= at_most) return false;
  } while (!count.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
  return true;
}

}  // namespace

bool Target::try_open(std::uint32_t at_most, std::uint32_t at_most_in_all) noexcept {
  if (!count_up(group_->connections, at_most_in_all)) return false;
  if (count_up(connections_, at_most)) return true;
  group_->connections.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

}  // namespace sluice::upstream

// SPDX-License-Identifier: Apache-2.0
// Target: one address of an upstream as it lives: found again by upstream and URL at reload, so that its
// addresses, its load and its pools outlive snapshots. Made by TargetTable, held by shared pointers of
// snapshots and exchanges, used by all workers at once.
#pragma once
#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/net/address.h"
#include "gateway/net/loop.h"
#include "gateway/net/resolver.h"
#include "gateway/upstream/adaptive_limit.h"
#include "gateway/upstream/agreement.h"
#include "gateway/upstream/circuit.h"
#include "gateway/upstream/ejection.h"
#include "gateway/upstream/failure_window.h"
#include "gateway/upstream/gate.h"
#include "gateway/upstream/health.h"
#include "gateway/upstream/latency.h"
#include "gateway/upstream/pool_slot.h"
#include "gateway/upstream/tally.h"
#include "gateway/upstream/target_changes.h"
#include "gateway/upstream/tls.h"
#include "gateway/upstream/url.h"

namespace sluice::upstream {

class Target;

// What the targets of one upstream have in common: `version` grows when any of them becomes usable or stops
// being so, or gets its first address or loses it, or when others take their place, and tells the workers to
// look again. The rest is what protection.h and upstream.h keep for the upstream.
struct TargetGroup {
  static constexpr base::SteadyTime::rep kNever = std::numeric_limits<base::SteadyTime::rep>::max();

  std::string upstream;
  std::atomic<std::uint64_t> version{1};
  std::atomic<base::SteadyTime::rep> next_return{kNever};  // when the first ejection of a target ends
  std::atomic<std::uint32_t> connections{0};               // open ones
  std::atomic<std::uint32_t> ejected{0};                   // targets that are out, in whatever list
  std::mutex ejecting;                                     // one at a time, so that all see how many are out
  Circuit circuit;
  Tally retries, pending;
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  std::shared_ptr<Gate> unanswered = std::make_shared<Gate>();  // those inside are owed an answer
  AdaptiveLimit adaptive;                                       // of these
  PoolSlots pools;                                              // at its targets

  bool served = false;                         // some snapshot with it has been in force; control thread
  std::atomic<const void*> in_force{nullptr};  // the Upstream that is; its address is all that is good
  // So that each change is logged once, whoever sees it, over reloads too.
  std::atomic<bool> panicking{false};
  // What the snapshot in force asks of targets, for those that are found later. Control thread.
  std::shared_ptr<const TargetTls> tls;
  bool checked = false;
  // Called before workers are told of other members; may be empty. Control thread.
  std::function<void()> members_change;
  void admit(Target& target) const;
};

using WorkerLoops = std::vector<net::Loop*>;  // by worker index

// Whether a failure is reason enough to take a target out of service.
struct Verdict {
  std::string cause;  // for people; "": it is not
  observe::EjectionCause kind = observe::EjectionCause::failures;
};

class Target {
 public:
  using Addresses = std::vector<net::Address>;

  // `at`: the one address of many that the URL's name stands for which this is the target of.
  static std::shared_ptr<Target> make(std::shared_ptr<TargetGroup> group, TargetUrl url,
                                      std::shared_ptr<const WorkerLoops> workers,
                                      const net::Address* at = nullptr);
  ~Target() {
    if (ejected()) group_->ejected.fetch_sub(1, std::memory_order_relaxed);
  }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  const std::string& upstream() const noexcept { return group_->upstream; }
  const std::shared_ptr<TargetGroup>& group() const noexcept { return group_; }
  const WorkerLoops& workers() const noexcept { return *workers_; }
  // For logs: "orders-1:8080", of one address of a name "orders:8080 (10.0.0.7)".
  const std::string& text() const noexcept { return text_; }
  // Tells it from all others of its upstream, the same in every process: "http://orders:8080 (10.0.0.7)".
  std::string identity() const { return url_.text() + text_.substr(url_.authority().size()); }
  bool one_of_name() const noexcept { return one_of_name_; }
  const std::string& host_field() const noexcept { return host_field_; }  // for `host: upstream`
  const TargetUrl& url() const noexcept { return url_; }

  // May requests be sent here: is there an address, and do neither health checks nor failed requests say
  // anything against it?
  bool usable() const noexcept { return usable_.load(std::memory_order_relaxed); }
  // Is there an address, and has no operator drained it, whatever else is said against the target?
  bool reachable() const noexcept { return reachable_.load(std::memory_order_relaxed); }
  // From now on requests may come here. `late`: those of its group that were there before have been serving
  // already. The first call counts. Control thread.
  void enter(bool late);
  // When it became usable again, or usable for the first time although it had come late; zero for one that
  // has been there from the start. What slow start goes by.
  base::SteadyTime fresh_since() const noexcept {
    return base::SteadyTime(base::Duration(fresh_since_.load(std::memory_order_relaxed)));
  }

  // What the name stands for at present; never null, empty until the first answer. Takes a lock: for
  // connecting only.
  std::shared_ptr<const Addresses> addresses() const;
  // Grows with every change of addresses() or tls(): a pool that sees a new value gives up the connections
  // that could not be made any more.
  std::uint32_t version() const noexcept { return version_.load(std::memory_order_acquire); }
  // Where the next connection should start in addresses(), so that all of them get some.
  std::uint32_t next_start() noexcept { return start_.fetch_add(1, std::memory_order_relaxed); }
  // Positions in addresses() (a bit each, of the first 64) that could not be reached within the last kAvoid,
  // so that one silent address does not delay every connection. Only a hint: an address may have moved since.
  std::uint64_t avoided(base::SteadyTime now) const noexcept;
  void avoid(std::size_t position, base::SteadyTime now) noexcept;
  static constexpr base::Duration kAvoid = std::chrono::seconds(10);
  // From the resolver. An error leaves the addresses as they are and is kept for
  // why_unusable().
  void publish(const base::Result<Addresses>& answer);
  // TLS to this target from now on; only for one with such a URL. Connections that were made with other
  // settings serve no further exchange. Control thread.
  void use_tls(std::shared_ptr<const TargetTls> tls);
  // Null without TLS; the same one as long as the settings are the same. Takes a lock: for connecting only.
  std::shared_ptr<const TargetTls> tls() const;
  // Sessions of the loop that asks, a worker's or the prober's, with these settings; its thread only. A
  // session that is resumed was verified when it began, by what was demanded then: those of other settings
  // are forgotten.
  const std::shared_ptr<net::TlsSessions>& sessions(const net::Loop& loop,
                                                    const std::shared_ptr<const TargetTls>& tls);
  // Why this target is not usable.
  base::Error why_unusable() const;

  // One list of targets more, or less, that has it. When `drain` is set and it was the last one, the target
  // is to go: it gets no requests any more, what is open ends, and unused connections are closed soon. One
  // in no list does not count as out. Any thread; `drain` only on the control thread, while the loops run.
  void join();
  static void leave(const std::shared_ptr<Target>& target, bool drain);
  bool draining() const noexcept { return draining_.load(std::memory_order_acquire); }

  // From now on checks decide too, or do not any more. Put in force with a snapshot; control thread.
  void check_health(bool checked, base::WallTime now);
  // From the prober: what a check has found; the change of state, if it makes one.
  std::optional<HealthChange> take(const Finding& finding, const HealthLimits& limits, base::WallTime now);
  // As of now. Takes a lock.
  Health health() const;

  // How long it takes to answer; for balancers that ask for it, and nobody else tells it.
  Latency& latency() noexcept { return latency_; }

  // A request went well here: no failures in a row any more. Writes only if there were any, or checks fail.
  void went_well(int status, base::SteadyTime now) noexcept {
    if (agreement_.listens()) [[unlikely]]
      note_answer(status, now);
  }
  // One failed where nobody looks for outliers.
  void failed(base::SteadyTime now) noexcept { agreement_.failed(now); }
  // One failed, and is still in flight here.
  Verdict went_wrong(const OutlierConfig& config, std::string_view failure, base::SteadyTime now);
  // Takes it out for a while; how long, zero if it is out already or in no list.
  base::Duration eject(const OutlierConfig& config, std::string cause, base::SteadyTime now);
  // Brings it back if its time is over, or early where `why` says so. True if it was out.
  bool bring_back(base::SteadyTime now, std::string_view why = {});
  bool ejected() const noexcept { return ejected_.load(std::memory_order_relaxed); }
  // As of now. Takes a lock.
  Ejection ejection() const;
  // What it is in one word, the gravest one where several hold. Takes a lock.
  ServiceState state() const;
  // What checks say of it and requests do not, or the other way around, for people; "" if they agree. Takes a
  // lock.
  std::string disagreement() const;
  // What has become of it lately, oldest first. Takes a lock.
  std::deque<TargetChange> changes() const;
  // --- What operators say, until they say otherwise; SaidOfTargets remembers it. Any thread; they lock.
  // As if every check had passed.
  void reset_health(base::WallTime now);
  // It gets no further requests; those under way end.
  void drain(bool on);
  bool drained() const noexcept { return drained_.load(std::memory_order_relaxed); }
  // Instead of the one that is written; nullopt for that one again.
  void set_weight(std::optional<std::uint32_t> weight);
  std::optional<std::uint32_t> weight() const noexcept;

  // Requests in flight, all workers together.
  std::uint32_t active() const noexcept {
    return static_cast<std::uint32_t>(requests_.load(std::memory_order_relaxed));
  }
  // Open connections, all workers together; try_open() is false, and counts nothing, at `at_most`, or where
  // those of its group are `at_most_in_all`.
  static constexpr std::uint32_t kNoLimit = ~std::uint32_t{0};
  bool try_open(std::uint32_t at_most, std::uint32_t at_most_in_all = kNoLimit) noexcept;
  void closed() noexcept {
    connections_.fetch_sub(1, std::memory_order_relaxed);
    group_->connections.fetch_sub(1, std::memory_order_relaxed);
  }
  std::uint32_t connections() const noexcept { return connections_.load(std::memory_order_relaxed); }

  // That worker's own; null until it puts something there. Its thread only. When the last owner of the target
  // is gone, on whatever thread, each worker destroys its slot, and the target goes after the last of them: a
  // slot may refer to its target, and the loops must outlive both.
  std::unique_ptr<PoolSlot>& slot(unsigned worker) noexcept { return slots_[worker]; }

 private:
  friend class ActiveRequest;
  friend class TargetTable;

  Target(std::shared_ptr<TargetGroup> group, TargetUrl url, std::shared_ptr<const WorkerLoops> workers,
         const net::Address* at);
  static void retire(Target* target);
  void update_usable();
  void count_as_in() noexcept;
  void note_answer(int status, base::SteadyTime now) noexcept;
  ServiceState said_state() const;
  void note(base::WallTime when, std::string cause);
  base::WallTime wall() const noexcept;
  base::SteadyTime now() const noexcept;

  const std::shared_ptr<TargetGroup> group_;
  const TargetUrl url_;
  const std::string text_;
  const std::string host_field_;
  const bool one_of_name_;
  const std::shared_ptr<const WorkerLoops> workers_;
  std::vector<std::unique_ptr<PoolSlot>> slots_;
  std::unique_ptr<net::Watch> watch_;
  std::atomic<bool> usable_{false};
  std::atomic<bool> reachable_{false};
  std::atomic<base::SteadyTime::rep> fresh_since_{0};
  std::atomic<std::uint32_t> version_{0};
  std::atomic<std::uint32_t> lists_{0};
  std::atomic<bool> draining_{false};
  std::atomic<bool> drained_{false};
  std::atomic<std::uint32_t> weight_{0};  // 0: the one that is written

  struct Sessions {
    std::shared_ptr<const TargetTls> tls;
    std::shared_ptr<net::TlsSessions> kept;
  };
  std::vector<Sessions> sessions_;  // by worker; the last ones are the prober's

  mutable std::mutex mutex_;
  std::shared_ptr<const TargetTls> tls_;
  std::shared_ptr<const Addresses> addresses_;
  std::string resolve_error_;
  Health health_;
  bool entered_ = false, late_ = false, was_usable_ = false;
  Ejection ejection_;
  TargetChanges changes_;
  std::atomic<bool> ejected_{false};  // ejection_.out(), of one that some list has
  FailureWindow failures_;

  // Written by every worker for every request: a cache line of their own. In the lower half of requests_
  // those in flight, in the upper one how many have begun (it wraps): both for one write.
  static constexpr std::uint64_t kBegun = std::uint64_t{1} << 32;
  alignas(64) std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint32_t> failed_in_a_row_{0};
  std::atomic<std::uint32_t> connections_{0};
  std::atomic<std::uint32_t> start_{0};
  std::atomic<std::uint64_t> avoided_{0};
  std::atomic<base::SteadyTime::rep> avoid_until_{0};
  Agreement agreement_;  // begins with what each request reads; the rest is written when something is wrong

  // The same, but for the kinds of balancer alone that go by it.
  alignas(64) Latency latency_;
};

// Counts a request in flight at a target while it lives; the target must outlive it.
class ActiveRequest {
 public:
  explicit ActiveRequest(Target& target) noexcept : target_(&target) {
    target_->requests_.fetch_add(Target::kBegun + 1, std::memory_order_relaxed);
  }
  ActiveRequest(ActiveRequest&& o) noexcept : target_(std::exchange(o.target_, nullptr)) {}
  ActiveRequest& operator=(ActiveRequest&&) = delete;
  ~ActiveRequest() {
    if (target_) target_->requests_.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  Target* target_;  // null once moved from
};

}  // namespace sluice::upstream

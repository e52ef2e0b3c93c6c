// SPDX-License-Identifier: Apache-2.0
// Upstream: a named group of targets as one snapshot has it: settings in force and a choice of target.
// Immutable but for what each worker keeps for itself. Built on the control thread, used by forward and
// whatever else calls services.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/observe/upstream_metrics.h"
#include "gateway/upstream/balancer.h"
#include "gateway/upstream/config.h"
#include "gateway/upstream/failover.h"
#include "gateway/upstream/prober.h"
#include "gateway/upstream/protection.h"
#include "gateway/upstream/slow_start.h"
#include "gateway/upstream/sticky.h"
#include "gateway/upstream/target.h"
#include "gateway/upstream/target_labels.h"
#include "gateway/upstream/target_table.h"

namespace sluice::upstream {

class ListSource;
class Source;
struct Member;
using Members = std::vector<Member>;

class Upstream : public std::enable_shared_from_this<Upstream> {
 public:
  Upstream(std::string name, const UpstreamConfig& config, const DefaultsConfig& defaults,
           TargetTable& targets);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  const std::string& name() const noexcept { return name_; }
  // Of `defaults` and the upstream; a route's own go on top with merge().
  const Timeouts& timeouts() const noexcept { return timeouts_; }
  const RetryConfig& retry() const noexcept { return retry_; }
  const HedgeConfig& hedge() const noexcept { return hedge_; }
  bool finishes_writes() const noexcept { return on_client_abort_ == OnClientAbort::finish; }
  const HostPolicy& host() const noexcept { return host_; }
  http::Telling telling() const noexcept { return telling_; }
  const PoolSettings& pool() const noexcept { return pool_; }
  // False: its targets are asked by HTTP/1.1 alone.
  bool may_speak_h2() const noexcept {
    return pool_.protocol == ProtocolChoice::h2 || (pool_.protocol == ProtocolChoice::automatic && tls_);
  }
  // True: by HTTP/2 alone, whatever they would choose, as somebody has said so.
  bool speaks_h2() const noexcept { return pool_.protocol == ProtocolChoice::h2; }
  // Set: connections to the targets begin with a header of that version.
  std::optional<net::ProxyVersion> proxy_protocol() const noexcept { return proxy_protocol_; }
  // As of now; takes locks: not for workers.
  std::vector<std::shared_ptr<Target>> targets() const;
  // The same as that worker knows them, on its thread; good until it asks again or picks.
  std::span<const std::shared_ptr<Target>> targets(unsigned worker) const;
  // For people: the targets, what stands for those of a source that has none, and those that are to go.
  struct Shown {
    std::string text;
    std::shared_ptr<Target> target;  // null: none is known
    std::string why;                 // then
    std::uint32_t weight = 1;        // as written
    bool draining = false;
    std::shared_ptr<const TargetLabels> labels = {};  // null: nothing is written
  };
  std::vector<Shown> shown() const;
  // Where further targets come from. Before this is in force.
  void draw_from(std::shared_ptr<Source> source, std::uint32_t weight = 1,
                 std::shared_ptr<const TargetLabels> labels = nullptr);
  // Lets its targets stay until those of the list are known. Before the list has said anything.
  void hand_to(ListSource& list) const;
  // Targets in place of those; null: none. Control thread, at any time.
  void use_instead(std::shared_ptr<Source> source);
  const std::shared_ptr<TargetGroup>& group() const noexcept { return group_; }
  // Computes what balance and cookies need of the members as they are now, so that no worker has to: it takes
  // milliseconds. True if there was anything to do. Happens by itself once this is in force and when members
  // change from then on. Control thread.
  bool prepare() const;
  // Where this upstream's connections and attempts are counted; set once, when the snapshot is built.
  void count_with(std::shared_ptr<observe::UpstreamMetrics> metrics) { metrics_ = std::move(metrics); }
  const std::shared_ptr<observe::UpstreamMetrics>& metrics() const noexcept { return metrics_; }

  // TLS of its targets, put in force with the snapshot.
  void speak_tls(std::shared_ptr<const TargetTls> tls) { tls_ = std::move(tls); }
  bool speaks_tls() const noexcept { return tls_ != nullptr; }
  void put_in_force(base::WallTime now) const;
  // Has each worker take up what is new, and leave what gets no requests any more, also where nobody asks for
  // anything. Control thread.
  void look_soon() const;
  // TLS of the same settings, of files that are new. Requests under way end on the connections that they
  // have; those to come get none that was made before. Control thread, while this is in force.
  void renew_tls(const std::shared_ptr<const TargetTls>& tls) const;
  // Was this the last one of its name that was put in force?
  bool in_force() const noexcept { return group_->in_force.load(std::memory_order_relaxed) == this; }
  // Null: its targets are not checked.
  const std::shared_ptr<const ProbeSettings>& checks() const noexcept { return checks_; }
  // For the prober, once this is in force.
  void add_checks(std::vector<Watched>& out) const;

  // What takes over where this one cannot serve, in that order; once, when the snapshot is built.
  void fail_over_to(std::vector<std::shared_ptr<Upstream>> others);
  // Null without any.
  const Failover* failover() const noexcept { return failover_.get(); }
  Balance balance() const noexcept { return balance_; }
  // What consistent_hash wants to know of a request; empty for other kinds.
  const std::vector<config::KeyPart>& hash_by() const noexcept { return hash_by_; }
  // Null without sticky cookies.
  const StickyConfig* sticky() const noexcept { return sticky_ ? &*sticky_ : nullptr; }
  // Those of the targets as that worker knows them; only with sticky(). Its thread, until it picks.
  const Sticky& cookies(unsigned worker) const;

  // The target for the next attempt, on that worker's thread, and the upstream that it is of: this one or one
  // of failover(). The target is null when none is usable. Targets in `tried` are avoided as long as there is
  // another. The target is good while this upstream lives and either the target is active or no other request
  // of this worker has been given one. `elsewhere`: none of this one, whose circuit is open; only with
  // failover().
  Picked choose(unsigned worker, const PickKey& key, std::span<Target* const> tried = {},
                bool elsewhere = false);
  // The same of this upstream alone, and without the target that the client had. `covered`: others can bear
  // what the healthy ones here cannot, so this is no case for panic.
  Target* pick(unsigned worker, const PickKey& key, std::span<Target* const> tried = {},
               bool covered = false);
  // How an attempt at one of its targets went: an answer with that status began, or it failed, after `took`.
  // That worker's thread.
  void learn(Target& target, int status, base::Reason failure, base::Duration took,
             base::SteadyTime now) const noexcept {
    if (balance_ == Balance::peak_ewma) [[unlikely]]
      learn_latency(target.latency(), status, failure, took, now);
  }

  // Brings back targets whose time out of service is over. pick() does that too.
  void bring_back_due(unsigned worker) const { protection_.bring_back_due(targets(worker), now(worker)); }
  // Of that worker's round.
  base::SteadyTime now(unsigned worker) const noexcept { return (*loops_)[worker]->now(); }
  // As of now; any thread. version() grows when it changes.
  Share share() const noexcept;
  std::uint64_t version() const noexcept { return group_->version.load(std::memory_order_acquire); }
  // Do requests go to unhealthy targets too, because too few are healthy? Any thread.
  bool panicking() const;
  // Logs if that has changed since it was last looked at, and this upstream is in force. Any thread.
  void tell_panic() const;

  const Protection& protection() const noexcept { return protection_; }
  // For the reply when choose() gave null.
  base::Error why_unusable() const;

 private:
  struct View;
  struct DestroyView {
    void operator()(View* view) const noexcept;
  };
  struct Part {
    std::shared_ptr<Source> source;
    std::uint32_t weight;
    std::shared_ptr<const TargetLabels> labels{};  // of all its members
  };
  struct Made;
  std::vector<Part> parts() const;  // those in force; takes a lock, as members() does
  Members members() const;
  View& view(unsigned worker) const;
  bool has(unsigned worker, const Target* target) const;
  void refresh(View& view, unsigned worker, std::uint64_t version) const;
  void warm_soon() const;
  void take_members(View& view, unsigned worker) const;
  std::shared_ptr<const Made> made_of(const View& view) const;
  void gather(View& view, const std::vector<Part>& parts) const;
  static void drop_unasked(const View& view, unsigned worker);
  void weigh(View& view, base::SteadyTime now) const;
  bool below_threshold(const Share& share) const noexcept;
  static Target* pick_other(View& view, const std::vector<Candidate>& among, const PickKey& key,
                            std::span<Target* const> tried);

  std::string name_;
  std::shared_ptr<observe::UpstreamMetrics> metrics_;
  std::shared_ptr<const TargetTls> tls_;
  std::shared_ptr<const ProbeSettings> checks_;
  Timeouts timeouts_;
  RetryConfig retry_;
  HedgeConfig hedge_;
  OnClientAbort on_client_abort_;
  HostPolicy host_;
  http::Telling telling_;
  PoolSettings pool_;
  std::optional<net::ProxyVersion> proxy_protocol_;
  Balance balance_;
  std::vector<config::KeyPart> hash_by_;
  SlowStart slow_start_;
  double panic_below_;  // of 1
  std::shared_ptr<const WorkerLoops> loops_;
  std::shared_ptr<TargetGroup> group_;
  Protection protection_;
  std::vector<Part> parts_;
  std::optional<StickyConfig> sticky_;
  double bounded_load_;
  base::Duration grace_;  // of its sources, once this is in force
  std::unique_ptr<Failover> failover_;
  mutable std::mutex mutex_;
  std::shared_ptr<Source> instead_;  // guarded
  mutable std::mutex making_;
  mutable std::shared_ptr<const Made> made_;               // guarded by that one
  std::vector<std::unique_ptr<View, DestroyView>> views_;  // by worker
};

}  // namespace sluice::upstream

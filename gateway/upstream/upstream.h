// SPDX-License-Identifier: Apache-2.0
// Upstream: a named group of targets as one snapshot has it: settings in force and a choice of target.
// Immutable but for what each worker keeps for itself. Built on the control thread, used by forward and
// whatever else calls services.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/observe/upstream_metrics.h"
#include "gateway/upstream/balancer.h"
#include "gateway/upstream/config.h"
#include "gateway/upstream/prober.h"
#include "gateway/upstream/protection.h"
#include "gateway/upstream/target.h"
#include "gateway/upstream/target_table.h"

namespace sluice::upstream {

class Upstream {
 public:
  Upstream(std::string name, const UpstreamConfig& config, const DefaultsConfig& defaults,
           TargetTable& targets);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  const std::string& name() const noexcept { return name_; }
  // Of `defaults` and the upstream; a route's own go on top with merge().
  const Timeouts& timeouts() const noexcept { return timeouts_; }
  const RetryConfig& retry() const noexcept { return retry_; }
  const HostPolicy& host() const noexcept { return host_; }
  http::Telling telling() const noexcept { return telling_; }
  const PoolSettings& pool() const noexcept { return pool_; }
  // Set: connections to the targets begin with a header of that version.
  std::optional<net::ProxyVersion> proxy_protocol() const noexcept { return proxy_protocol_; }
  const std::vector<std::shared_ptr<Target>>& targets() const noexcept { return targets_; }
  // As written, in the order of targets().
  const std::vector<std::uint32_t>& weights() const noexcept { return weights_; }
  // Where this upstream's connections and attempts are counted; set once, when the snapshot is built.
  void count_with(std::shared_ptr<observe::UpstreamMetrics> metrics) { metrics_ = std::move(metrics); }
  const std::shared_ptr<observe::UpstreamMetrics>& metrics() const noexcept { return metrics_; }

  // TLS of its targets, put in force with the snapshot.
  void speak_tls(std::shared_ptr<const TargetTls> tls) { tls_ = std::move(tls); }
  void put_in_force(base::WallTime now) const;
  // Null: its targets are not checked.
  const std::shared_ptr<const ProbeSettings>& checks() const noexcept { return checks_; }
  // For the prober, once this is in force.
  void add_checks(std::vector<Watched>& out) const;

  // The target for the next attempt, on that worker's thread; null when none is usable. Targets in `tried`
  // are avoided as long as there is another. The pointer is good as long as this upstream is.
  Target* pick(unsigned worker, const PickKey& key, std::span<Target* const> tried = {});
  const Protection& protection() const noexcept { return protection_; }
  // For the reply when pick() gave null.
  base::Error why_unusable() const;

 private:
  struct View;
  struct DestroyView {
    void operator()(View* view) const noexcept;
  };
  void refresh(View& view, std::uint64_t version) const;
  Target* pick_untried(View& view, const PickKey& key, std::span<Target* const> tried) const;

  std::string name_;
  std::shared_ptr<observe::UpstreamMetrics> metrics_;
  std::shared_ptr<const TargetTls> tls_;
  std::shared_ptr<const ProbeSettings> checks_;
  Timeouts timeouts_;
  RetryConfig retry_;
  HostPolicy host_;
  http::Telling telling_;
  PoolSettings pool_;
  std::optional<net::ProxyVersion> proxy_protocol_;
  std::shared_ptr<TargetGroup> group_;
  Protection protection_;
  std::vector<std::shared_ptr<Target>> targets_;
  std::vector<std::uint32_t> weights_;
  std::vector<std::unique_ptr<View, DestroyView>> views_;  // by worker
};

}  // namespace sluice::upstream

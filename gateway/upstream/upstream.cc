// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/upstream.h"

#include <algorithm>
#include <utility>

namespace sluice::upstream {

// What one worker keeps: the usable targets as of `version`, and its balancer.
struct alignas(64) Upstream::View {
  std::uint64_t version = 0;
  std::vector<Candidate> usable;
  std::vector<Candidate> untried;  // for the time of one pick
  std::unique_ptr<Balancer> balancer;
};

void Upstream::DestroyView::operator()(View* view) const noexcept { delete view; }

Upstream::Upstream(std::string name, const UpstreamConfig& config, const DefaultsConfig& defaults,
                   TargetTable& targets)
    : name_(std::move(name)),
      checks_(config.health ? std::make_shared<const ProbeSettings>(probe_settings(config)) : nullptr),
      timeouts_(merge(merge(Timeouts{}, defaults.timeouts), config.timeouts)),
      retry_(config.retry ? *config.retry : defaults.retry.value_or(RetryConfig{})),
      host_(config.host),
      telling_(config.forwarded),
      pool_{config.pool, config.protocol, config.limits.max_connections.value_or(Target::kNoLimit)},
      proxy_protocol_(config.proxy_protocol),
      group_(targets.group(name_)),
      protection_(config, group_, *targets.loops()) {
  for (const TargetConfig& t : config.all_targets()) {
    targets_.push_back(targets.target(group_, t.url));
    weights_.push_back(t.weight);
  }
  for (unsigned worker = 0; worker < targets.workers(); ++worker) {
    views_.emplace_back(new View);
    views_.back()->balancer = make_balancer(config.balance, targets_.size(), worker, Random::seeded());
  }
}

void Upstream::put_in_force(base::WallTime now) const {
  protection_.put_in_force(targets_, metrics_.get());
  for (const auto& t : targets_) {
    if (t->url().tls) t->use_tls(tls_);
    t->check_health(checks_ != nullptr, now);
  }
}

void Upstream::add_checks(std::vector<Watched>& out) const {
  if (!checks_) return;
  for (const auto& t : targets_) out.push_back({t, checks_, metrics_});
}

void Upstream::refresh(View& view, std::uint64_t version) const {
  view.version = version;
  view.usable.clear();
  for (std::uint32_t i = 0; i < targets_.size(); ++i)
    if (targets_[i]->usable())
      view.usable.push_back({targets_[i].get(), targets_[i]->weight().value_or(weights_[i]), i, 0});
  sum_weights(view.usable);
}

Target* Upstream::pick(unsigned worker, const PickKey& key, std::span<Target* const> tried) {
  View& view = *views_[worker];
  auto version = group_->version.load(std::memory_order_acquire);
  if (version != view.version) refresh(view, version);
  if (view.usable.empty()) return nullptr;
  if (view.usable.size() == 1) return view.usable.front().target;
  if (!tried.empty()) return pick_untried(view, key, tried);
  return view.balancer->pick(view.usable, key).target;
}

Target* Upstream::pick_untried(View& view, const PickKey& key, std::span<Target* const> tried) const {
  auto& left = view.untried;
  left = view.usable;
  std::erase_if(left,
                [tried](const Candidate& c) { return std::ranges::find(tried, c.target) != tried.end(); });
  if (left.empty()) left = view.usable;
  if (left.size() == 1) return left.front().target;
  sum_weights(left);
  return view.balancer->pick(left, key).target;
}

base::Error Upstream::why_unusable() const {
  if (targets_.empty()) return {base::Reason::no_healthy_upstream, name_ + " has no targets"};
  // One that is ill says more than one whose name is not resolved.
  base::Error why = targets_.front()->why_unusable();
  for (std::size_t i = 1; i < targets_.size() && why.reason != base::Reason::no_healthy_upstream; ++i)
    if (auto other = targets_[i]->why_unusable(); other.reason == base::Reason::no_healthy_upstream)
      why = other;
  if (targets_.size() > 1)
    why.detail += " (and " + std::to_string(targets_.size() - 1) + " more targets of " + name_ + ")";
  return why;
}

}  // namespace sluice::upstream

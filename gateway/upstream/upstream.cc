// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/upstream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/upstream/maglev.h"

namespace sluice::upstream {

// What one worker keeps: the targets as of `version`, and its balancer.
struct alignas(64) Upstream::View {
  std::uint64_t version = 0;
  bool panic = false;
  bool coming_up = false;          // some target has not all of its weight yet
  base::SteadyTime weigh_again{};  // if so
  std::vector<Candidate> usable;
  std::vector<Candidate> reachable;  // the others too; empty unless in panic
  std::vector<Candidate> untried;    // for the time of one pick
  std::unique_ptr<Balancer> balancer;
};

void Upstream::DestroyView::operator()(View* view) const noexcept { delete view; }

namespace {

std::shared_ptr<const MaglevTable> table_of(const std::vector<std::shared_ptr<Target>>& targets,
                                            const std::vector<std::uint32_t>& weights) {
  std::vector<std::string> names;
  for (const auto& t : targets) names.push_back(t->url().text());
  std::vector<MaglevTable::Entry> entries;
  for (std::size_t i = 0; i < names.size(); ++i) entries.push_back({names[i], weights[i]});
  return std::make_shared<const MaglevTable>(entries);
}

}  // namespace

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
      balance_(config.balance),
      hash_by_(config.hash_by),
      slow_start_(config.slow_start),
      panic_below_(config.panic_threshold.ratio()),
      loops_(targets.loops()),
      group_(targets.group(name_)),
      protection_(config, group_, *targets.loops()) {
  for (const TargetConfig& t : config.all_targets()) {
    targets_.push_back(targets.target(group_, t.url));
    weights_.push_back(t.weight);
  }
  if (config.sticky) sticky_ = std::make_unique<const Sticky>(*config.sticky, name_, targets_);
  if (targets.workers() == 0) return;  // only to be looked at
  HashSettings hash{balance_ == Balance::consistent_hash ? table_of(targets_, weights_) : nullptr,
                    config.bounded_load};
  for (unsigned worker = 0; worker < targets.workers(); ++worker) {
    views_.emplace_back(new View);
    views_.back()->balancer = make_balancer(balance_, targets_.size(), worker, Random::seeded(), hash);
  }
}

void Upstream::fail_over_to(std::vector<std::shared_ptr<Upstream>> others) {
  failover_ = std::make_unique<Failover>(*this, std::move(others), static_cast<unsigned>(views_.size()));
}

void Upstream::put_in_force(base::WallTime now) const {
  protection_.put_in_force(targets_, metrics_.get());
  for (const auto& t : targets_) {
    if (t->url().tls) t->use_tls(tls_);
    t->check_health(checks_ != nullptr, now);
    t->enter(group_->served);
  }
  group_->served = true;
  group_->in_force.store(this, std::memory_order_relaxed);
}

void Upstream::add_checks(std::vector<Watched>& out) const {
  if (!checks_) return;
  for (const auto& t : targets_) out.push_back({t, checks_, metrics_});
}

void Upstream::refresh(View& view, std::uint64_t version, base::SteadyTime now) const {
  view.version = version;
  view.usable.clear();
  view.reachable.clear();
  Share share;
  for (std::uint32_t i = 0; i < targets_.size(); ++i) {
    Target* t = targets_[i].get();
    if (!t->reachable()) continue;
    ++share.all;
    view.reachable.push_back({t, weights_[i], i, 0});
    if (t->usable()) view.usable.push_back(view.reachable.back());
  }
  share.healthy = static_cast<std::uint32_t>(view.usable.size());
  view.panic = below_threshold(share);
  if (!view.panic) view.reachable.clear();
  weigh(view, now);
  if (!failover_) tell_panic();
}

void Upstream::weigh(View& view, base::SteadyTime now) const {
  view.coming_up = false;
  for (auto* all : {&view.usable, &view.reachable}) {
    for (Candidate& c : *all) {
      auto full = c.target->weight().value_or(weights_[c.index]);
      c.weight = slow_start_.weight(full, *c.target, now);
      view.coming_up |= slow_start_.coming_up(*c.target, now);
    }
    sum_weights(*all);
  }
  view.weigh_again = now + slow_start_.step();
}

Picked Upstream::choose(unsigned worker, const PickKey& key, std::span<Target* const> tried, bool elsewhere) {
  bool wanted = key.wanted && key.wanted->usable() && !elsewhere;
  if (wanted && std::ranges::find(tried, key.wanted) == tried.end()) [[unlikely]]
    return {this, key.wanted};
  if (failover_) [[unlikely]]
    return failover_->choose(worker, key, tried, elsewhere);
  return {this, pick(worker, key, tried)};
}

Target* Upstream::pick(unsigned worker, const PickKey& key, std::span<Target* const> tried, bool covered) {
  View& view = *views_[worker];
  auto now = this->now(worker);
  protection_.bring_back_due(targets_, now);
  auto version = this->version();
  if (version != view.version) {
    refresh(view, version, now);
    if (view.usable.empty() && protection_.bring_back_all(targets_, now)) refresh(view, this->version(), now);
  } else if (view.coming_up && now >= view.weigh_again) [[unlikely]] {
    weigh(view, now);
  }
  const auto& among = view.panic && !covered ? view.reachable : view.usable;
  if (among.empty()) return nullptr;
  if (among.size() == 1) return among.front().target;
  PickKey dated = key;
  dated.now = now;
  if (!tried.empty()) return pick_untried(view, among, dated, tried);
  return view.balancer->pick(among, dated).target;
}

Target* Upstream::pick_untried(View& view, const std::vector<Candidate>& among, const PickKey& key,
                               std::span<Target* const> tried) {
  auto& left = view.untried;
  left = among;
  std::erase_if(left,
                [tried](const Candidate& c) { return std::ranges::find(tried, c.target) != tried.end(); });
  if (left.empty()) left = among;
  if (left.size() == 1) return left.front().target;
  sum_weights(left);
  return view.balancer->pick(left, key).target;
}

Share Upstream::share() const noexcept {
  Share out;
  for (const auto& t : targets_) {
    out.all += t->reachable();
    out.healthy += t->usable();
  }
  return out;
}

bool Upstream::below_threshold(const Share& share) const noexcept {
  return share.healthy < share.all &&
         static_cast<double>(share.healthy) < panic_below_ * static_cast<double>(share.all);
}

bool Upstream::panicking() const {
  return below_threshold(share()) && !(failover_ && failover_->division().covered);
}

void Upstream::tell_panic() const {
  if (!in_force()) return;
  bool now = panicking();
  if (group_->panicking.exchange(now, std::memory_order_relaxed) == now) return;
  auto [healthy, all] = share();
  base::log(now ? base::Level::warning : base::Level::info,
            fmt::format("upstream {}: {}: {} of {} targets are healthy{}", name_,
                        now ? "panic" : "no panic any more", healthy, all,
                        now ? ", requests go to all of them" : ""));
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

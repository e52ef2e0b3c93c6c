// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/upstream.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "gateway/upstream/source_table.h"

namespace sluice::upstream {

// What one worker keeps: the members and the usable ones among them as of `version`, and its balancer. Owns
// the targets: those that left while they had requests too.
struct alignas(64) Upstream::View {
  std::uint64_t version = 0;
  std::vector<std::shared_ptr<const Members>> lists;  // by part
  std::vector<std::shared_ptr<Target>> left;
  Members members;
  std::vector<std::shared_ptr<Target>> targets;  // of the members
  std::vector<Candidate> usable;
  std::vector<Candidate> others;  // for the time of one pick
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
      protection_(config, group_, *targets.loops()),
      balance_(config.balance),
      loops_(targets.loops()) {
  for (const TargetConfig& t : config.all_targets()) {
    draw_from(targets.sources().of(group_, t.url), t.weight);
    parts_.back().source->set_grace(config.grace);
  }
  for (unsigned worker = 0; worker < targets.workers(); ++worker) views_.emplace_back(new View);
}

void Upstream::draw_from(std::shared_ptr<Source> source, std::uint32_t weight) {
  source->show();
  parts_.push_back({std::move(source), weight});
}

void Upstream::use_instead(std::shared_ptr<Source> source) {
  if (source) source->show();
  {
    std::lock_guard lock(mutex_);
    instead_ = std::move(source);
  }
  group_->version.fetch_add(1, std::memory_order_release);
}

std::vector<Upstream::Part> Upstream::parts() const {
  std::lock_guard lock(mutex_);
  if (instead_) return {{instead_, 1}};
  return parts_;
}

std::vector<std::shared_ptr<Target>> Upstream::targets() const {
  std::vector<std::shared_ptr<Target>> out;
  for (const Part& p : parts())
    for (const Member& m : *p.source->members()) out.push_back(m.target);
  return out;
}

std::vector<Upstream::Shown> Upstream::shown() const {
  std::vector<Shown> out;
  auto all = parts();
  for (const Part& p : all) {
    auto members = p.source->members();
    for (const Member& m : *members)
      out.push_back({m.target->text(), m.target, {}, times(m.weight, p.weight), false});
    if (members->empty())
      out.push_back({p.source->names().shown, nullptr, p.source->why_empty().detail, p.weight, false});
  }
  for (const Part& p : all)
    for (auto& t : p.source->draining()) out.push_back({t->text(), t, {}, p.weight, true});
  return out;
}

void Upstream::put_in_force(base::WallTime now) const {
  group_->tls = tls_;
  group_->checked = checks_ != nullptr;
  auto all = targets();
  protection_.put_in_force(all, metrics_.get());
  for (const auto& t : all) {
    if (t->url().tls && tls_) t->use_tls(tls_);
    t->check_health(checks_ != nullptr, now);
  }
}

void Upstream::add_checks(std::vector<Watched>& out) const {
  if (!checks_) return;
  for (const auto& t : targets()) out.push_back({t, checks_, metrics_});
}

// Other members than before? Their indices are new then, and so is the balancer that goes by them.
void Upstream::take_members(View& view, unsigned worker) const {
  auto all = parts();
  std::vector<std::shared_ptr<const Members>> lists;
  for (const Part& p : all) lists.push_back(p.source->members());
  if (view.balancer && lists == view.lists) return;
  view.lists = std::move(lists);
  Members members;
  std::unordered_set<const Target*> have;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const Member& m : *view.lists[i]) {
      members.push_back({m.target, times(m.weight, all[i].weight), m.priority});
      have.insert(m.target.get());
    }
  // A target that left goes when the last request that was given it here is over; it counts until then.
  for (Member& m : view.members) view.left.push_back(std::move(m.target));
  view.members = std::move(members);
  view.targets.clear();
  for (const Member& m : view.members) view.targets.push_back(m.target);
  std::erase_if(view.left, [&](const auto& t) { return t->active() == 0 || have.contains(t.get()); });
  view.balancer = make_balancer(balance_, view.members.size(), worker, Random::seeded());
}

void Upstream::refresh(View& view, unsigned worker, std::uint64_t version) const {
  view.version = version;
  take_members(view, worker);
  view.usable.clear();
  auto lowest = ~std::uint32_t{0};
  for (std::uint32_t i = 0; i < view.members.size(); ++i) {
    const Member& m = view.members[i];
    if (!m.target->usable() || m.priority > lowest) continue;
    if (m.priority < lowest) view.usable.clear();
    lowest = m.priority;
    view.usable.push_back({m.target.get(), m.target->weight().value_or(m.weight), i, 0});
  }
  sum_weights(view.usable);
}

Upstream::View& Upstream::view(unsigned worker) const {
  View& view = *views_[worker];
  auto version = group_->version.load(std::memory_order_acquire);
  if (version != view.version) refresh(view, worker, version);
  return view;
}

std::span<const std::shared_ptr<Target>> Upstream::targets(unsigned worker) const {
  return view(worker).targets;
}

// Could one address of a name not be reached just now? The others stand for the same service.
bool Upstream::unreachable(const Target& target, unsigned worker) const noexcept {
  return target.one_of_name() && target.avoided((*loops_)[worker]->now()) != 0;
}

Target* Upstream::pick(unsigned worker, const PickKey& key, std::span<Target* const> tried) {
  View& view = this->view(worker);
  if (view.usable.empty()) return nullptr;
  if (view.usable.size() == 1) return view.usable.front().target;
  if (!tried.empty()) return pick_other(view, worker, key, tried);
  Target* target = view.balancer->pick(view.usable, key).target;
  if (unreachable(*target, worker)) [[unlikely]]
    return pick_other(view, worker, key, {});
  return target;
}

// Neither tried nor unreachable, if there is such a one; else at least not tried.
Target* Upstream::pick_other(View& view, unsigned worker, const PickKey& key,
                             std::span<Target* const> tried) const {
  auto& left = view.others;
  auto was_tried = [tried](const Candidate& c) { return std::ranges::find(tried, c.target) != tried.end(); };
  left = view.usable;
  std::erase_if(left, [&](const Candidate& c) { return was_tried(c) || unreachable(*c.target, worker); });
  if (left.empty()) {
    left = view.usable;
    std::erase_if(left, was_tried);
  }
  if (left.empty()) left = view.usable;
  if (left.size() == 1) return left.front().target;
  sum_weights(left);
  return view.balancer->pick(left, key).target;
}

base::Error Upstream::why_unusable() const {
  std::vector<base::Error> all;
  for (const Part& p : parts()) {
    auto members = p.source->members();
    for (const Member& m : *members) all.push_back(m.target->why_unusable());
    if (members->empty()) all.push_back(p.source->why_empty());
  }
  if (all.empty()) return {base::Reason::no_healthy_upstream, name_ + " has no targets"};
  // One that is ill says more than one whose name is not resolved.
  auto ill = std::ranges::find(all, base::Reason::no_healthy_upstream, &base::Error::reason);
  base::Error why = ill == all.end() ? all.front() : *ill;
  if (all.size() > 1)
    why.detail += " (and " + std::to_string(all.size() - 1) + " more targets of " + name_ + ")";
  return why;
}

}  // namespace sluice::upstream

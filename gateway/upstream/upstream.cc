// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/upstream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/upstream/maglev.h"
#include "gateway/upstream/pool.h"
#include "gateway/upstream/source_table.h"

namespace sluice::upstream {

// What is computed of the members, once for all workers: only where the balance or the cookies ask for it.
struct Upstream::Made {
  std::vector<std::shared_ptr<const Members>> lists;
  HashSettings hash;
  std::optional<Sticky> sticky;
};

// What one worker keeps: the members and what may be chosen among them as of `version`, and its balancer.
// Owns the targets: those that left while they had requests too.
struct alignas(64) Upstream::View {
  std::uint64_t version = 0;
  bool panic = false;
  bool coming_up = false;                             // some target has not all of its weight yet
  base::SteadyTime weigh_again{};                     // if so
  std::vector<std::shared_ptr<const Members>> lists;  // by part
  std::vector<std::shared_ptr<Target>> left;
  Members members;
  std::vector<std::shared_ptr<Target>> targets;  // of the members
  std::shared_ptr<const Made> made;
  std::vector<Candidate> usable;
  std::vector<Candidate> reachable;  // the others too; empty unless in panic
  std::vector<Candidate> others;     // for the time of one pick
  std::unique_ptr<Balancer> balancer;
};

void Upstream::DestroyView::operator()(View* view) const noexcept { delete view; }

namespace {

// For a binary search.
std::vector<const Target*> in_order(const std::vector<std::shared_ptr<Target>>& targets) {
  std::vector<const Target*> out;
  out.reserve(targets.size());
  for (const auto& t : targets) out.push_back(t.get());
  std::ranges::sort(out);
  return out;
}

// Of several priorities the lowest that has a usable target, or else one that can be reached: the others get
// nothing.
std::uint32_t priority_of(const Members& members) {
  auto usable = ~std::uint32_t{0}, reachable = usable;
  for (const Member& m : members) {
    if (!m.target->reachable()) continue;
    reachable = std::min(reachable, m.priority);
    if (m.target->usable()) usable = std::min(usable, m.priority);
  }
  return std::min(usable, usable == ~std::uint32_t{0} ? reachable : usable);
}

std::shared_ptr<const MaglevTable> table_of(const Members& members) {
  std::vector<std::string> names;
  for (const Member& m : members) names.push_back(m.target->identity());
  std::vector<MaglevTable::Entry> entries;
  for (std::size_t i = 0; i < names.size(); ++i) entries.push_back({names[i], members[i].weight});
  return std::make_shared<const MaglevTable>(entries);
}

// Could one address of a name not be reached just now? The others stand for the same service.
bool unreachable(const Target& target, base::SteadyTime now) noexcept {
  return target.one_of_name() && target.avoided(now) != 0;
}

}  // namespace

Upstream::Upstream(std::string name, const UpstreamConfig& config, const DefaultsConfig& defaults,
                   TargetTable& targets)
    : name_(std::move(name)),
      checks_(config.health ? std::make_shared<const ProbeSettings>(probe_settings(config)) : nullptr),
      timeouts_(merge(merge(Timeouts{}, defaults.timeouts), config.timeouts)),
      retry_(config.retry ? *config.retry : defaults.retry.value_or(RetryConfig{})),
      hedge_(config.hedge ? *config.hedge : defaults.hedge.value_or(HedgeConfig{.on = false})),
      on_client_abort_(config.on_client_abort),
      host_(config.host),
      telling_(config.forwarded),
      pool_{config.pool, config.spoken(), config.limits.max_connections.value_or(Target::kNoLimit)},
      proxy_protocol_(config.proxy_protocol),
      balance_(config.balance),
      hash_by_(config.hash_by),
      slow_start_(config.slow_start),
      panic_below_(config.panic_threshold.ratio()),
      loops_(targets.loops()),
      group_(targets.group(name_)),
      protection_(config, group_, *targets.loops(), this),
      sticky_(config.sticky),
      bounded_load_(config.bounded_load),
      grace_(config.grace) {
  for (const TargetConfig& t : config.all_targets())
    draw_from(targets.sources().of(group_, t.url), t.weight, t.labels());
  for (unsigned worker = 0; worker < targets.workers(); ++worker) views_.emplace_back(new View);
}

void Upstream::fail_over_to(std::vector<std::shared_ptr<Upstream>> others) {
  failover_ = std::make_unique<Failover>(*this, std::move(others), static_cast<unsigned>(views_.size()));
}

void Upstream::draw_from(std::shared_ptr<Source> source, std::uint32_t weight,
                         std::shared_ptr<const TargetLabels> labels) {
  source->show();
  parts_.push_back({std::move(source), weight, std::move(labels)});
}

void Upstream::use_instead(std::shared_ptr<Source> source) {
  if (source) source->show();
  {
    std::lock_guard lock(mutex_);
    instead_ = std::move(source);
  }
  if (in_force()) prepare();
  group_->version.fetch_add(1, std::memory_order_release);
  if (in_force()) look_soon();
}

void Upstream::hand_to(ListSource& list) const {
  std::vector<ListSource::Part> before;
  for (Part& p : parts()) before.push_back({std::move(p.source), p.weight, 0, std::move(p.labels)});
  list.takes_over_from(std::move(before));
}

std::vector<Upstream::Part> Upstream::parts() const {
  std::lock_guard lock(mutex_);
  if (instead_) return {{instead_, 1, {}}};
  return parts_;
}

Members Upstream::members() const {
  Members out;
  for (const Part& p : parts())
    for (const Member& m : *p.source->members())
      out.push_back({m.target, times(m.weight, p.weight), m.priority});
  return out;
}

std::vector<std::shared_ptr<Target>> Upstream::targets() const {
  std::vector<std::shared_ptr<Target>> out;
  for (Member& m : members()) out.push_back(std::move(m.target));
  return out;
}

std::vector<Upstream::Shown> Upstream::shown() const {
  std::vector<Shown> out;
  auto all = parts();
  LabelsByTarget labels;
  for (const Part& p : all) p.source->tell_labels(labels);
  for (const Part& p : all) {
    auto members = p.source->members();
    for (const Member& m : *members) {
      auto written = labels.find(m.target.get());
      out.push_back({m.target->text(),
                     m.target,
                     {},
                     times(m.weight, p.weight),
                     false,
                     p.labels || written == labels.end() ? p.labels : written->second});
    }
    if (members->empty())
      out.push_back(
          {p.source->names().shown, nullptr, p.source->why_empty().detail, p.weight, false, p.labels});
  }
  for (const Part& p : all)
    for (auto& t : p.source->draining()) out.push_back({t->text(), t, {}, p.weight, true, p.labels});
  return out;
}

void Upstream::put_in_force(base::WallTime now) const {
  for (const Part& p : parts_) p.source->set_grace(grace_);
  for (const Part& p : parts()) p.source->put_in_force();
  group_->tls = tls_;
  group_->checked = checks_ != nullptr;
  auto all = targets();
  protection_.put_in_force(all, metrics_.get());
  for (const auto& t : all) {
    if (t->url().tls && tls_) t->use_tls(tls_);
    t->check_health(checks_ != nullptr, now);
    t->enter(group_->served);
  }
  group_->served = true;
  group_->in_force.store(this, std::memory_order_relaxed);
  prepare();
  group_->members_change = [weak = weak_from_this(), group = group_.get()] {
    auto self = weak.lock();
    if (self) self->prepare();
    group->version.fetch_add(1, std::memory_order_release);
    if (self) self->warm_soon();
  };
  if (pool_.keep.prewarm != 0 || group_->pools.any_but(in_order(all))) look_soon();
}

void Upstream::renew_tls(const std::shared_ptr<const TargetTls>& tls) const {
  group_->tls = tls;
  for (const auto& t : targets())
    if (t->url().tls) t->use_tls(tls);
}

// Each worker looks, and so warms, when it picks; this is for where nobody asks for anything yet.
void Upstream::warm_soon() const {
  if (pool_.keep.prewarm != 0) look_soon();
}

void Upstream::look_soon() const {
  for (unsigned w = 0; w < loops_->size(); ++w)
    (*loops_)[w]->post([weak = weak_from_this(), w] {
      if (auto self = weak.lock()) self->view(w);
    });
}

void Upstream::add_checks(std::vector<Watched>& out) const {
  if (!checks_) return;
  for (const auto& t : targets()) out.push_back({t, checks_, metrics_});
}

std::shared_ptr<const Upstream::Made> Upstream::made_of(const View& view) const {
  bool hashes = balance_ == Balance::consistent_hash;
  if (!hashes && !sticky_) return nullptr;
  std::lock_guard lock(making_);
  if (made_ && made_->lists == view.lists) return made_;
  auto made = std::make_shared<Made>();
  made->lists = view.lists;
  made->hash = {hashes ? table_of(view.members) : nullptr, bounded_load_};
  if (sticky_) made->sticky.emplace(*sticky_, name_, view.targets);
  made_ = std::move(made);
  return made_;
}

bool Upstream::prepare() const {
  if (balance_ != Balance::consistent_hash && !sticky_) return false;
  View now;
  auto all = parts();
  for (const Part& p : all) now.lists.push_back(p.source->members());
  gather(now, all);
  std::shared_ptr<const Made> before;
  {
    std::lock_guard lock(making_);
    before = made_;
  }
  return made_of(now) != before;
}

// The members of the lists.
void Upstream::gather(View& view, const std::vector<Part>& parts) const {
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (const Member& m : *view.lists[i]) {
      view.members.push_back({m.target, times(m.weight, parts[i].weight), m.priority});
      view.targets.push_back(m.target);
    }
}

// Other members than before? Their indices are new then, and so is the balancer that goes by them.
void Upstream::take_members(View& view, unsigned worker) const {
  auto over = [](const auto& t) { return t->active() == 0; };
  std::erase_if(view.left, over);
  auto all = parts();
  std::vector<std::shared_ptr<const Members>> lists;
  for (const Part& p : all) lists.push_back(p.source->members());
  if (view.balancer && lists == view.lists) return;
  view.lists = std::move(lists);
  // A target that left goes when the last request that was given it here is over; it counts until then.
  for (auto& t : view.targets) view.left.push_back(std::move(t));
  view.members.clear();
  view.targets.clear();
  gather(view, all);
  auto have = in_order(view.targets);
  std::erase_if(view.left, [&](const auto& t) {
    return over(t) || std::ranges::binary_search(have, static_cast<const Target*>(t.get()));
  });
  // Others of its name may still be held by older snapshots, or wait in the configuration.
  if (in_force()) group_->pools.keep_only(worker, have);
  view.made = made_of(view);
  view.balancer = make_balancer(balance_, view.members.size(), worker, Random::seeded(),
                                view.made ? view.made->hash : HashSettings{});
}

void Upstream::refresh(View& view, unsigned worker, std::uint64_t version) const {
  view.version = version;
  take_members(view, worker);
  view.usable.clear();
  view.reachable.clear();
  auto priority = priority_of(view.members);
  Share share;
  for (std::uint32_t i = 0; i < view.members.size(); ++i) {
    const Member& m = view.members[i];
    if (m.priority != priority || !m.target->reachable()) continue;
    ++share.all;
    view.reachable.push_back({m.target.get(), m.weight, i, 0});
    if (m.target->usable()) view.usable.push_back(view.reachable.back());
  }
  share.healthy = static_cast<std::uint32_t>(view.usable.size());
  if (pool_.keep.prewarm != 0 && in_force()) [[unlikely]]
    for (const auto& t : view.targets)
      Pool::of(*t, worker, *(*loops_)[worker], pool_, metrics_).warm(timeouts_.to_connect());
  view.panic = below_threshold(share);
  if (!view.panic) view.reachable.clear();
  drop_unasked(view, worker);
  weigh(view, now(worker));
  if (!failover_) tell_panic();
}

// Connections to targets that get no requests are of no use, and count among those that the upstream may
// have. Not where nothing else is usable: they may come back at once.
void Upstream::drop_unasked(const View& view, unsigned worker) {
  if (view.panic || view.usable.empty()) return;
  for (const auto& t : view.targets)
    if (!t->usable() && t->slot(worker)) t->slot(worker)->leave();
}

void Upstream::weigh(View& view, base::SteadyTime now) const {
  view.coming_up = false;
  for (auto* all : {&view.usable, &view.reachable}) {
    for (Candidate& c : *all) {
      auto full = c.target->weight().value_or(view.members[c.index].weight);
      c.weight = slow_start_.weight(full, *c.target, now);
      view.coming_up |= slow_start_.coming_up(*c.target, now);
    }
    sum_weights(*all);
  }
  view.weigh_again = now + slow_start_.step();
}

Upstream::View& Upstream::view(unsigned worker) const {
  View& view = *views_[worker];
  if (auto version = this->version(); version != view.version) {
    refresh(view, worker, version);
    if (view.usable.empty() && protection_.bring_back_all(view.targets, now(worker)))
      refresh(view, worker, this->version());
  }
  return view;
}

std::span<const std::shared_ptr<Target>> Upstream::targets(unsigned worker) const {
  return view(worker).targets;
}

bool Upstream::has(unsigned worker, const Target* target) const {
  const View& view = this->view(worker);
  if (view.made && view.made->sticky) return view.made->sticky->names(target);
  return std::ranges::any_of(view.targets, [&](const auto& t) { return t.get() == target; });
}

const Sticky& Upstream::cookies(unsigned worker) const { return *view(worker).made->sticky; }

Picked Upstream::choose(unsigned worker, const PickKey& key, std::span<Target* const> tried, bool elsewhere) {
  // The one that the client had may be gone by now, if this is not the first attempt.
  bool wanted = key.wanted && !elsewhere && has(worker, key.wanted) && key.wanted->usable();
  if (wanted && std::ranges::find(tried, key.wanted) == tried.end()) [[unlikely]]
    return {this, key.wanted};
  if (failover_) [[unlikely]]
    return failover_->choose(worker, key, tried, elsewhere);
  return {this, pick(worker, key, tried)};
}

Target* Upstream::pick(unsigned worker, const PickKey& key, std::span<Target* const> tried, bool covered) {
  bring_back_due(worker);
  View& view = this->view(worker);
  auto now = this->now(worker);
  if (view.coming_up && now >= view.weigh_again) [[unlikely]]
    weigh(view, now);
  const auto& among = view.panic && !covered ? view.reachable : view.usable;
  if (among.empty()) return nullptr;
  if (among.size() == 1) return among.front().target;
  PickKey dated = key;
  dated.now = now;
  if (!tried.empty()) return pick_other(view, among, dated, tried);
  Target* target = view.balancer->pick(among, dated).target;
  if (unreachable(*target, now)) [[unlikely]]
    return pick_other(view, among, dated, {});
  return target;
}

// Neither tried nor unreachable, if there is such a one; else at least not tried.
Target* Upstream::pick_other(View& view, const std::vector<Candidate>& among, const PickKey& key,
                             std::span<Target* const> tried) {
  auto& left = view.others;
  auto was_tried = [tried](const Candidate& c) { return std::ranges::find(tried, c.target) != tried.end(); };
  left = among;
  std::erase_if(left, [&](const Candidate& c) { return was_tried(c) || unreachable(*c.target, key.now); });
  if (left.empty()) {
    left = among;
    std::erase_if(left, was_tried);
  }
  if (left.empty()) left = among;
  if (left.size() == 1) return left.front().target;
  sum_weights(left);
  return view.balancer->pick(left, key).target;
}

Share Upstream::share() const noexcept {
  Share out;
  auto all = members();
  auto priority = priority_of(all);
  for (const Member& m : all) {
    if (m.priority != priority) continue;
    out.all += m.target->reachable();
    out.healthy += m.target->usable();
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

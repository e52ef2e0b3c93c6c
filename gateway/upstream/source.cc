// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/config/amounts.h"

namespace sluice::upstream {
namespace {

using base::Level;

std::unordered_set<const Target*> targets_of(const Members& members) {
  std::unordered_set<const Target*> out;
  for (const Member& m : members) out.insert(m.target.get());
  return out;
}

}  // namespace

std::uint32_t times(std::uint32_t weight, std::uint32_t factor) noexcept {
  constexpr std::uint64_t kMost = 10'000'000;
  return static_cast<std::uint32_t>(std::min(kMost, std::uint64_t{weight} * factor));
}

Source::Source(std::shared_ptr<SourceContext> context, std::shared_ptr<TargetGroup> group, Names names)
    : context_(std::move(context)),
      group_(std::move(group)),
      names_(std::move(names)),
      members_(std::make_shared<const Members>()) {}

// Perhaps on a worker's thread: the last exchange of a snapshot ends there.
Source::~Source() {
  for (const Member& m : *members_) Target::leave(m.target, false);
}

std::shared_ptr<const Members> Source::members() const {
  std::lock_guard lock(mutex_);
  return members_;
}

base::Error Source::why_empty() const {
  std::lock_guard lock(mutex_);
  return {base::Reason::upstream_resolve_failed,
          names_.name + ": " + (why_.empty() ? "not resolved yet" : why_)};
}

void Source::show() noexcept {
  std::lock_guard lock(mutex_);
  facts_.shown = true;
}

Source::Facts Source::facts() const {
  std::lock_guard lock(mutex_);
  return facts_;
}

std::vector<std::shared_ptr<Target>> Source::draining() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Target>> out;
  for (const auto& weak : left_)
    if (auto t = weak.lock(); t && t->draining() && t->active() > 0) out.push_back(std::move(t));
  return out;
}

void Source::replace(Members fresh) {
  auto before = members();
  answered_.store(true, std::memory_order_release);
  if (fresh == *before) return;
  auto known = targets_of(*before), wanted = targets_of(fresh);
  bool first = !std::exchange(had_members_, had_members_ || !fresh.empty());
  // All that workers may ask of a target is settled before they can see it. Whether one of a source that is
  // not in force yet comes late is settled when it is.
  for (const Member& m : fresh) {
    if (known.contains(m.target.get())) continue;
    group_->admit(*m.target);
    m.target->join();
    if (!first || in_force_) m.target->enter(!first && group_->served);
  }
  {
    std::lock_guard lock(mutex_);
    std::erase_if(left_, [](const auto& weak) {
      auto t = weak.lock();
      return !t || !t->draining() || t->active() == 0;
    });
    for (const Member& m : *before)
      if (!wanted.contains(m.target.get())) left_.push_back(m.target);
    members_ = std::make_shared<const Members>(std::move(fresh));
  }
  if (group_->members_change) {
    group_->members_change();
  } else {
    group_->version.fetch_add(1, std::memory_order_release);
  }
  for (const Member& m : *before)
    if (!wanted.contains(m.target.get())) Target::leave(m.target, true);
  tell_listeners();
  if (context_->changed) context_->changed();
}

void Source::found(Members fresh) {
  bool was_kept = false;
  {
    std::lock_guard lock(mutex_);
    ++facts_.updates;
    was_kept = std::exchange(facts_.kept, false);
    if (context_->clock) facts_.last_success = context_->clock->wall();
    why_.clear();
  }
  empty_since_ = {};
  if (was_kept)
    base::log(Level::info, fmt::format("upstream {}: {} has targets again", upstream(), names_.text));
  replace(std::move(fresh));
}

void Source::tell(const std::shared_ptr<Source>& listener) {
  std::erase_if(listeners_, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : listeners_)
    if (weak.lock() == listener) return;
  listeners_.push_back(listener);
}

void Source::tell_listeners() {
  for (auto& weak : std::vector(listeners_))
    if (auto listener = weak.lock()) listener->part_changed();
}

// What suddenly has nothing is more often broken than right. Each further answer says so once more, so that
// no timer is needed.
void Source::nothing(const std::string& why, bool asked) {
  auto kept = members()->size();
  auto now = context_->clock ? context_->clock->steady() : base::SteadyTime{};
  bool first = empty_since_ == base::SteadyTime{};
  if (first) empty_since_ = now;
  bool over = now - empty_since_ >= grace_;
  {
    std::lock_guard lock(mutex_);
    why_ = why;
    if (asked) ++facts_.empties;
    facts_.kept = kept > 0 && !over;
  }
  bool answered_before = answered_.exchange(true, std::memory_order_acq_rel);
  if (kept == 0) {
    if (!answered_before) tell_listeners();
  } else if (over) {
    base::log(Level::error,
              fmt::format("upstream {}: {} has had no targets for {} ({}): the last {} are gone", upstream(),
                          names_.text, config::to_text(grace_), why, kept));
    forget();
    replace({});
  } else if (first) {
    base::log(Level::warning,
              fmt::format("upstream {}: {} has no targets any more ({}): the last {} stay for {}", upstream(),
                          names_.text, why, kept, config::to_text(grace_)));
  }
}

void Source::failed(std::string why) {
  {
    std::lock_guard lock(mutex_);
    ++facts_.failures;
    why_ = std::move(why);
  }
  if (!answered_.exchange(true, std::memory_order_acq_rel)) tell_listeners();
}

void ListSource::says(std::vector<Part> parts) {
  for (Part& p : parts_) {
    bool there = std::ranges::any_of(before_, [&](const Part& b) { return b.source == p.source; });
    if (!there && !p.source->members()->empty()) before_.push_back(std::move(p));
  }
  parts_ = std::move(parts);
  said_ = true;
  for (const Part& p : parts_) {
    p.source->set_grace(grace());
    p.source->tell(shared_from_this());
  }
  found(merged());
}

void ListSource::takes_over_from(std::vector<Part> parts) {
  parts_.clear();
  before_ = std::move(parts);
}

void ListSource::set_grace(base::Duration grace) {
  Source::set_grace(grace);
  for (const Part& p : parts_) p.source->set_grace(grace);
}

bool ListSource::answered() const noexcept {
  if (!said_) return Source::answered();
  return std::ranges::all_of(parts_, [](const Part& p) { return p.source->answered(); });
}

void ListSource::tell_labels(LabelsByTarget& out) const {
  for (const auto* parts : {&parts_, &before_})
    for (const Part& p : *parts)
      if (p.labels)
        for (const Member& m : *p.source->members()) out.emplace(m.target.get(), p.labels);
}

void ListSource::part_changed() {
  if (said_) replace(merged());
}

void ListSource::forget() {
  parts_.clear();
  before_.clear();
}

// A target that several parts have counts for the first one.
Members ListSource::merged() {
  Members out;
  std::unordered_set<const Target*> seen;
  auto add = [&](const std::vector<Part>& parts) {
    for (const Part& p : parts)
      for (const Member& m : *p.source->members())
        if (seen.insert(m.target.get()).second)
          out.push_back({m.target, times(m.weight, p.weight), p.priority});
  };
  add(parts_);
  if (answered() && !out.empty()) before_.clear();
  add(before_);
  return out;
}

}  // namespace sluice::upstream

// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/quota_book.h"

#include <algorithm>

#include "gateway/stores/stored_key.h"

namespace sluice::stores {
namespace {

constexpr char kBetween = '\n';  // no policy's name holds one

std::string name_of(std::string_view owner, std::string_view key) {
  std::string out;
  out.reserve(owner.size() + 1 + key.size());
  return out.append(owner).append(1, kBetween).append(key);
}

QuotaBook::Entry entry_of(const std::string& name, const QuotaBook::States& states) {
  auto at = name.find(kBetween);
  return {name.substr(0, at), name.substr(at + 1), states};
}

std::uint64_t until(const Period& period, base::WallTime now) noexcept {
  return static_cast<std::uint64_t>(std::max<base::Duration::rep>((period.end - now).count(), 1));
}

std::uint64_t sum(std::uint64_t used, std::int64_t cost) noexcept {
  if (cost >= 0) return used + static_cast<std::uint64_t>(cost);
  return used - std::min(used, static_cast<std::uint64_t>(-cost));
}

}  // namespace

Taken spend_of(const QuotaWant& want, QuotaBook::States& states) {
  std::array<QuotaState::Count*, kCalendarUnits> counts{};
  Taken out;
  for (std::size_t i = 0; i < want.size; ++i) {
    const Quota& quota = want.quotas[i];
    counts[i] = &states[static_cast<std::size_t>(quota.unit)].in(want.periods[i].number);
    std::uint64_t used = counts[i]->used, left = used < quota.count ? quota.count - used : 0;
    bool refuses = !want.anyway && want.cost > 0 && static_cast<std::uint64_t>(want.cost) > left;
    std::uint64_t wait = until(want.periods[i], want.now);
    if (refuses && (out.allowed || wait > out.wait))
      out = {false, Decider::store, static_cast<std::uint8_t>(i), left, wait, wait};
  }
  if (!out.allowed) return out;
  for (std::size_t i = 0; i < want.size; ++i) {
    const Quota& quota = want.quotas[i];
    std::uint64_t used = counts[i]->used = sum(counts[i]->used, want.cost_to(i));
    std::uint64_t left = used < quota.count ? quota.count - used : 0;
    if (i == 0 || left < out.remaining)
      out = {true, Decider::store, static_cast<std::uint8_t>(i), left, 0, until(want.periods[i], want.now)};
  }
  return out;
}

QuotaBook::Value* QuotaBook::find_or_make(Shard& shard, const std::string& name, bool make) {
  auto found = shard.map.find(name);
  if (found != shard.map.end()) return &found->second;
  if (!make) return nullptr;
  if (size_.fetch_add(1, std::memory_order_relaxed) >= most_) {
    size_.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  return &shard.map.emplace(name, Value{}).first->second;
}

Taken QuotaBook::spend_now(const QuotaWant& want) {
  std::string name = name_of(want.owner, stored_key(want.key, want.confidential));
  Shard& at = shard(name);
  std::lock_guard lock(at.mutex);
  Value* value = find_or_make(at, name, want.cost != 0);
  if (!value) {
    if (want.cost != 0) uncounted_.fetch_add(1, std::memory_order_relaxed);
    States none{};
    Taken out = spend_of(want, none);
    out.allowed = true;
    return out;
  }
  if (want.cost == 0) {
    States seen = value->states;
    return spend_of(want, seen);
  }
  Taken out = spend_of(want, value->states);
  if (out.allowed && !value->changed) {
    value->changed = true;
    at.changed.push_back(&*at.map.find(name));
  }
  return out;
}

void QuotaBook::restore(const Entry& entry) {
  std::string name = name_of(entry.owner, entry.key);
  Shard& at = shard(name);
  std::lock_guard lock(at.mutex);
  if (Value* value = find_or_make(at, name, true)) value->states = entry.states;
}

std::vector<QuotaBook::Entry> QuotaBook::changed() {
  std::vector<Entry> out;
  for (Shard& s : shards_) {
    std::lock_guard lock(s.mutex);
    for (auto* entry : s.changed) {
      entry->second.changed = false;
      out.push_back(entry_of(entry->first, entry->second.states));
    }
    s.changed.clear();
  }
  return out;
}

std::vector<QuotaBook::Entry> QuotaBook::all() const {
  std::vector<Entry> out;
  for (const Shard& s : shards_) {
    std::lock_guard lock(s.mutex);
    for (const auto& [name, value] : s.map) out.push_back(entry_of(name, value.states));
  }
  return out;
}

std::vector<QuotaBook::Entry> QuotaBook::of(std::string_view owner, std::string_view key,
                                            std::size_t most) const {
  std::vector<Entry> out;
  const std::string prefix = name_of(owner, key);
  for (const Shard& s : shards_) {
    std::lock_guard lock(s.mutex);
    for (const auto& [name, value] : s.map)
      if (key.empty() ? name.starts_with(prefix) : name == prefix)
        out.push_back(entry_of(name, value.states));
  }
  std::ranges::sort(out, {}, &Entry::key);
  if (out.size() > most) out.resize(most);
  return out;
}

void QuotaBook::make_room(const std::array<std::int64_t, kCalendarUnits>& since) {
  if (size() <= most_ / 2) return;
  auto old = [&](const Value& value) {
    for (std::size_t unit = 0; unit < kCalendarUnits; ++unit) {
      const QuotaState& state = value.states[unit];
      auto last = std::max(state.last.period, state.other.period);
      if (last != QuotaState::kNever && last >= since[unit]) return false;
    }
    return !value.changed;
  };
  for (Shard& s : shards_) {
    std::lock_guard lock(s.mutex);
    size_.fetch_sub(std::erase_if(s.map, [&](const auto& entry) { return old(entry.second); }),
                    std::memory_order_relaxed);
  }
}

// What a shard held is freed after its lock: there may be many.
void QuotaBook::clear() {
  for (Shard& s : shards_) {
    Map old;
    std::lock_guard lock(s.mutex);
    old.swap(s.map);
    s.changed = {};
    size_.fetch_sub(old.size(), std::memory_order_relaxed);
  }
}

}  // namespace sluice::stores

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/pool_slot.h"

#include <algorithm>

namespace sluice::upstream {

PoolSlot::PoolSlot(PoolSlots& all, const Target& target, unsigned worker)
    : all_(&all), target_(&target), worker_(worker) {
  std::lock_guard lock(all.mutex_);
  all.all_.push_back(this);
}

PoolSlot::~PoolSlot() {
  if (!all_) return;
  std::lock_guard lock(all_->mutex_);
  std::erase(all_->all_, this);
}

void PoolSlot::leave() noexcept {
  unasked_ = true;
  while (give_up_unused()) {
  }
}

bool PoolSlots::any_but(std::span<const Target* const> targets) const {
  std::lock_guard lock(mutex_);
  return std::ranges::any_of(
      all_, [&](const PoolSlot* slot) { return !std::ranges::binary_search(targets, slot->target_); });
}

// Left without the lock: on this thread the pools stay.
void PoolSlots::keep_only(unsigned worker, std::span<const Target* const> targets) {
  std::vector<PoolSlot*> others;
  {
    std::lock_guard lock(mutex_);
    for (PoolSlot* slot : all_)
      if (slot->worker_ == worker && !std::ranges::binary_search(targets, slot->target_))
        others.push_back(slot);
  }
  for (PoolSlot* slot : others) slot->leave();
}

// Of the pool that has most of them. Closed without the lock: on this thread the pool stays.
bool PoolSlots::give_up_unused(unsigned worker, const Target* only) noexcept {
  PoolSlot* best = nullptr;
  {
    std::lock_guard lock(mutex_);
    for (PoolSlot* slot : all_) {
      if (slot->worker_ != worker || (only && slot->target_ != only)) continue;
      if (!best || slot->unused() > best->unused()) best = slot;
    }
  }
  return best && best->give_up_unused();
}

std::optional<unsigned> PoolSlots::other_with_unused(unsigned worker, const Target* only) const noexcept {
  std::lock_guard lock(mutex_);
  for (const PoolSlot* slot : all_) {
    if (slot->worker_ == worker || (only && slot->target_ != only)) continue;
    if (slot->unused() != 0) return slot->worker_;
  }
  return std::nullopt;
}

}  // namespace sluice::upstream

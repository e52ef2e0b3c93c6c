// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/wheel.h"

#include <algorithm>

namespace sluice::net {

void Wheel::insert(Timer& timer) noexcept {
  timer.unlink();
  timer.slot_tick_ = std::clamp(timer.due_, now_ + 1, now_ + kSlots);
  slots_[timer.slot_tick_ % kSlots].push_back(timer);
  ++linked_;
}

void Wheel::advance(base::SteadyTime time) noexcept {
  if (time < start_) return;
  auto target = static_cast<Tick>((time - start_) / kTick);
  // After a long pause one turn of the wheel sees every timer.
  if (target > now_ + kSlots) now_ = target - kSlots;
  std::size_t seen = 0;
  while (now_ < target) {
    ++now_;
    base::List<Timer> due;
    due.take_all(slots_[now_ % kSlots]);
    while (Timer* t = due.pop_front()) {
      ++seen;
      if (t->due_ == kNever) continue;
      if (t->due_ > now_) {
        insert(*t);
        continue;
      }
      t->due_ = kNever;
      t->expired();
    }
  }
  if (seen) {
    linked_ = 0;
    for (auto& slot : slots_) linked_ += slot.empty() ? 0 : 1;
  }
}

}  // namespace sluice::net

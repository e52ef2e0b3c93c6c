// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/wheel.h"

#include <bit>

namespace sluice::net {

template <int kMilliseconds>
void BasicWheel<kMilliseconds>::insert(Timer& timer) noexcept {
  timer.unlink();
  timer.slot_tick_ = std::clamp(timer.due_, now_ + 1, now_ + kSlots);
  std::size_t slot = timer.slot_tick_ % kSlots;
  slots_[slot].push_back(timer);
  occupied_[slot / kWord] |= std::uint64_t{1} << slot % kWord;
}

template <int kMilliseconds>
Tick BasicWheel<kMilliseconds>::next_occupied() const noexcept {
  std::size_t first = (now_ + 1) % kSlots;
  // The first word twice: its upper part at the start of the turn, its lower part at the end.
  for (std::size_t i = 0; i <= occupied_.size(); ++i) {
    std::size_t word = (first / kWord + i) % occupied_.size();
    std::uint64_t bits = occupied_[word];
    if (i == 0) bits &= ~std::uint64_t{0} << first % kWord;
    if (!bits) continue;
    std::size_t slot = word * kWord + static_cast<std::size_t>(std::countr_zero(bits));
    return now_ + 1 + (slot + kSlots - first) % kSlots;
  }
  return kNever;
}

template <int kMilliseconds>
void BasicWheel<kMilliseconds>::serve_slot() noexcept {
  std::size_t slot = now_ % kSlots;
  occupied_[slot / kWord] &= ~(std::uint64_t{1} << slot % kWord);
  base::List<Timer> due;
  due.take_all(slots_[slot]);
  while (Timer* t = due.pop_front()) {
    if (t->due_ == kNever) continue;
    if (t->due_ > now_) {
      insert(*t);
      continue;
    }
    t->due_ = kNever;
    t->expired();
  }
}

template <int kMilliseconds>
void BasicWheel<kMilliseconds>::advance(base::SteadyTime time) noexcept {
  observe(time);
  // After a long pause one turn of the wheel sees every timer.
  if (observed_ > now_ + kSlots) now_ = observed_ - kSlots;
  while (now_ < observed_) {
    now_ = std::min(next_occupied(), observed_);
    serve_slot();
  }
}

template class BasicWheel<100>;
template class BasicWheel<1>;

}  // namespace sluice::net

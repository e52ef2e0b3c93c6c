// SPDX-License-Identifier: Apache-2.0
// Wheel: coarse timers of one worker. A timer is set by writing its due tick; it moves between slots only
// when the wheel comes across it, so that the usual case, activity that postpones a timeout, is one store.
// Precision is one tick (100 ms); a timer never fires early. Hierarchy is not needed: a timer beyond the
// horizon is put back when its slot comes round (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels",
// 1987, scheme 6).
#pragma once
#include <array>
#include <chrono>
#include <cstdint>

#include "gateway/base/clock.h"
#include "gateway/base/list.h"

namespace sluice::net {

using Tick = std::uint64_t;
inline constexpr Tick kNever = ~Tick{0};

// Derive and implement expired(). Leaves the wheel when destroyed.
class Timer : public base::ListNode {
 public:
  Tick due() const noexcept { return due_; }

 protected:
  Timer() = default;
  ~Timer() = default;
  // The due tick has come; the timer is unset by then and may be set again or destroyed.
  virtual void expired() noexcept = 0;

 private:
  friend class Wheel;
  Tick due_ = kNever;
  Tick slot_tick_ = 0;  // when the slot that it is linked in comes round
};

class Wheel {
 public:
  static constexpr base::Duration kTick = std::chrono::milliseconds(100);

  explicit Wheel(base::SteadyTime start) noexcept : start_(start) {}

  // The tick at which `after` from now has certainly passed; kNever for a duration of zero or less, which
  // means "no timeout" everywhere in Sluice.
  Tick due_in(base::Duration after) const noexcept {
    if (after <= base::Duration::zero()) return kNever;
    return now_ + 1 + static_cast<Tick>((after + kTick - base::Duration(1)) / kTick);
  }
  // Sets or moves the timer; kNever unsets it.
  void set(Timer& timer, Tick due) noexcept {
    timer.due_ = due;
    if (due == kNever || (timer.linked() && timer.slot_tick_ <= due)) return;
    insert(timer);
  }
  void unset(Timer& timer) noexcept { timer.due_ = kNever; }

  // Fires what is due at `time`. From the worker's loop.
  void advance(base::SteadyTime time) noexcept;
  // Time of the next tick if any timer is linked.
  bool empty() const noexcept { return linked_ == 0; }
  base::SteadyTime next_tick() const noexcept { return start_ + (now_ + 1) * kTick; }
  Tick now() const noexcept { return now_; }

 private:
  static constexpr std::size_t kSlots = 1024;  // 102 s: beyond every default timeout
  void insert(Timer& timer) noexcept;

  std::array<base::List<Timer>, kSlots> slots_;
  base::SteadyTime start_;
  Tick now_ = 0;
  std::size_t linked_ =
      0;  // an upper bound: timers that were destroyed are noticed when their slot comes round
};

}  // namespace sluice::net

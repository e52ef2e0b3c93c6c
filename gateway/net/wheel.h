// SPDX-License-Identifier: Apache-2.0
// Wheel: coarse timers of one worker. A timer is set by writing its due tick; it moves between slots only
// when the wheel comes across it, so that the usual case, activity that postpones a timeout, is one store.
// Precision is one tick (100 ms); a timer never fires early. Hierarchy is not needed: a timer beyond the
// horizon is put back when its slot comes round (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels",
// 1987, scheme 6). For the few timers for which that is too coarse there is the same with ticks of 1 ms
// (FineWheel), which turns only where somebody has set one.
#pragma once
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "gateway/base/clock.h"
#include "gateway/base/list.h"

namespace sluice::net {

using Tick = std::uint64_t;
inline constexpr Tick kNever = ~Tick{0};

template <int kMilliseconds>
class BasicWheel;

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
  template <int kMilliseconds>
  friend class BasicWheel;
  Tick due_ = kNever;
  Tick slot_tick_ = 0;  // when the slot that it is linked in comes round
};

template <int kMilliseconds>
class BasicWheel {
 public:
  static constexpr base::Duration kTick = std::chrono::milliseconds(kMilliseconds);

  explicit BasicWheel(base::SteadyTime start) noexcept : start_(start) {}

  // The tick at which `after` from the observed time has certainly passed; kNever for a duration of zero or
  // less, which means "no timeout" everywhere in Sluice.
  Tick due_in(base::Duration after) const noexcept {
    if (after <= base::Duration::zero()) return kNever;
    return observed_ + 1 + static_cast<Tick>((after - base::Duration(1)) / kTick + 1);
  }
  // Sets or moves the timer; kNever unsets it.
  void set(Timer& timer, Tick due) noexcept {
    timer.due_ = due;
    if (due == kNever || (timer.linked() && timer.slot_tick_ <= due)) return;
    insert(timer);
  }
  void unset(Timer& timer) noexcept { timer.due_ = kNever; }

  // Tells the time and fires nothing: what is set from now on counts from it. A loop does so before it serves
  // events, or else the timers set by them would count from before its pause and fire early.
  void observe(base::SteadyTime time) noexcept {
    if (time > start_) observed_ = std::max(observed_, static_cast<Tick>((time - start_) / kTick));
  }
  // Fires what is due at `time`. From the worker's loop.
  void advance(base::SteadyTime time) noexcept;
  // When to advance next, SteadyTime::max() for no need. Timers that were unset or destroyed may make it too
  // early, never too late.
  base::SteadyTime next_tick() const noexcept {
    Tick tick = next_occupied();
    if (tick == kNever) return base::SteadyTime::max();
    return start_ + static_cast<base::Duration::rep>(tick) * kTick;
  }
  // The last tick that was served.
  Tick now() const noexcept { return now_; }

 private:
  static constexpr std::size_t kSlots = 1024;  // 102 s of ticks of 100 ms: beyond every default timeout
  static constexpr std::size_t kWord = 64;
  void insert(Timer& timer) noexcept;
  void serve_slot() noexcept;
  // The next tick after now() whose slot may hold timers; kNever if none may.
  Tick next_occupied() const noexcept;

  std::array<base::List<Timer>, kSlots> slots_;
  std::array<std::uint64_t, kSlots / kWord> occupied_{};  // a bit for each slot that a timer was put into
  base::SteadyTime start_;
  Tick now_ = 0;
  Tick observed_ = 0;
};

extern template class BasicWheel<100>;
extern template class BasicWheel<1>;
using Wheel = BasicWheel<100>;
using FineWheel = BasicWheel<1>;

}  // namespace sluice::net

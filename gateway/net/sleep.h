// SPDX-License-Identifier: Apache-2.0
// Sleep: a pause of a coroutine on a worker's wheel. Ends early when the scope is cancelled. Precision is the
// wheel's: never short, at most two ticks long.
//
//   auto outcome = co_await sleep(loop, 250ms);                 // ready, or cancelled; by ticks of 100 ms
//   auto outcome = co_await sleep(loop.fine_wheel(), 8ms);      // by ticks of 1 ms
#pragma once
#include "gateway/base/scope.h"
#include "gateway/net/loop.h"

namespace sluice::net {

template <class W>
class BasicSleep final : public base::Wait {
 public:
  BasicSleep(W& wheel, base::Duration duration) noexcept
      : alarm_(*this), wheel_(&wheel), duration_(duration) {}
  BasicSleep(BasicSleep&&) = delete;
  ~BasicSleep() { end(); }

  // Zero or less is no pause at all.
  bool await_ready() const noexcept { return duration_ <= base::Duration::zero(); }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) noexcept {
    if (!begin(h)) return false;
    wheel_->set(alarm_, wheel_->due_in(duration_));
    return true;
  }
  base::Outcome await_resume() const noexcept { return outcome(); }

 private:
  struct Alarm final : Timer {
    explicit Alarm(BasicSleep& s) noexcept : sleep(&s) {}
    void expired() noexcept override { sleep->finish(base::Outcome::ready); }
    BasicSleep* sleep;
  };
  void forget() noexcept override { wheel_->unset(alarm_); }

  Alarm alarm_;
  W* wheel_;
  base::Duration duration_;
};
using Sleep = BasicSleep<Wheel>;
using FineSleep = BasicSleep<FineWheel>;

inline Sleep sleep(Wheel& wheel, base::Duration duration) noexcept { return {wheel, duration}; }
inline FineSleep sleep(FineWheel& wheel, base::Duration duration) noexcept { return {wheel, duration}; }
inline Sleep sleep(Loop& loop, base::Duration duration) noexcept { return {loop.wheel(), duration}; }

}  // namespace sluice::net

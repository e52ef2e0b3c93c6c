// SPDX-License-Identifier: Apache-2.0
// Signal: one coroutine waits until another on the same thread tells it that something has changed. Nothing
// is stored: whoever waits looks at the state first, and again afterwards. Telling never resumes anybody from
// inside the call, so it may be done from anywhere.
#pragma once
#include <utility>

#include "gateway/base/scope.h"
#include "gateway/net/wheel.h"

namespace sluice::net {

class Signal {
 public:
  class Waiting;

  explicit Signal(Wheel& wheel) noexcept : wheel_(&wheel) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  // Wakes the one who waits, if there is one.
  inline void notify() noexcept;
  // `co_await signal.wait(timeout)`: ready, timeout (zero: never) or cancelled. One at a time.
  inline Waiting wait(base::Duration timeout) noexcept;
  bool awaited() const noexcept { return waiting_ != nullptr; }

 private:
  Wheel* wheel_;
  Waiting* waiting_ = nullptr;
};

class Signal::Waiting final : public base::Wait {
 public:
  Waiting(Signal& signal, base::Duration timeout) noexcept
      : alarm_(*this), signal_(&signal), timeout_(timeout) {}
  Waiting(Waiting&&) = delete;
  ~Waiting() { end(); }

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) noexcept {
    if (!begin(h)) return false;
    signal_->waiting_ = this;
    signal_->wheel_->set(alarm_, signal_->wheel_->due_in(timeout_));
    return true;
  }
  base::Outcome await_resume() const noexcept { return outcome(); }

 private:
  friend class Signal;
  struct Alarm final : Timer {
    explicit Alarm(Waiting& w) noexcept : waiting(&w) {}
    void expired() noexcept override { waiting->leave(base::Outcome::timeout); }
    Waiting* waiting;
  };
  void leave(base::Outcome outcome) noexcept {
    forget();
    finish_later(outcome);
  }
  void forget() noexcept override {
    signal_->waiting_ = nullptr;
    signal_->wheel_->unset(alarm_);
  }

  Alarm alarm_;
  Signal* signal_;
  base::Duration timeout_;
};

inline void Signal::notify() noexcept {
  if (waiting_) waiting_->leave(base::Outcome::ready);
}
inline Signal::Waiting Signal::wait(base::Duration timeout) noexcept { return {*this, timeout}; }

}  // namespace sluice::net

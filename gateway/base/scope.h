// SPDX-License-Identifier: Apache-2.0
// Scope and Wait: cancellation. Scopes form a tree; every suspended operation is a Wait listed in the scope
// that its coroutine runs in. Cancelling a scope fails all waits below it, and any that begin there later, so
// a coroutine unwinds by ordinary returns and nothing dangles. Single-threaded: a tree lives on one worker.
#pragma once
#include <coroutine>
#include <cstdint>

#include "gateway/base/error.h"
#include "gateway/base/list.h"

namespace sluice::base {

class Scope;

// How a wait ended.
enum class Outcome : std::uint8_t { ready, timeout, cancelled };

// Base of everything a coroutine can be suspended on. Lives in the coroutine's frame. A concrete wait
// registers itself at its source after begin() and gives it up in forget(); its destructor must call end().
class Wait : public ListNode {
 public:
  Outcome outcome() const noexcept { return outcome_; }
  // Why the scope was cancelled; Reason::none otherwise.
  Reason why() const noexcept { return why_; }

  // For the source: the thing waited for happened. Resumes the coroutine before it returns; afterwards `this`
  // may be gone.
  void finish(Outcome outcome) noexcept;
  // The same, but the coroutine is resumed by the next run_ready(): for callers that must not be re-entered.
  void finish_later(Outcome outcome) noexcept;

 protected:
  Wait() = default;
  ~Wait() = default;
  // From await_suspend. False: the scope is cancelled already, do not suspend.
  template <class Promise>
  bool begin(std::coroutine_handle<Promise> h) noexcept {
    return enter(h, h.promise().scope);
  }
  // From the destructor of the concrete class: leaves source, scope and ready list.
  void end() noexcept {
    if (pending_) forget();
    pending_ = false;
    unlink();
  }
  // The source must not touch this wait any more.
  virtual void forget() noexcept = 0;

 private:
  friend class Scope;
  friend bool run_ready() noexcept;
  bool enter(std::coroutine_handle<> h, Scope* scope) noexcept;

  std::coroutine_handle<> handle_;
  Outcome outcome_ = Outcome::ready;
  Reason why_ = Reason::none;
  bool pending_ = false;
};

// Resumes what finish_later() and cancellation made ready on this thread, until nothing is left. True if
// anything ran. Workers call it after each round of events.
bool run_ready() noexcept;

class Scope : public ListNode {
 public:
  // `parent` must outlive this scope; null makes a root.
  explicit Scope(Scope* parent = nullptr) noexcept;
  // All waits and child scopes must be gone.
  ~Scope();

  // Cancels this scope and all below it. The waiting coroutines are resumed by the next run_ready(), never
  // from inside this call. The first reason stays.
  void cancel(Reason why) noexcept;
  bool cancelled() const noexcept { return why_ != Reason::none; }
  Reason why() const noexcept { return why_; }
  // From now on this scope is not cancelled with its parent because the client has left; for any other reason
  // it is, also if that comes later.
  void outlive_client() noexcept { outlives_client_ = true; }
  // Makes a scope without waits and children usable again, for recycled exchanges.
  void reset(Scope* parent) noexcept;

 private:
  friend class Wait;
  List<Scope> children_;
  List<Wait> waits_;
  Reason why_ = Reason::none;
  bool outlives_client_ = false;
};

}  // namespace sluice::base

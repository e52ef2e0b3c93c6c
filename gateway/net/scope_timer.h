// SPDX-License-Identifier: Apache-2.0
// ScopeTimer: a deadline of everything that runs in a scope, such as the total timeout of an exchange. When
// due it cancels the scope with the reason given; what waits there then fails with that reason. Meant to be
// kept and started again: that costs one store. Must not outlive its scope or wheel.
#pragma once
#include "gateway/base/scope.h"
#include "gateway/net/wheel.h"

namespace sluice::net {

class ScopeTimer final : private Timer {
 public:
  ScopeTimer(Wheel& wheel, base::Scope& scope) noexcept : wheel_(&wheel), scope_(&scope) {}

  // From now; replaces an earlier start. Zero or less means never, as everywhere.
  void start(base::Duration after, base::Reason why) noexcept {
    why_ = why;
    after_ = after;
    wheel_->set(*this, wheel_->due_in(after));
  }
  // Puts it off: from now, as long as it was started for. For timers of idleness, which each byte puts off.
  void again() noexcept { wheel_->set(*this, wheel_->due_in(after_)); }
  void stop() noexcept { wheel_->unset(*this); }
  bool running() const noexcept { return due() != kNever; }

 private:
  void expired() noexcept override { scope_->cancel(why_); }

  Wheel* wheel_;
  base::Scope* scope_;
  base::Duration after_{};
  base::Reason why_ = base::Reason::timeout_total;
};

}  // namespace sluice::net

// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/scope.h"

#include "gateway/base/assert.h"

namespace sluice::base {
namespace {

List<Wait>& ready_list() noexcept {
  static thread_local List<Wait> list;
  return list;
}

}  // namespace

bool Wait::enter(std::coroutine_handle<> h, Scope* scope) noexcept {
  handle_ = h;
  if (scope) {
    if (scope->cancelled()) {
      outcome_ = Outcome::cancelled;
      why_ = scope->why();
      return false;
    }
    scope->waits_.push_back(*this);
  }
  outcome_ = Outcome::ready;
  pending_ = true;
  return true;
}

void Wait::finish(Outcome outcome) noexcept {
  outcome_ = outcome;
  pending_ = false;
  unlink();
  handle_.resume();
}

void Wait::finish_later(Outcome outcome) noexcept {
  outcome_ = outcome;
  pending_ = false;
  unlink();
  ready_list().push_back(*this);
}

bool run_ready() noexcept {
  auto& list = ready_list();
  bool any = false;
  while (Wait* w = list.pop_front()) {
    any = true;
    w->handle_.resume();
  }
  return any;
}

Scope::Scope(Scope* parent) noexcept { reset(parent); }

Scope::~Scope() { SLUICE_ASSERT(waits_.empty() && children_.empty()); }

void Scope::reset(Scope* parent) noexcept {
  SLUICE_ASSERT(waits_.empty() && children_.empty());
  unlink();
  why_ = Reason::none;
  outlives_client_ = false;
  if (!parent) return;
  parent->children_.push_back(*this);
  why_ = parent->why_;  // an operation begun below a cancelled scope fails at once
}

// A scope that is cancelled already may still have one below it that was spared.
void Scope::cancel(Reason why) noexcept {
  if (!cancelled()) why_ = why;
  while (Wait* w = waits_.front()) {
    w->forget();
    w->why_ = why_;
    w->finish_later(Outcome::cancelled);
  }
  children_.for_each([why](Scope& child) {
    if (!(child.outlives_client_ && client_left(why))) child.cancel(why);
  });
}

}  // namespace sluice::base

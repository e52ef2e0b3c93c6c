// SPDX-License-Identifier: Apache-2.0
// Turn: lets everybody else on the loop go first: for whoever could go on for long without ever having to
// wait, such as a tunnel between two fast ends. Resumed in the loop's next round, after its events.
//
//   co_await turn(loop);   // ready, or cancelled
#pragma once
#include "gateway/base/scope.h"
#include "gateway/net/loop.h"

namespace sluice::net {

class Turn final : public base::Wait, private Loop::Guest {
 public:
  explicit Turn(Loop& loop) noexcept : loop_(&loop) {}
  Turn(Turn&&) = delete;
  ~Turn() { end(); }

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) noexcept {
    if (!begin(h)) return false;
    loop_->next_round(*this);
    return true;
  }
  base::Outcome await_resume() const noexcept { return outcome(); }

 private:
  void round() noexcept override { finish(base::Outcome::ready); }
  void forget() noexcept override { Loop::Guest::unlink(); }

  Loop* loop_;
};

inline Turn turn(Loop& loop) noexcept { return Turn(loop); }

}  // namespace sluice::net

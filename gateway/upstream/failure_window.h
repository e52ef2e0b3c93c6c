// SPDX-License-Identifier: Apache-2.0
// FailureWindow: did too many of the last requests fail? Costs those that succeed nothing: a window begins
// with a failure and lasts a fixed time, and how many requests there were in it is the growth of a count that
// somebody keeps anyway. Any thread, without a lock: where two of them begin a window at once a failure
// may go uncounted, which decides nothing.
#pragma once
#include <atomic>
#include <cstdint>

#include "gateway/base/clock.h"

namespace sluice::upstream {

class FailureWindow {
 public:
  struct Rule {
    base::Duration span{};
    std::uint32_t at_least = 0;  // requests
    double percent = 0;
  };
  // A request has failed, and `ended` have ended in all, that one included. True if the share of failures in
  // this window has reached the rule's.
  bool failed(const Rule& rule, std::uint32_t ended, base::SteadyTime now) noexcept;
  // The next failure begins a new window.
  void clear() noexcept { began_.store(kNone, std::memory_order_relaxed); }

 private:
  using Time = base::SteadyTime::rep;
  static constexpr Time kNone = 0;
  std::atomic<Time> began_{kNone};
  std::atomic<std::uint32_t> before_{0};  // had ended when the window began
  std::atomic<std::uint32_t> failures_{0};
};

}  // namespace sluice::upstream

// SPDX-License-Identifier: Apache-2.0
// Agreement: do health checks and requests say the same of one target? A check may ask for what no request
// needs, or pass where every request fails: then a target is out that would serve, or one stays that does
// not, and people should be told. Decides nothing. Belongs to its Target.
//
// A request that goes well writes nothing unless checks, or requests before it, say otherwise.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>

#include "gateway/base/clock.h"

namespace sluice::upstream {

class Agreement {
 public:
  static constexpr base::Duration kRecent = std::chrono::seconds(10);  // what is older says nothing of now
  static constexpr base::Duration kLasting = std::chrono::seconds(3);  // they must differ for so long

  enum class State : std::uint8_t {
    agree,          // or it cannot be told
    requests_well,  // although checks fail
    checks_well,    // although requests fail
  };

  // --- From requests, by any worker.

  // Does it matter of an answer that does not blame the target? Then answered() is to be told. Once failed()
  // was told it does, until such an answer has come.
  bool listens() const noexcept { return listens_.load(std::memory_order_relaxed); }
  void answered(int status, base::SteadyTime now) noexcept;
  // The target was to blame.
  void failed(base::SteadyTime now) noexcept;

  // --- The rest not by several threads at once: Target locks.

  // By a check.
  void found(bool passed, base::SteadyTime now) noexcept;
  // There are no checks any more.
  void forget_checks() noexcept;
  // `ejected`: requests do not come here any more because they failed.
  State state(bool ejected, base::SteadyTime now) const noexcept;

 private:
  using Time = std::atomic<base::SteadyTime>;
  static constexpr base::SteadyTime kNever = base::SteadyTime::min();
  static base::SteadyTime read(const Time& time) noexcept { return time.load(std::memory_order_relaxed); }
  static void note(Time& time, base::SteadyTime now) noexcept;
  static bool within(base::Duration span, base::SteadyTime at, base::SteadyTime now) noexcept;

  std::atomic<bool> listens_{false};
  std::atomic<bool> checks_fail_{false};
  Time good_at_{kNever};    // the last answer 2xx, while it mattered
  Time bad_since_{kNever};  // the first failure without a better answer since
  Time bad_at_{kNever};     // the last failure
  base::SteadyTime checks_fail_since_ = kNever;
  base::SteadyTime found_at_ = kNever;
};

}  // namespace sluice::upstream

// SPDX-License-Identifier: Apache-2.0
// QuotaState: what was used up of a quota, in two periods: the one that was counted in last, and another one.
// Two, because a clock that is set must give nobody a second quota, nor make anybody wait for a period that
// is years away. Set forward and back, it finds again what was used in the period that it had come from. Set
// back to a period of which nothing is known, what was used last counts there too. Pure.
#pragma once
#include <cstdint>
#include <limits>
#include <utility>

namespace sluice::stores {

struct QuotaState {
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
  struct Count {
    std::int64_t period = kNever;
    std::uint64_t used = 0;
    bool operator==(const Count&) const = default;
  };
  Count last, other;
  bool operator==(const QuotaState&) const = default;

  // The count to charge in that period; begins it, if it is a new one.
  Count& in(std::int64_t period) noexcept {
    if (period == last.period) return last;
    if (period == other.period) {
      std::swap(last, other);
    } else if (period > last.period) {
      other = last;
      last = {period, 0};
    } else {
      std::uint64_t used = last.used;
      if (other.period == kNever || other.used <= used) other = last;
      last = {period, used};
    }
    return last;
  }
};

}  // namespace sluice::stores

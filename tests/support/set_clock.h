// SPDX-License-Identifier: Apache-2.0
// SetClock: a clock whose two times are set apart from each other, as an operator sets that of a machine.
#pragma once
#include "gateway/base/clock.h"

namespace sluice::test {

class SetClock final : public base::Clock {
 public:
  base::SteadyTime steady() const noexcept override { return steady_time; }
  base::WallTime wall() const noexcept override { return wall_time; }
  // So much time goes by, as both of them see it.
  void pass(base::Duration time) noexcept {
    steady_time += time;
    wall_time += time;
  }

  base::SteadyTime steady_time{std::chrono::hours(1000)};
  base::WallTime wall_time{std::chrono::seconds(1'700'000'000)};
};

}  // namespace sluice::test

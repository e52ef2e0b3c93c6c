// SPDX-License-Identifier: Apache-2.0
// Clock: the only source of time for code that can be tested. Two readings that must not be mixed up:
// steady() for durations and deadlines, wall() for what people and other machines read.
#pragma once
#include <chrono>
#include <ctime>

namespace sluice::base {

using Duration = std::chrono::nanoseconds;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady() const noexcept = 0;
  virtual WallTime wall() const noexcept = 0;
};

// The machine's clocks; any thread. Those of <chrono>, without the call of a library in between: each request
// reads them several times.
class RealClock final : public Clock {
 public:
  SteadyTime steady() const noexcept override { return SteadyTime(read(CLOCK_MONOTONIC)); }
  WallTime wall() const noexcept override { return WallTime(read(CLOCK_REALTIME)); }

 private:
  static Duration read(clockid_t which) noexcept {
    timespec now;
    ::clock_gettime(which, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  }
};

// Moves only when told. Wall time runs at seven times the steady rate from an arbitrary start, so a test
// fails when code takes one for the other (the trick is YARP's TestTimeProvider). Single-threaded.
class VirtualClock final : public Clock {
 public:
  SteadyTime steady() const noexcept override { return steady_; }
  WallTime wall() const noexcept override { return wall_; }
  void advance(Duration d) noexcept {
    steady_ += d;
    wall_ += 7 * d;
  }

 private:
  SteadyTime steady_{std::chrono::hours(1000)};
  WallTime wall_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace sluice::base

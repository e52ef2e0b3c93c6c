// SPDX-License-Identifier: Apache-2.0
// Pressure: how short a worker is of memory and of time. Whoever begins something new looks at it and
// refuses, or does with less. One for each loop, so that looking costs a load of memory that hardly ever
// changes.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>

namespace sluice::net {

// What is refused at each is said by chain/shedding.h and docs/resilience.md.
enum class Strain : std::uint8_t { none, some, much, utmost };
enum class StrainCause : std::uint8_t { memory, lag };

class Pressure {
 public:
  // Any thread; usually one thread tells, the worker reads.
  void set(StrainCause cause, Strain strain) noexcept {
    strains_[index(cause)].store(strain, std::memory_order_relaxed);
  }
  Strain of(StrainCause cause) const noexcept {
    return strains_[index(cause)].load(std::memory_order_relaxed);
  }
  bool any() const noexcept {
    return of(StrainCause::memory) != Strain::none || of(StrainCause::lag) != Strain::none;
  }

  // Something was refused or cut for it. The worker's thread.
  void count(StrainCause cause) noexcept {
    auto& n = refused_[index(cause)];
    n.store(n.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  // Any thread.
  std::uint64_t refused(StrainCause cause) const noexcept {
    return refused_[index(cause)].load(std::memory_order_relaxed);
  }

  // May memory become short, so that exchanges must be found again to be cut? Before the loop runs, or by its
  // thread.
  void watch(bool watched) noexcept { watched_ = watched; }
  bool watched() const noexcept { return watched_; }

 private:
  static std::size_t index(StrainCause cause) noexcept { return static_cast<std::size_t>(cause); }
  std::array<std::atomic<Strain>, 2> strains_{};
  bool watched_ = false;
  std::array<std::atomic<std::uint64_t>, 2> refused_{};
};

}  // namespace sluice::net

// SPDX-License-Identifier: Apache-2.0
// Random: quick pseudo-random numbers for load balancing; not for secrets. Single-threaded; the same seed
// gives the same numbers.
#pragma once
#include <cstdint>

namespace sluice::upstream {

class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
  // From the system, different each time.
  static Random seeded();

  // SplitMix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // From zero to `bound` - 1. By multiplication, not division: Lemire, "Fast Random Integer Generation in an
  // Interval", ACM TOMACS 2019, without the correction, whose error of bound / 2^64 nobody can measure.
  std::uint64_t below(std::uint64_t bound) noexcept {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }

 private:
  std::uint64_t state_;
};

}  // namespace sluice::upstream

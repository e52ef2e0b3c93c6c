// SPDX-License-Identifier: Apache-2.0
// LatencyWindow: after which time most of the latest answers have come: a histogram on a logarithmic scale
// that forgets, of one worker. A few hundred bytes; telling it of an answer is a few instructions.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gateway/base/clock.h"

namespace sluice::upstream {

class LatencyWindow {
 public:
  // Answers without which nothing is said.
  static constexpr std::uint32_t kEnough = 64;

  void add(base::Duration took) noexcept;
  // So long that 95 of a hundred answers have come by then, up to an eighth too long. Unset while too little
  // is known.
  std::optional<base::Duration> p95() const noexcept {
    return p95_ == base::Duration::zero() ? std::nullopt : std::optional(p95_);
  }

 private:
  // Eight buckets for each power of two, from 64 us to 67 s.
  static constexpr std::size_t kPerOctave = 8;
  static constexpr unsigned kFirst = 6, kLast = 26;
  static constexpr std::size_t kBuckets = (kLast - kFirst) * kPerOctave;
  // After so many answers each of those before counts half.
  static constexpr std::uint32_t kRound = 1024;
  // How often the answer is computed anew.
  static constexpr std::uint32_t kEvery = 32;

  static std::size_t bucket(base::Duration took) noexcept;
  static base::Duration end(std::size_t bucket) noexcept;
  void compute() noexcept;
  void forget() noexcept;

  std::array<std::uint16_t, kBuckets> counts_{};
  std::uint32_t all_ = 0;    // in counts_
  std::uint32_t since_ = 0;  // of these, since they were halved
  base::Duration p95_{};
};

}  // namespace sluice::upstream

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/latency_window.h"

#include <algorithm>
#include <bit>

namespace sluice::upstream {

std::size_t LatencyWindow::bucket(base::Duration took) noexcept {
  using Microseconds = std::chrono::duration<std::uint64_t, std::micro>;
  auto us = std::chrono::duration_cast<Microseconds>(std::max(took, base::Duration::zero())).count();
  if (us < std::uint64_t{1} << kFirst) return 0;
  auto octave = static_cast<unsigned>(std::bit_width(us)) - 1;
  if (octave >= kLast) return kBuckets - 1;
  auto part = us >> (octave - 3) & (kPerOctave - 1);
  return (octave - kFirst) * kPerOctave + part;
}

base::Duration LatencyWindow::end(std::size_t bucket) noexcept {
  auto octave = kFirst + bucket / kPerOctave;
  auto part = bucket % kPerOctave + 1 + kPerOctave;
  return std::chrono::microseconds(std::int64_t{1} << octave) / static_cast<std::int64_t>(kPerOctave) *
         static_cast<std::int64_t>(part);
}

void LatencyWindow::add(base::Duration took) noexcept {
  ++counts_[bucket(took)];
  ++all_;
  ++since_;
  if (all_ >= kEnough && since_ % kEvery == 0) compute();
  if (since_ == kRound) forget();
}

void LatencyWindow::compute() noexcept {
  auto late = all_ / 20;
  std::uint32_t seen = 0;
  std::size_t i = kBuckets;
  while (i > 0 && seen + counts_[i - 1] <= late) seen += counts_[--i];
  p95_ = end(i > 0 ? i - 1 : 0);
}

void LatencyWindow::forget() noexcept {
  all_ = since_ = 0;
  for (auto& n : counts_) all_ += n /= 2;
}

}  // namespace sluice::upstream

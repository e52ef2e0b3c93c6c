// SPDX-License-Identifier: Apache-2.0
// Cells: the numbers that a worker adds to while it serves. A cell has one writer, the worker that owns it,
// so adding is a plain load, add and store without a locked instruction; the admin thread reads it at scrape,
// hence relaxed atomics. Never let two threads write one cell: counts would be lost.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "gateway/base/clock.h"

namespace sluice::observe {

class Cell {
 public:
  // Owning worker only. Gauges go down by adding the two's complement: see subtract().
  void add(std::uint64_t n) noexcept { value_.store(value() + n, std::memory_order_relaxed); }
  void subtract(std::uint64_t n) noexcept { value_.store(value() - n, std::memory_order_relaxed); }
  void clear() noexcept { value_.store(0, std::memory_order_relaxed); }
  // Any thread.
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};
static_assert(sizeof(Cell) == 8 && std::atomic<std::uint64_t>::is_always_lock_free);

// Upper bounds of histogram buckets, in nanoseconds or bytes; the last bucket, +Inf, is not listed.
inline constexpr std::array<std::uint64_t, 14> kDurationBounds = {
    1'000'000,   2'500'000,   5'000'000,     10'000'000,    25'000'000,    50'000'000,     100'000'000,
    250'000'000, 500'000'000, 1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000, 30'000'000'000};
inline constexpr std::array<std::uint64_t, 10> kOverheadBounds = {
    10'000, 25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 10'000'000, 100'000'000};
inline constexpr std::array<std::uint64_t, 7> kStreamBounds = {
    1'000'000'000,     10'000'000'000,    60'000'000'000,    300'000'000'000,
    1'800'000'000'000, 3'600'000'000'000, 14'400'000'000'000};
inline constexpr std::array<std::uint64_t, 10> kSizeBounds = {
    256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20};

// Index of the bucket that `value` falls into: the number of bounds below it. A binary search whose steps are
// additions instead of branches, because which bucket comes next cannot be predicted.
template <std::size_t N>
constexpr std::size_t bucket_of(const std::array<std::uint64_t, N>& bounds, std::uint64_t value) noexcept {
  const std::uint64_t* at = bounds.data();
  std::size_t left = N;
  while (left > 1) {
    std::size_t half = left / 2;
    at += value > at[half - 1] ? half : 0;
    left -= half;
  }
  return static_cast<std::size_t>(at - bounds.data()) + (value > *at ? 1 : 0);
}

// Points at the cells of one histogram of one worker: a count per bucket, the one above all bounds, the sum
// in the unit of the bounds. Copyable; does not own the cells.
template <const auto& kBounds>
class HistogramCells {
 public:
  static constexpr std::size_t kCells = kBounds.size() + 2;

  HistogramCells() = default;
  explicit HistogramCells(Cell* cells) noexcept : cells_(cells) {}
  explicit operator bool() const noexcept { return cells_ != nullptr; }
  // Time that ran backwards counts as none.
  void observe(base::Duration took) noexcept {
    observe(took.count() < 0 ? 0 : static_cast<std::uint64_t>(took.count()));
  }
  // In the unit of the bounds.
  void observe(std::uint64_t value) noexcept {
    cells_[bucket_of(kBounds, value)].add(1);
    cells_[kCells - 1].add(value);
  }

 private:
  Cell* cells_ = nullptr;
};
using DurationCells = HistogramCells<kDurationBounds>;
using OverheadCells = HistogramCells<kOverheadBounds>;
using StreamCells = HistogramCells<kStreamBounds>;
using SizeCells = HistogramCells<kSizeBounds>;

}  // namespace sluice::observe

// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_taken.h"

#include <algorithm>

namespace sluice::stores {
namespace {

// Nobody is told to come again later than this.
constexpr std::uint64_t kLongest = std::chrono::nanoseconds(std::chrono::days(366)).count();

// Microseconds of the script as nanoseconds.
std::uint64_t time_of(std::uint64_t said, std::uint64_t most) noexcept {
  return std::min(said, most / kMicrosecond) * kMicrosecond;
}

}  // namespace

Taken taken_of(const Want& want, std::span<const std::uint64_t> values, std::uint64_t left) {
  Taken out;
  out.allowed = values[0] > 0;
  out.tightest = static_cast<std::uint8_t>(std::min<std::uint64_t>(values[1], want.limits.size() - 1));
  const std::uint64_t capacity = want.limits[out.tightest].capacity();
  out.remaining = std::min(std::min(values[2], capacity) + std::min(left, capacity), capacity);
  // What was allowed is early by no more than it may be.
  std::uint64_t ahead = 0;
  for (const Limit& limit : want.limits) ahead = std::max(ahead, limit.ahead);
  out.wait = time_of(values[3], out.allowed ? ahead : kLongest);
  out.until_reset = time_of(values[4], kLongest);
  return out;
}

Taken taken_of(const QuotaWant& want, std::span<const std::uint64_t> values) {
  Taken out;
  out.allowed = values[0] > 0;
  auto tightest = std::min<std::uint64_t>(values[1], std::max<std::size_t>(want.limited, 1) - 1);
  out.tightest = static_cast<std::uint8_t>(tightest);
  out.remaining = std::min(values[2], want.quotas[tightest].count);
  out.until_reset =
      static_cast<std::uint64_t>(std::max(want.periods[tightest].end - want.now, base::Duration(1)).count());
  out.wait = out.allowed ? 0 : out.until_reset;
  return out;
}

}  // namespace sluice::stores

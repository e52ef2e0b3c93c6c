// SPDX-License-Identifier: Apache-2.0
// Limit: how much may pass in what time, and the arithmetic of the two ways to count it, each on one word of
// state. Pure: no clock, no memory. Used by every store that counts in this process; the Redis scripts do the
// same arithmetic.
//
//   token_bucket    GCRA: the word is the theoretical arrival time, at which the bucket would be full again.
//                   After a pause up to `burst` pass at once, then one in each count-th part of the period.
//   sliding_window  the word holds a window's number and the counts of it and of the one before, which is
//                   weighed by how much of it the last `period` still covers, as if it had been filled
//                   evenly. So any period sees the count of a steady stream, within 1 %, and twice that at
//                   the most.
#pragma once
#include <cstdint>
#include <string>

#include "gateway/base/clock.h"

namespace sluice::stores {

// Nanoseconds on the steady clock.
using Instant = std::uint64_t;
inline Instant instant(base::SteadyTime time) noexcept {
  return static_cast<Instant>(time.time_since_epoch().count());
}

enum class Algorithm : std::uint8_t { token_bucket, sliding_window };

struct Limit {
  Algorithm algorithm = Algorithm::token_bucket;
  std::uint64_t count = 1;               // at least 1
  std::uint64_t period = 1'000'000'000;  // nanoseconds, at least `count` of them
  std::uint64_t burst = 1;               // token_bucket: size of the bucket, at least 1
  std::uint64_t ahead = 0;      // token_bucket: nanoseconds by which a charge may be early, to be waited out
  std::uint64_t salt = 0;       // tells the counters of this limit from others'; not 0
  std::uint8_t cell_class = 0;  // how a cell with its state expires, see CellTable

  // The most that one charge may cost, and also that may be owed beyond what is used up.
  std::uint64_t capacity() const noexcept { return algorithm == Algorithm::token_bucket ? burst : count; }
  // Nanoseconds for one, rounded up: never more than the count passes.
  std::uint64_t interval() const noexcept { return (period + count - 1) / count; }
  // Is the bucket so large, for how slowly it fills, that instants cannot tell when it would be full? Such a
  // limit is not to be charged.
  bool beyond_time() const noexcept {
    return algorithm == Algorithm::token_bucket && burst > kLongestFill / interval();
  }

  // Nanoseconds in which a bucket fills, at most: 146 years. A few of them fit into an Instant.
  static constexpr std::uint64_t kLongestFill = std::uint64_t{1} << 62;
};

// The most that a sliding window can count.
inline constexpr std::uint64_t kMostInWindow = (1 << 22) - 1;

// What a charge came to, or would come to.
struct Charged {
  // From now on. Where it is refused that is the state as it was, but for one that no charge can have left at
  // this time: of a limit that was another one then, or where more was owed than may be.
  std::uint64_t state = 0;
  bool allowed = false;
  std::uint64_t remaining = 0;    // what may pass at once after this
  std::uint64_t wait = 0;         // nanoseconds: allowed but early by this much; refused: until it may pass
  std::uint64_t until_reset = 0;  // nanoseconds until everything may pass again
};

// Charges `cost` (at most the capacity) to a counter in `state`; 0 is one that was never charged. A cost of 0
// only looks.
Charged charge(const Limit& limit, std::uint64_t state, Instant now, std::uint64_t cost) noexcept;
// Charges `cost` (at most the capacity) whatever is left; what is missing has to be made up for before
// anything passes again, the capacity at the most.
Charged charge_anyway(const Limit& limit, std::uint64_t state, Instant now, std::uint64_t cost) noexcept;
// Takes back of what was charged at `at` so much, but nothing that time has given back since then: it would be
// taken off what others were charged.
std::uint64_t refund(const Limit& limit, std::uint64_t state, Instant at, Instant now,
                     std::uint64_t cost) noexcept;
// Is this state the same as none?
bool expired(Algorithm algorithm, std::uint64_t period, std::uint64_t state, Instant now) noexcept;
// When it will be.
Instant expiry(Algorithm algorithm, std::uint64_t period, std::uint64_t state, Instant now) noexcept;

}  // namespace sluice::stores

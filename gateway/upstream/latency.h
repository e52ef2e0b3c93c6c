// SPDX-License-Identifier: Apache-2.0
// Latency: how long a target takes to answer, as the balancer peak_ewma goes by it: a moving average that
// forgets within kDecay, and that a slow answer raises at once while quick ones lower it bit by bit (the
// "peak EWMA" of Finagle, com.twitter.finagle.loadbalancer.p2c.P2CPeakEwma). Told by all workers, read by all
// workers: one atomic word, relaxed, as a sample that gets lost between two of them is no loss.
#pragma once
#include <atomic>
#include <cstdint>

#include "gateway/base/clock.h"
#include "gateway/base/error.h"

namespace sluice::upstream {

class Latency {
 public:
  static constexpr base::Duration kDecay = std::chrono::seconds(10);
  // What a failed attempt counts as, at least: a target that refuses connections at once is not a quick one.
  static constexpr base::Duration kFailure = std::chrono::seconds(1);

  // An answer began after `took`.
  void observe(base::Duration took, base::SteadyTime now) noexcept;
  // The average in microseconds, less what is forgotten of it: a target that nobody has asked for a while
  // gets another chance. Negative while nothing is known.
  float at(base::SteadyTime now) const noexcept;

 private:
  std::atomic<std::uint64_t> word_{0};  // microseconds as a float, and the time in milliseconds; 0: nothing
};

// The same of an attempt: an answer with that status began, or it failed. Only what the target can be blamed
// for counts: not that an idle connection was stale, nor that the gateway is full. Of a client that did not
// wait for the answer, and of an attempt that was outrun, it is only known that it would have taken longer.
void learn_latency(Latency& latency, int status, base::Reason failure, base::Duration took,
                   base::SteadyTime now) noexcept;

}  // namespace sluice::upstream

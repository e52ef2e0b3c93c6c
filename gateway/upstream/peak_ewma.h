// SPDX-License-Identifier: Apache-2.0
// PeakEwma: two targets drawn at random, each by its weight; of the two the one that is likely to answer
// sooner: the time it took lately (Latency), times the requests that it has before this one, for its weight.
// One of which nothing is known yet gets a request as soon as it is drawn, and no second one until the first
// is answered: so it is probed, and a slow one is not flooded.
#pragma once
#include "gateway/upstream/balancer.h"

namespace sluice::upstream {

class PeakEwma final : public Balancer {
 public:
  explicit PeakEwma(Random random) noexcept : random_(random) {}
  const Candidate& pick(std::span<const Candidate> usable, const PickKey& key) noexcept override;

 private:
  Random random_;
};

}  // namespace sluice::upstream

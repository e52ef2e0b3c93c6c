// SPDX-License-Identifier: Apache-2.0
// LeastRequest: two targets drawn at random, each by its weight; of the two the one with fewer requests in
// flight for its weight. Nearly as even as comparing all of them, at a fixed cost and without the herd that
// runs to the one idle target (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE
// TPDS 2001). The first one drawn wins a tie, so that without load the weights alone decide.
#pragma once
#include "gateway/upstream/balancer.h"

namespace sluice::upstream {

class LeastRequest final : public Balancer {
 public:
  explicit LeastRequest(Random random) noexcept : random_(random) {}
  const Candidate& pick(std::span<const Candidate> usable, const PickKey& key) noexcept override;

 private:
  Random random_;
};

}  // namespace sluice::upstream

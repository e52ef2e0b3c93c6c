// SPDX-License-Identifier: Apache-2.0
// RandomChoice: any target, by weight. Needs no state and no knowledge of targets: what is left where
// requests cost so differently, or are so few, that their number says nothing.
#pragma once
#include "gateway/upstream/balancer.h"

namespace sluice::upstream {

class RandomChoice final : public Balancer {
 public:
  explicit RandomChoice(Random random) noexcept : random_(random) {}
  const Candidate& pick(std::span<const Candidate> usable, const PickKey& key) noexcept override;

 private:
  Random random_;
};

}  // namespace sluice::upstream

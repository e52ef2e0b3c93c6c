// SPDX-License-Identifier: Apache-2.0
// RoundRobin: one target after the other, heavier ones more often and spread out evenly: with weights 5, 1, 1
// the order is a a b a c a a, not a a a a a b c. The algorithm is nginx's smooth weighted round robin
// (ngx_http_upstream_round_robin.c): each pick adds every weight to its target's credit, takes the richest
// and charges it the sum of the weights.
#pragma once
#include <vector>

#include "gateway/upstream/balancer.h"

namespace sluice::upstream {

class RoundRobin final : public Balancer {
 public:
  // `lead` picks are made beforehand, so that workers that start together do not all begin with the same
  // target.
  RoundRobin(std::size_t targets, unsigned lead) : credit_(targets), lead_(lead) {}
  const Candidate& pick(std::span<const Candidate> usable, const PickKey& key) noexcept override;

 private:
  const Candidate& next(std::span<const Candidate> usable) noexcept;
  std::vector<std::int64_t> credit_;  // by index of the target
  std::size_t lead_;
};

}  // namespace sluice::upstream

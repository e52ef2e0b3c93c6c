// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/balancer.h"

#include "gateway/upstream/least_request.h"
#include "gateway/upstream/round_robin.h"

namespace sluice::upstream {

void sum_weights(std::span<Candidate> candidates) noexcept {
  std::uint64_t sum = 0;
  for (Candidate& c : candidates) {
    c.before = sum;
    sum += c.weight;
  }
}

std::unique_ptr<Balancer> make_balancer(Balance kind, std::size_t targets, unsigned worker, Random random) {
  if (kind == Balance::round_robin) return std::make_unique<RoundRobin>(targets, worker);
  return std::make_unique<LeastRequest>(random);
}

}  // namespace sluice::upstream

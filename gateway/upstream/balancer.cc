// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/balancer.h"

#include "gateway/upstream/consistent_hash.h"
#include "gateway/upstream/least_request.h"
#include "gateway/upstream/peak_ewma.h"
#include "gateway/upstream/random_choice.h"
#include "gateway/upstream/round_robin.h"

namespace sluice::upstream {

void sum_weights(std::span<Candidate> candidates) noexcept {
  std::uint64_t sum = 0;
  for (Candidate& c : candidates) {
    c.before = sum;
    sum += c.weight;
  }
}

std::unique_ptr<Balancer> make_balancer(Balance kind, std::size_t targets, unsigned worker, Random random,
                                        const HashSettings& hash) {
  switch (kind) {
    case Balance::round_robin:
      return std::make_unique<RoundRobin>(targets, worker);
    case Balance::random:
      return std::make_unique<RandomChoice>(random);
    case Balance::peak_ewma:
      return std::make_unique<PeakEwma>(random);
    case Balance::consistent_hash:
      return std::make_unique<ConsistentHash>(hash.table, hash.bounded_load, random);
    case Balance::least_request:
      break;
  }
  return std::make_unique<LeastRequest>(random);
}

}  // namespace sluice::upstream

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/round_robin.h"

#include <utility>

namespace sluice::upstream {

const Candidate& RoundRobin::pick(std::span<const Candidate> usable, const PickKey& /*key*/) noexcept {
  for (std::size_t skip = std::exchange(lead_, 0) % usable.size(); skip > 0; --skip) next(usable);
  return next(usable);
}

const Candidate& RoundRobin::next(std::span<const Candidate> usable) noexcept {
  const Candidate* best = nullptr;
  std::int64_t sum = 0;
  for (const Candidate& c : usable) {
    credit_[c.index] += c.weight;
    sum += c.weight;
    if (!best || credit_[c.index] > credit_[best->index]) best = &c;
  }
  credit_[best->index] -= sum;
  return *best;
}

}  // namespace sluice::upstream

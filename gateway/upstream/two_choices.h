// SPDX-License-Identifier: Apache-2.0
// Drawing candidates at random, by weight: what the balancers have in common that compare two of them, and
// the one that takes the first.
#pragma once
#include <algorithm>
#include <span>

#include "gateway/upstream/balancer.h"

namespace sluice::upstream {

inline std::uint64_t sum_of(std::span<const Candidate> usable) noexcept {
  return usable.back().before + usable.back().weight;
}

// The candidate whose share of the sum of weights holds `point`.
inline const Candidate& at(std::span<const Candidate> usable, std::uint64_t point) noexcept {
  auto after = std::upper_bound(usable.begin(), usable.end(), point,
                                [](std::uint64_t p, const Candidate& c) { return p < c.before; });
  return *(after - 1);
}

// Fewer requests in flight for its weight.
inline bool less_loaded(const Candidate& a, const Candidate& b) noexcept {
  return std::uint64_t{a.target->active()} * b.weight < std::uint64_t{b.target->active()} * a.weight;
}

// Draws two different ones, and takes the first unless `better(second, first)`.
template <class Better>
const Candidate& better_of_two(std::span<const Candidate> usable, Random& random, Better better) noexcept {
  std::uint64_t sum = sum_of(usable);
  const Candidate& first = at(usable, random.below(sum));
  // The second from what is left when the first one's share is cut out: never the same twice.
  std::uint64_t point = random.below(sum - first.weight);
  const Candidate& second = at(usable, point < first.before ? point : point + first.weight);
  return better(second, first) ? second : first;
}

}  // namespace sluice::upstream

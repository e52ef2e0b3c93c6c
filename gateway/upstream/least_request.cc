// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/least_request.h"

#include <algorithm>

namespace sluice::upstream {
namespace {

// The candidate whose share of the sum of weights holds `point`.
const Candidate& at(std::span<const Candidate> usable, std::uint64_t point) noexcept {
  auto after = std::upper_bound(usable.begin(), usable.end(), point,
                                [](std::uint64_t p, const Candidate& c) { return p < c.before; });
  return *(after - 1);
}

// Fewer requests in flight for its weight.
bool less_loaded(const Candidate& a, const Candidate& b) noexcept {
  return std::uint64_t{a.target->active()} * b.weight < std::uint64_t{b.target->active()} * a.weight;
}

}  // namespace

const Candidate& LeastRequest::pick(std::span<const Candidate> usable, const PickKey& /*key*/) noexcept {
  std::uint64_t sum = usable.back().before + usable.back().weight;
  const Candidate& first = at(usable, random_.below(sum));
  // The second from what is left when the first one's share is cut out: never the same twice.
  std::uint64_t point = random_.below(sum - first.weight);
  const Candidate& second = at(usable, point < first.before ? point : point + first.weight);
  return less_loaded(second, first) ? second : first;
}

}  // namespace sluice::upstream

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/peak_ewma.h"

#include "gateway/upstream/two_choices.h"

namespace sluice::upstream {
namespace {

// More than any target that has answered.
constexpr float kUnknown = 1e15F;

// `even`: the weight that each had if all had the same. Draws go by weight already, so without load time
// alone decides.
float cost(const Candidate& c, float even, base::SteadyTime now) noexcept {
  auto active = static_cast<float>(c.target->active());
  float took = c.target->latency().at(now);
  if (took < 0) return active > 0 ? kUnknown * active : 0;
  return took * (active * even / static_cast<float>(c.weight) + 1);
}

}  // namespace

const Candidate& PeakEwma::pick(std::span<const Candidate> usable, const PickKey& key) noexcept {
  float even = static_cast<float>(sum_of(usable)) / static_cast<float>(usable.size());
  return better_of_two(usable, random_, [even, now = key.now](const Candidate& a, const Candidate& b) {
    return cost(a, even, now) < cost(b, even, now);
  });
}

}  // namespace sluice::upstream

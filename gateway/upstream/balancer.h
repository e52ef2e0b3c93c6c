// SPDX-License-Identifier: Apache-2.0
// Balancer: which of the usable targets gets the next attempt. What narrows the choice (no address yet, tried
// already; later health and affinity) only shortens the span that a balancer is given. One per upstream,
// snapshot and worker, so it may keep state without sharing it.
#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "gateway/upstream/config.h"
#include "gateway/upstream/random.h"
#include "gateway/upstream/target.h"

namespace sluice::upstream {

// What a request brings along that a balancer may go by.
struct PickKey {
  std::uint64_t hash =
      0;  // equal for requests that should meet the same target; ignored by both kinds so far
};

struct Candidate {
  Target* target = nullptr;
  std::uint32_t weight = 1;  // at least 1
  std::uint32_t index = 0;   // of the target in its upstream: stable while the span grows and shrinks
  std::uint64_t before = 0;  // sum of the weights of the candidates before this one
};
// Sets `before` throughout; to be called after the choice was narrowed.
void sum_weights(std::span<Candidate> candidates) noexcept;

class Balancer {
 public:
  virtual ~Balancer() = default;
  // `usable` has at least two elements and its sums are set.
  virtual const Candidate& pick(std::span<const Candidate> usable, const PickKey& key) noexcept = 0;
};

// `targets`: how many the upstream has in all. `worker` keeps workers from going in step.
std::unique_ptr<Balancer> make_balancer(Balance kind, std::size_t targets, unsigned worker, Random random);

}  // namespace sluice::upstream

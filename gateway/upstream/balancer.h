// SPDX-License-Identifier: Apache-2.0
// Balancer: which of the usable targets gets the next attempt. What narrows the choice (no address yet, not
// healthy, tried already) only shortens the span that a balancer is given, what changes a target's share
// (slow start) only its weight. One per upstream, snapshot and worker, so it may keep state without sharing
// it.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "gateway/upstream/balance_config.h"
#include "gateway/upstream/random.h"
#include "gateway/upstream/target.h"

namespace sluice::upstream {

// The hashes of a request by the `hash_by` of the upstreams that may take over for another (failover.h), each made
// when its upstream is asked. By their place in that list.
class HashesElsewhere {
 public:
  virtual std::optional<std::uint64_t> of(std::size_t other) const = 0;

 protected:
  ~HashesElsewhere() = default;
};

// What a request brings along that a balancer may go by.
struct PickKey {
  // Equal for requests that should meet the same target; unset for one that is not of any such group. Read by
  // consistent_hash alone.
  std::optional<std::uint64_t> hash{};
  // The target that the client had before. Upstream::choose() sees to it, no balancer does.
  Target* wanted = nullptr;
  // Null: no such upstream goes by a key. Must outlive this one.
  const HashesElsewhere* elsewhere = nullptr;
  base::SteadyTime now{};  // set by Upstream
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

class MaglevTable;  // maglev.h

// What consistent_hash needs beyond the rest.
struct HashSettings {
  std::shared_ptr<const MaglevTable> table;  // of all targets of the upstream, by index
  double bounded_load = 0;
};

// `targets`: how many the upstream has in all. `worker` keeps workers from going in step.
std::unique_ptr<Balancer> make_balancer(Balance kind, std::size_t targets, unsigned worker, Random random,
                                        const HashSettings& hash = {});

}  // namespace sluice::upstream

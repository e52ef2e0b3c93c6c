// SPDX-License-Identifier: Apache-2.0
// ConsistentHash: requests with the same hash go to the same target, as MaglevTable says. Where that target
// may not be used, or has more than its share of the load, the hash is hashed again, and again: so what one
// target cannot take spreads over all the others, and a key's second choice is always the same. The bound is
// that of Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018. Requests
// without a hash are balanced by LeastRequest.
#pragma once
#include <memory>

#include "gateway/upstream/balancer.h"
#include "gateway/upstream/least_request.h"
#include "gateway/upstream/maglev.h"

namespace sluice::upstream {

class ConsistentHash final : public Balancer {
 public:
  // With fewer requests in flight a target counts as idle, whatever the others do: a handful of requests of
  // one client, which come at once while nobody else is there, would otherwise be torn apart.
  static constexpr std::uint32_t kIdle = 8;

  // `bound`: how many times its share of the requests in flight a target may have; 0 for no bound.
  ConsistentHash(std::shared_ptr<const MaglevTable> table, double bound, Random random) noexcept
      : table_(std::move(table)), bound_(bound), hashless_(random) {}
  const Candidate& pick(std::span<const Candidate> usable, const PickKey& key) noexcept override;

 private:
  bool has_room(const Candidate& c, std::span<const Candidate> usable) noexcept;
  std::uint64_t in_flight(std::span<const Candidate> usable) noexcept;

  std::shared_ptr<const MaglevTable> table_;
  double bound_;
  LeastRequest hashless_;
  std::uint64_t in_flight_ = 0;
  std::size_t picks_ = 0;  // since it was counted
};

}  // namespace sluice::upstream

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/consistent_hash.h"

#include <algorithm>
#include <cmath>

#include "gateway/upstream/two_choices.h"

namespace sluice::upstream {
namespace {

const Candidate* find(std::span<const Candidate> usable, std::uint32_t index) noexcept {
  auto at = std::ranges::lower_bound(usable, index, {}, &Candidate::index);
  return at != usable.end() && at->index == index ? &*at : nullptr;
}

}  // namespace

const Candidate& ConsistentHash::pick(std::span<const Candidate> usable, const PickKey& key) noexcept {
  if (!key.hash) return hashless_.pick(usable, key);
  // Enough to find one, unless nearly all of many targets are away.
  constexpr int kMostTries = 64;
  Random again(*key.hash);
  std::uint64_t hash = *key.hash;
  const Candidate* full = nullptr;  // the first choice, if it is that
  for (int i = 0; i < kMostTries; ++i, hash = again.next()) {
    const Candidate* c = find(usable, table_->at(hash));
    if (!c) continue;
    if (has_room(*c, usable)) return *c;
    if (!full) full = c;
  }
  // The bound is above one, so somebody has room. Without any try that met: a place by the hash alone.
  if (full) return *std::ranges::min_element(usable, less_loaded);
  return at(usable, Random(*key.hash).below(sum_of(usable)));
}

bool ConsistentHash::has_room(const Candidate& c, std::span<const Candidate> usable) noexcept {
  auto active = c.target->active();
  if (active < kIdle || bound_ == 0) return true;
  double share = static_cast<double>(c.weight) / static_cast<double>(sum_of(usable));
  return active < std::ceil(bound_ * share * static_cast<double>(in_flight(usable) + 1));
}

// Reading the counters of all targets costs a cache line each, which other workers are writing: of many it is
// not done for every request.
std::uint64_t ConsistentHash::in_flight(std::span<const Candidate> usable) noexcept {
  constexpr std::size_t kCounted = 16;
  if (++picks_ * kCounted < usable.size()) return ++in_flight_;
  picks_ = 0;
  in_flight_ = 0;
  for (const Candidate& c : usable) in_flight_ += c.target->active();
  return in_flight_;
}

}  // namespace sluice::upstream

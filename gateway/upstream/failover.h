// SPDX-License-Identifier: Apache-2.0
// Failover: which of several upstreams serves a request, the first ones before the others. As many targets of
// an upstream as are healthy are taken to bear 1.4 times their share, as Envoy's priority levels do
// (overprovisioning factor 140): so all requests stay while five of seven (71 %) are healthy, and what is
// beyond that spills over to the next. One per upstream with `failover`, and snapshot.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "gateway/upstream/balancer.h"
#include "gateway/upstream/circuit.h"

namespace sluice::upstream {

class Upstream;

// Targets with an address, and how many of them are healthy.
struct Share {
  std::uint32_t healthy = 0, all = 0;
};

// How requests are divided: parts of kWhole for each upstream, which together are kWhole.
struct Division {
  static constexpr std::uint32_t kWhole = 10'000;
  std::vector<std::uint32_t> parts;
  bool covered = false;  // healthy targets can bear all of it, so nobody need panic
};
Division divide(std::span<const Share> shares);

// A target, and the upstream whose settings are for it. The target is null when none is usable. `trial`: by
// which that upstream has admitted the attempt, unless it is the one that was asked.
struct Picked {
  Upstream* upstream = nullptr;
  Target* target = nullptr;
  Circuit::Trial trial{};
};

class Failover {
 public:
  // `first` owns this and must outlive it.
  Failover(Upstream& first, std::vector<std::shared_ptr<Upstream>> others, unsigned workers);
  Failover(const Failover&) = delete;
  Failover& operator=(const Failover&) = delete;
  ~Failover();

  // As Upstream::choose().
  Picked choose(unsigned worker, const PickKey& key, std::span<Target* const> tried, bool elsewhere);
  // As of now; any thread.
  Division division() const;
  // In their order, without the first.
  const std::vector<std::shared_ptr<Upstream>>& others() const noexcept { return others_; }

 private:
  struct View;
  View& view(unsigned worker);
  Picked pick(std::size_t i, unsigned worker, const PickKey& key, std::span<Target* const> tried,
              bool covered) const;
  Upstream& level(std::size_t i) const noexcept { return i == 0 ? first_ : *others_[i - 1]; }
  std::size_t levels() const noexcept { return others_.size() + 1; }

  Upstream& first_;
  std::vector<std::shared_ptr<Upstream>> others_;
  std::vector<std::unique_ptr<View>> views_;  // by worker
};

}  // namespace sluice::upstream

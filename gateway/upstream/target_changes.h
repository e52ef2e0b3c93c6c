// SPDX-License-Identifier: Apache-2.0
// TargetChanges: the last changes of one target, by health checks, failed requests, operators and lists, each
// with its cause: what people ask for first. Belongs to its Target, so it outlives snapshots. Not for several
// threads at once: Target locks.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/clock.h"

namespace sluice::upstream {

enum class ServiceState : std::uint8_t { healthy, unhealthy, ejected, drained, draining };

inline std::string_view name(ServiceState state) noexcept {
  constexpr std::string_view kNames[] = {"healthy", "unhealthy", "ejected", "drained", "draining"};
  return kNames[static_cast<std::size_t>(state)];
}

struct TargetChange {
  ServiceState state = ServiceState::healthy;  // from then on
  base::WallTime when{};
  std::string cause;                          // for people: "status 503", "drained by an operator"
  ServiceState from = ServiceState::healthy;  // until then
};

class TargetChanges {
 public:
  static constexpr std::size_t kKept = 20;

  void add(ServiceState state, base::WallTime when, std::string cause) {
    if (all_.size() == kKept) all_.pop_front();
    all_.push_back({state, when, std::move(cause), std::exchange(last_, state)});
  }
  // The last kKept, oldest first.
  const std::deque<TargetChange>& all() const noexcept { return all_; }

 private:
  std::deque<TargetChange> all_;
  ServiceState last_ = ServiceState::healthy;
};

}  // namespace sluice::upstream

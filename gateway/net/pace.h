// SPDX-License-Identifier: Apache-2.0
// Pace: sees to it that a peer which is waited for moves at least so many bytes a second, on the whole, and
// is done by a time. Of the rate only the time that is spent waiting counts, and only the bytes since the
// first wait. It needs no timer of its own: it shortens the timeouts of the waits that there are. One
// message, one worker.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>

#include "gateway/base/clock.h"
#include "gateway/net/loop.h"

namespace sluice::net {

struct MinRate {
  std::uint64_t bytes = 0;  // a second; 0: no minimum
  base::Duration grace{};   // of waiting, before it counts
};

class Pace {
 public:
  Pace(const MinRate& least, const Loop& loop) noexcept : least_(least), loop_(&loop) {}

  // No wait lasts longer, and none begins later.
  void end_by(base::SteadyTime deadline) noexcept { deadline_ = deadline; }
  // Is there anything to see to?
  bool any() const noexcept { return least_.bytes != 0 || deadline_; }

  // How long the next wait may take: `timeout`, where zero means for ever, or less. `moved`: bytes so far, of
  // whatever begin. Nothing: the peer is too slow already.
  std::optional<base::Duration> begin_wait(base::Duration timeout, std::uint64_t moved) noexcept {
    if (deadline_) {
      auto left = *deadline_ - loop_->now();
      if (left <= base::Duration::zero()) return std::nullopt;
      timeout = timeout.count() == 0 ? left : std::min(timeout, left);
    }
    if (least_.bytes == 0) return timeout;
    if (!first_) first_ = moved;
    began_ = loop_->now();
    auto left = allowed(moved - *first_) - waited_;
    if (left <= base::Duration::zero()) return std::nullopt;
    return timeout.count() == 0 ? left : std::min(timeout, left);
  }
  void end_wait() noexcept {
    if (least_.bytes != 0) waited_ += loop_->now() - began_;
  }

 private:
  base::Duration allowed(std::uint64_t bytes) const noexcept {
    constexpr std::uint64_t kLong = 1'000'000'000;  // seconds; more overflows
    auto seconds = std::min(bytes / least_.bytes, kLong);
    return std::max<base::Duration>(least_.grace, std::chrono::seconds(static_cast<std::int64_t>(seconds)));
  }

  MinRate least_;
  const Loop* loop_;
  std::optional<base::SteadyTime> deadline_;
  std::optional<std::uint64_t> first_;
  base::Duration waited_{};
  base::SteadyTime began_{};
};

}  // namespace sluice::net

// SPDX-License-Identifier: Apache-2.0
// Conduct: how a client behaves on one HTTP/2 connection. Frames that are cheap to send and cost us work, and
// ask for nothing, are counted in budgets that fill up again with time and with honest use; whoever overdraws
// one is told to calm down and leaves. No clock of its own, no I/O.
#pragma once
#include <algorithm>
#include <cstdint>

#include "gateway/base/clock.h"

namespace sluice::http::h2 {

// So many at once, so many more each second.
class Budget {
 public:
  constexpr Budget(std::int64_t burst, std::int64_t per_second) noexcept
      : burst_(burst), per_second_(per_second), left_(burst) {}

  // False: overdrawn.
  bool spend(base::SteadyTime now, std::int64_t amount = 1) noexcept {
    if (left_ < amount) refill(now);
    left_ -= amount;
    return left_ >= 0;
  }
  void earn(std::int64_t amount) noexcept { left_ = std::min(burst_, left_ + amount); }

 private:
  void refill(base::SteadyTime now) noexcept {
    if (since_ == base::SteadyTime{}) since_ = now;
    auto seconds = (now - since_) / std::chrono::seconds(1);
    if (seconds <= 0) return;
    since_ += std::chrono::seconds(seconds);
    earn(std::min<std::int64_t>(seconds, 3600) * per_second_);
  }

  std::int64_t burst_, per_second_, left_;
  base::SteadyTime since_{};
};

class Conduct {
 public:
  // Each is false once the client has overdrawn.

  // A frame that asks for nothing: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, CONTINUATION, and
  // those of unknown types.
  bool idle_frame(base::SteadyTime now) noexcept { return idle_frames_.spend(now); }
  // It cancelled a request that was not answered yet (CVE-2023-44487).
  bool cancelled(base::SteadyTime now) noexcept { return cancellations_.spend(now); }
  // It broke the protocol so that a stream had to be reset (CVE-2025-8671).
  bool offended(base::SteadyTime now) noexcept { return offences_.spend(now); }

  // Bytes of frames that nobody knows, or of streams that are over.
  bool skipped(base::SteadyTime now, std::uint64_t bytes) noexcept {
    return skipped_bytes_.spend(now, static_cast<std::int64_t>(bytes));
  }

  // An exchange was completed.
  void completed() noexcept {
    cancellations_.earn(1);
    idle_frames_.earn(8);
  }
  // Frames of a body were moved in either direction; the receiver answers them with WINDOW_UPDATE frames.
  void moved(std::uint64_t frames) noexcept { idle_frames_.earn(static_cast<std::int64_t>(4 * frames)); }

 private:
  Budget idle_frames_{4000, 200};
  Budget cancellations_{200, 20};
  Budget offences_{100, 10};
  Budget skipped_bytes_{8 << 20, 1 << 20};
};

}  // namespace sluice::http::h2

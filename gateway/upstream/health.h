// SPDX-License-Identifier: Apache-2.0
// Health: what checks have found out about one target, and what follows: is it healthy? Belongs to its
// Target, so it outlives snapshots. Does no I/O and reads no clock. Not for several threads at once: Target
// locks.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/base/clock.h"
#include "gateway/observe/upstream_metrics.h"

namespace sluice::upstream {

using observe::CheckResult;

// What one check has found.
struct Finding {
  CheckResult result = CheckResult::failed;
  std::string cause;  // for people: "status 503", "SERVING"
  bool passed() const noexcept { return result == CheckResult::passed; }
};

// A target became healthy or unhealthy.
struct HealthChange {
  bool healthy = true;
  base::WallTime when{};
  std::string cause;
};

// So many findings in a row that say otherwise change the state.
struct HealthLimits {
  std::uint32_t unhealthy_after = 3;
  std::uint32_t healthy_after = 2;
};

class Health {
 public:
  // A target that is not checked is healthy. One that has been in force unchecked has proved itself as far as
  // anybody can tell: when checks begin it takes unhealthy_after of them to fail, as if it had passed. A new
  // target is healthy until its first finding, which decides alone: it has nothing to show for itself yet.
  void begin() noexcept { checked_ = true; }
  // The change, if that makes it healthy.
  std::optional<HealthChange> end(base::WallTime now);
  bool checked() const noexcept { return checked_; }

  // The change, if that makes one. Without effect while not checked: a check may end after it is wanted.
  std::optional<HealthChange> take(const Finding& finding, const HealthLimits& limits, base::WallTime now);

  // Healthy again, whatever was found until now: by an operator, whose word counts until the next finding.
  std::optional<HealthChange> reset(base::WallTime now);

  bool healthy() const noexcept { return healthy_; }
  // Since when: the last change, or the first finding; unset without either.
  base::WallTime since() const noexcept { return since_; }
  // What the last check found; null before the first.
  const Finding* last() const noexcept { return last_ ? &*last_ : nullptr; }
  // Of the last change; "" before the first.
  const std::string& cause() const noexcept { return cause_; }

 private:
  HealthChange turn(bool healthy, std::string cause, base::WallTime now);

  bool checked_ = false;
  bool healthy_ = true;
  bool proved_ = false;        // the next finding does not decide alone
  std::uint32_t against_ = 0;  // findings in a row that contradict healthy_
  base::WallTime since_{};
  std::optional<Finding> last_;
  std::string cause_;
};

}  // namespace sluice::upstream

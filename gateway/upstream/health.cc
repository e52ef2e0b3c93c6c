// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/health.h"

#include <utility>

namespace sluice::upstream {

std::optional<HealthChange> Health::end(base::WallTime now) {
  checked_ = false;
  proved_ = true;
  against_ = 0;
  last_.reset();
  if (healthy_) return std::nullopt;
  return turn(true, "not checked any more", now);
}

std::optional<HealthChange> Health::take(const Finding& finding, const HealthLimits& limits,
                                         base::WallTime now) {
  if (!checked_) return std::nullopt;
  last_ = finding;
  if (since_ == base::WallTime{}) since_ = now;
  bool first = !std::exchange(proved_, true);
  if (finding.passed() == healthy_) {
    against_ = 0;
    return std::nullopt;
  }
  ++against_;
  auto enough = first ? 1 : healthy_ ? limits.unhealthy_after : limits.healthy_after;
  if (against_ < enough) return std::nullopt;
  return turn(!healthy_, finding.cause, now);
}

std::optional<HealthChange> Health::reset(base::WallTime now) {
  against_ = 0;
  if (healthy_) return std::nullopt;
  return turn(true, "reset by an operator", now);
}

HealthChange Health::turn(bool healthy, std::string cause, base::WallTime now) {
  healthy_ = healthy;
  against_ = 0;
  since_ = now;
  cause_ = cause;
  return {healthy, now, std::move(cause)};
}

}  // namespace sluice::upstream

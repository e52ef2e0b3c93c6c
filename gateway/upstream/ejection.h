// SPDX-License-Identifier: Apache-2.0
// Ejection: a target that is out of service for a while because requests failed there, and how often it was.
// Belongs to its Target, so it outlives snapshots. Reads no clock. Not for several threads at once: Target
// locks.
#pragma once
#include <string>

#include "gateway/base/clock.h"
#include "gateway/upstream/protection_config.h"

namespace sluice::upstream {

class Ejection {
 public:
  // Takes it out; how long, which grows with each time. Time spent in service without trouble counts against
  // that.
  base::Duration begin(const OutlierConfig& config, std::string cause, base::SteadyTime now);
  void end(base::SteadyTime now) noexcept;

  bool out() const noexcept { return out_; }
  // Of one that is out.
  base::SteadyTime until() const noexcept { return until_; }
  const std::string& cause() const noexcept { return cause_; }  // "5 failures in a row, the last of them ..."
  unsigned times() const noexcept { return times_; }

 private:
  bool out_ = false;
  unsigned times_ = 0;
  base::SteadyTime until_{};
  base::SteadyTime ended_{};  // the last one
  std::string cause_;
};

}  // namespace sluice::upstream

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/ejection.h"

#include <algorithm>
#include <utility>

namespace sluice::upstream {

base::Duration Ejection::begin(const OutlierConfig& config, std::string cause, base::SteadyTime now) {
  base::Duration first = config.ejection, most = config.max_ejection;
  if (times_ > 0)
    times_ -= static_cast<unsigned>(std::min<base::Duration::rep>((now - ended_) / first, times_));
  // Counts no further than it makes a difference.
  auto cap = static_cast<unsigned>((most + first - base::Duration(1)) / first);
  times_ = std::min(times_ + 1, cap);
  auto length = std::min(times_ * first, most);
  out_ = true;
  until_ = now + length;
  cause_ = std::move(cause);
  return length;
}

void Ejection::end(base::SteadyTime now) noexcept {
  out_ = false;
  ended_ = now;
}

}  // namespace sluice::upstream

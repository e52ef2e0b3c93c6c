// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/hedging.h"

#include <algorithm>

namespace sluice::upstream {
namespace {

constexpr std::string_view kResults[] = {"won", "lost", "over_budget"};

}  // namespace

Hedging::Hedging(const HedgeConfig& config, unsigned workers, observe::SeriesStore& store,
                 std::string_view upstream)
    : after_(config.after),
      share_(config.budget.ratio()),
      own_(workers),
      metrics_(store, observe::Family::sluice_upstream_hedges_total, upstream, kResults) {}

std::optional<base::Duration> Hedging::begin(unsigned worker) noexcept {
  Own& own = own_[worker];
  own.left = std::min(kMost, own.left + share_);
  return after_ ? after_ : own.window.p95();
}

bool Hedging::take(unsigned worker) noexcept {
  double& left = own_[worker].left;
  if (left < 1) return false;
  left -= 1;
  return true;
}

}  // namespace sluice::upstream

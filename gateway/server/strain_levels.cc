// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/strain_levels.h"

namespace sluice::server {

using net::Strain;

namespace {

// `used` in percent of the limit, rounded down. Neither is anywhere near 2^57.
std::uint64_t percent(std::uint64_t used, std::uint64_t limit) noexcept { return used * 100 / limit; }

Strain below(Strain strain) noexcept { return static_cast<Strain>(static_cast<unsigned>(strain) - 1); }

}  // namespace

Strain MemoryLevels::read(std::uint64_t used, std::uint64_t limit) noexcept {
  if (limit == 0) return strain_ = Strain::none;
  auto now = percent(used, limit);
  for (Strain s : {Strain::utmost, Strain::much, Strain::some})
    if (s > strain_ && now >= kBegin[static_cast<unsigned>(s)]) return strain_ = s;
  if (strain_ != Strain::none && now < kBegin[static_cast<unsigned>(strain_)] - kSpare)
    strain_ = below(strain_);
  return strain_;
}

Strain LagLevels::read(base::Duration lag, base::Duration limit) noexcept {
  if (limit <= base::Duration::zero()) return strain_ = Strain::none;
  late_ = lag > limit ? late_ + 1 : 0;
  very_late_ = lag > limit * kMuch ? very_late_ + 1 : 0;
  calm_ = lag < limit / 2 ? calm_ + 1 : 0;
  if (very_late_ >= kInARow) {
    strain_ = Strain::much;
  } else if (late_ >= kInARow && strain_ == Strain::none) {
    strain_ = Strain::some;
  } else if (calm_ >= kCalm && strain_ != Strain::none) {
    strain_ = below(strain_);
    calm_ = 0;
  }
  return strain_;
}

}  // namespace sluice::server

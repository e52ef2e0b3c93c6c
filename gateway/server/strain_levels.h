// SPDX-License-Identifier: Apache-2.0
// MemoryLevels and LagLevels: from readings to a strain that does not flutter. It rises at once, or after a
// few readings, and falls only when there is room to spare. No clock and no system: whoever reads calls them.
#pragma once
#include <cstdint>

#include "gateway/base/clock.h"
#include "gateway/net/pressure.h"

namespace sluice::server {

class MemoryLevels {
 public:
  // Each of Strain but none begins at so many percent of the limit, and ends so many below that.
  static constexpr std::uint64_t kBegin[] = {0, 85, 92, 97};
  static constexpr std::uint64_t kSpare = 5;

  // `limit` of zero: none. Rises as far as the reading says, falls by one at a time.
  net::Strain read(std::uint64_t used, std::uint64_t limit) noexcept;
  net::Strain strain() const noexcept { return strain_; }

 private:
  net::Strain strain_ = net::Strain::none;
};

class LagLevels {
 public:
  static constexpr unsigned kInARow = 5;  // readings over the limit
  static constexpr unsigned kCalm = 20;   // readings below half of it
  static constexpr unsigned kMuch = 5;    // times the limit

  // `limit` of zero: none. `some` and `much` only.
  net::Strain read(base::Duration lag, base::Duration limit) noexcept;
  net::Strain strain() const noexcept { return strain_; }

 private:
  net::Strain strain_ = net::Strain::none;
  unsigned late_ = 0, very_late_ = 0, calm_ = 0;
};

}  // namespace sluice::server

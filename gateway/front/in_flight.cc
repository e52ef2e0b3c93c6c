// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/in_flight.h"

#include "gateway/chain/shedding.h"

namespace sluice::front {

using upstream::Importance;

std::size_t cut_a_quarter(base::List<InFlight>& all) noexcept {
  constexpr std::size_t kShare = 4;
  std::size_t candidates = 0;
  all.for_each([&](InFlight& f) { candidates += f.exchange->importance < Importance::critical; });
  const std::size_t cut = (candidates + kShare - 1) / kShare;
  std::size_t left = cut;
  for (Importance importance : {Importance::low, Importance::normal})
    all.for_each([&](InFlight& f) {
      if (left == 0 || f.exchange->importance != importance) return;
      --left;
      f.unlink();
      chain::cut(*f.exchange);
    });
  return cut;
}

}  // namespace sluice::front

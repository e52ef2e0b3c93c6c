// SPDX-License-Identifier: Apache-2.0
// Shedding: who is refused while the gateway is short of memory or of time. At `some` strain requests of low
// importance are, at `much` all but critical ones. Where memory is short to the utmost, listeners accept
// nobody (front/listener.cc) and exchanges are cut (front/front.h); critical requests on connections that are
// there are served still.
#pragma once
#include "gateway/chain/exchange.h"

namespace sluice::chain {

constexpr bool sheds(net::Strain strain, upstream::Importance importance) noexcept {
  if (strain == net::Strain::none) return false;
  return importance <
         (strain == net::Strain::some ? upstream::Importance::normal : upstream::Importance::critical);
}

// Refuses the exchange, whose importance that is or may yet become, if it is not important enough now. True:
// the exchange holds the reply, and is counted.
bool shed_now(Exchange& ex, upstream::Importance importance);
inline bool shed(Exchange& ex, upstream::Importance importance) {
  return ex.worker.loop.pressure().any() && shed_now(ex, importance);
}

// Ends an exchange that is under way: it answers the same, or breaks off what it has begun, when the loop
// comes to it. Counted too.
void cut(Exchange& ex) noexcept;

}  // namespace sluice::chain

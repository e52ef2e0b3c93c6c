// SPDX-License-Identifier: Apache-2.0
// InFlight: the exchanges of a worker that can be cut when memory is short to the utmost. Listed only where
// there is a limit of memory. Tunnels are not: they hold next to nothing. One worker's thread.
#pragma once
#include "gateway/base/list.h"
#include "gateway/chain/exchange.h"

namespace sluice::front {

// Listed while it lives.
struct InFlight : base::ListNode {
  chain::Exchange* exchange = nullptr;
};

// Cuts a quarter of those that are not critical, the least important first, and of these the ones at the
// front of the list. They are listed no more. Returns how many.
std::size_t cut_a_quarter(base::List<InFlight>& all) noexcept;

}  // namespace sluice::front

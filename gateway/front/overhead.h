// SPDX-License-Identifier: Apache-2.0
// The gateway's own share of the time that an exchange took. Private to front.
#pragma once
#include "gateway/base/clock.h"

namespace sluice::chain {
struct Exchange;
}

namespace sluice::front {

// All but the waits for upstreams, for services that filters ask and for the client, as far as the exchange
// knows of them; what it does not know of are the client's waits within its own request.
base::Duration overhead(const chain::Exchange& ex, base::SteadyTime now) noexcept;

}  // namespace sluice::front

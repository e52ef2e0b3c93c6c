// SPDX-License-Identifier: Apache-2.0
// A composition whose parts are sent one by one: a line of JSON for each call, as soon as it has ended and
// whatever it is enriched with, and a last one. Each line is the same from one request to the next; only
// their order is that in which the services answer.
#pragma once
#include "gateway/chain/exchange.h"
#include "gateway/compose/plan.h"

namespace sluice::compose {

// Fills the exchange's response when its head may be sent: when all required calls have answered and there is
// a line to send. The calls that are left go on while the body is read.
base::Task<base::Result<void>> stream(const Plan& plan, chain::Exchange& ex);

}  // namespace sluice::compose

// SPDX-License-Identifier: Apache-2.0
// Answers that send a client to another URL before any route has its turn.
#pragma once
#include "gateway/chain/exchange.h"

namespace sluice::front {

// 308 to the same URL with https at the listener's https_port; 400 for a request that names no host.
void redirect_to_https(chain::Exchange& ex);
// 308 to the path with the other ending: with a slash, or without it.
void redirect_to_other_ending(chain::Exchange& ex);

}  // namespace sluice::front

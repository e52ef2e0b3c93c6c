// SPDX-License-Identifier: Apache-2.0
// The answer of listeners that send every client to TLS.
#pragma once
#include "gateway/chain/exchange.h"

namespace sluice::front {

// 308 to the same URL with https at the listener's https_port; 400 for a request that names no host.
void redirect_to_https(chain::Exchange& ex);

}  // namespace sluice::front

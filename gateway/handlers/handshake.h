// SPDX-License-Identifier: Apache-2.0
// The opening handshake of a WebSocket (RFC 6455 section 4.2), before it goes to a target: one that no server
// may accept is answered here, whatever the target would make of it. Other upgrades are their targets'
// affair.
#pragma once
#include "gateway/chain/exchange.h"

namespace sluice::handlers {

// False: it was refused, and the answer is there: 426 to a version that is not 13, 400 to what else is wrong.
// Of HTTP/2, which opens WebSockets without a key (RFC 8441 section 5), only a version that is named is
// looked at.
bool opens_rightly(chain::Exchange& ex);

}  // namespace sluice::handlers

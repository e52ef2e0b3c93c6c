// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/stream.h"

#include "gateway/net/listen.h"

namespace sluice::http {

net::Address ConnectionFacts::destination() const noexcept {
  if (proxy && proxy->destination.family() != AF_UNSPEC) return proxy->destination;
  return socket < 0 ? net::Address() : net::bound_to(socket);
}

}  // namespace sluice::http

// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/route.h"

#include <algorithm>

namespace sluice::routing {

// There are few listeners.
const std::shared_ptr<const Route>& Snapshot::route_by_listener(
    std::size_t index, const http::ConnectionFacts* connection) const noexcept {
  static const std::shared_ptr<const Route> none;
  if (!connection || !connection->listener) return routes[index];
  const std::string& name = connection->listener->name;
  for (const auto& own : of_listeners)
    if (own.listener == name) return own.routes[index];
  return std::ranges::find(plain_listeners, name) != plain_listeners.end() ? routes[index] : none;
}

}  // namespace sluice::routing

// SPDX-License-Identifier: Apache-2.0
// Route and Snapshot: everything that was built from one configuration and that a request is served by. Built
// whole on the control thread, then given to the workers, immutable from then on but for the counters that
// its parts point to. An exchange keeps the snapshot that it began with, a tunnel its route.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/chain/chain.h"
#include "gateway/chain/consumer.h"
#include "gateway/chain/error_pages.h"
#include "gateway/chain/identity_fields.h"
#include "gateway/http/stream.h"
#include "gateway/http/uri.h"
#include "gateway/observe/redaction.h"
#include "gateway/observe/route_metrics.h"
#include "gateway/routing/route_table.h"
#include "gateway/routing/underscores.h"
#include "gateway/upstream/importance.h"

namespace sluice::routing {

struct Route {
  std::string name;
  chain::Chain chain;
  std::shared_ptr<observe::RouteMetrics> metrics;
  std::shared_ptr<const chain::ErrorPages> error_pages = {};       // with the defaults; null: there are none
  upstream::Importance importance = upstream::Importance::normal;  // before its filters say otherwise
  http::PathOptions allows = {};  // separators that may stand encoded in its paths
};

// The routes as the connections of one listener have them: with the filters of that listener before the
// others.
struct ListenerRoutes {
  std::string listener;
  std::vector<std::shared_ptr<const Route>> routes;  // by the table's indices
};

struct Snapshot {
  std::string hash;  // of the configuration, hexadecimal
  RouteTable table;
  // By the table's indices. Shared, so that what goes on for hours keeps its route and nothing else.
  std::vector<std::shared_ptr<const Route>> routes;
  // Has a listener filters of its own, now or in a configuration before this one?
  bool by_listener = false;
  std::vector<ListenerRoutes> of_listeners;               // those that have some
  std::vector<std::string> plain_listeners;               // the others
  std::unique_ptr<const chain::ConsumerTable> consumers;  // null: none are listed
  chain::IdentityFields identity_fields;
  // In which filters read credentials, if any does: their values are for no log, whichever filter was asked.
  std::optional<observe::QueryRedaction> credential_parameters;
  bool merge_slashes = false;                   // in the paths of all requests, before a route is looked up
  Underscores underscores = Underscores::keep;  // in names of header fields, before a route is looked up
  std::shared_ptr<const chain::ErrorPages> error_pages;  // of what no route answers; null: there are none

  // The route that takes a request of that connection, by the table's index. Null if its listener is none of
  // this configuration any more, so that nobody knows by which filters its requests were to pass.
  const std::shared_ptr<const Route>& route(std::size_t index,
                                            const http::ConnectionFacts* connection) const noexcept {
    if (by_listener) [[unlikely]]
      return route_by_listener(index, connection);
    return routes[index];
  }

 private:
  const std::shared_ptr<const Route>& route_by_listener(
      std::size_t index, const http::ConnectionFacts* connection) const noexcept;
};

}  // namespace sluice::routing

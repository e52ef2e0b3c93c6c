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
#include "gateway/http/uri.h"
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

struct Snapshot {
  std::string hash;  // of the configuration, hexadecimal
  RouteTable table;
  // By the table's indices. Shared, so that what goes on for hours keeps its route and nothing else.
  std::vector<std::shared_ptr<const Route>> routes;
  std::unique_ptr<const chain::ConsumerTable> consumers;  // null: none are listed
  chain::IdentityFields identity_fields;
  bool merge_slashes = false;                   // in the paths of all requests, before a route is looked up
  Underscores underscores = Underscores::keep;  // in names of header fields, before a route is looked up
  std::shared_ptr<const chain::ErrorPages> error_pages;  // of what no route answers; null: there are none
};

}  // namespace sluice::routing

// SPDX-License-Identifier: Apache-2.0
// build_snapshot: from what was written to what serves: filters, handlers, upstreams and the route table.
// Runs on the control thread, or alone for `sluice check`; touches no worker. All problems become
// diagnostics.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "gateway/chain/revocations.h"
#include "gateway/config/report.h"
#include "gateway/observe/metrics.h"
#include "gateway/routing/route.h"
#include "gateway/server/endpoint_files.h"
#include "gateway/server/key_sources.h"
#include "gateway/server/list_files.h"
#include "gateway/server/loaded.h"
#include "gateway/server/upstream_tls.h"
#include "gateway/stores/stores.h"
#include "gateway/upstream/target_table.h"
#include "gateway/upstream/upstream.h"

namespace sluice::server {

// What outlives snapshots, and is found again by name.
struct Living {
  observe::MetricsRegistry& metrics;
  upstream::TargetTable& targets;
  stores::Stores& stores;
  ListFiles& lists;
  EndpointFiles& endpoints;
  net::CryptoThreads* threads = nullptr;  // null where nothing is dialled
  // For what filters compute, so that a flood of passwords holds up no handshake. Null as above.
  net::CryptoThreads* filter_threads = nullptr;
  const chain::Revocations* revocations = nullptr;
  KeySources* keys = nullptr;  // of issuers; null as above
  bool by_listener = false;    // as in the snapshot in force
};

// What the control thread wants to know of a snapshot beside what requests need.
struct BuiltSnapshot : routing::Snapshot {
  std::vector<std::shared_ptr<upstream::Upstream>> upstreams;  // those that a route uses
  std::vector<bool> lacks_auth;  // by route: can its requests be those of callers of whom nothing is known?
  std::vector<observe::ScrapeRegistration> gauges;
  std::vector<TlsOrigin> tls;  // those with files that may be renewed; for whoever watches them
};

// For the page of upstreams and the metrics alike. May take a lock.
upstream::ServiceState state_of(const upstream::Upstream::Shown& shown);

// Where the configuration wants state to be kept; "" for nowhere.
std::string state_directory_of(const Config& config, const config::Report& report);

// Null, with errors in loaded.diagnostics, when it cannot be built. `loaded` need not outlive the snapshot.
std::shared_ptr<BuiltSnapshot> build_snapshot(Loaded& loaded, Living living);

// Another snapshot with the consumers of `loaded`, which says the same as the configuration of `current` in
// all else; everything but the consumers is shared, and the gauges go over. Null, with errors in
// loaded.diagnostics and nothing changed, when that cannot be.
std::shared_ptr<BuiltSnapshot> renew_consumers(Loaded& loaded, BuiltSnapshot& current);

}  // namespace sluice::server

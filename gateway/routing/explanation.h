// SPDX-License-Identifier: Apache-2.0
// Puts into words what a search saw: why each entry lost, or what was perhaps meant when none fits. Cold;
// used by RouteTable::find when it has a trace.
#pragma once
#include <span>

#include "gateway/routing/search.h"
#include "gateway/routing/trace.h"

namespace sluice::routing {

// `winner` may be null.
void explain(const TableParts& parts, const Arrival& arrival, std::span<const Seen> seen, const Entry* winner,
             Trace& trace);

// "*.example.com", "any host", of the root of a host's paths.
std::string host_text(const TableParts& parts, NodeId root);

}  // namespace sluice::routing

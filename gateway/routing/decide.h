// SPDX-License-Identifier: Apache-2.0
// decide: what is to be done with a request. Pure: no I/O, no clock, no allocation; the data plane, `sluice
// explain` and every other tool call it, so that they cannot disagree.
#pragma once
#include "gateway/routing/route.h"

namespace sluice::routing {

struct Plan {
  Lookup lookup;
  const Route* route = nullptr;  // of lookup.outcome matched
};

inline Plan decide(const Arrival& arrival, const Snapshot& snapshot, Trace* trace = nullptr) {
  Plan plan{snapshot.table.find(arrival, trace), nullptr};
  if (plan.lookup.outcome == Lookup::Outcome::matched) plan.route = snapshot.routes[plan.lookup.route].get();
  return plan;
}

}  // namespace sluice::routing

// SPDX-License-Identifier: Apache-2.0
// decide: what is to be done with a request. Pure: no I/O, no clock, no allocation; the data plane, `sluice
// explain` and every other tool call it, so that they cannot disagree.
#pragma once
#include <optional>

#include "gateway/http/origin.h"
#include "gateway/http/separators.h"
#include "gateway/routing/route.h"

namespace sluice::routing {

struct Plan {
  Lookup lookup;
  // Of lookup.outcome matched; null nevertheless if the connection's listener is gone (Snapshot::route).
  const Route* route = nullptr;
  bool preflight = false;  // Chain::answer_preflight() is to answer
  // Not empty: the answer is 400, and this says why; no route has the request then. `lookup` is that of a
  // route that does not allow it, or of none.
  std::string_view refused = {};
};

// A preflight belongs to the route of the request that it announces, although that is of another method: if
// that route has a filter that answers preflights. nullopt: it is an OPTIONS request like any other.
std::optional<Plan> decide_preflight(const Arrival& arrival, const Snapshot& snapshot, Trace* trace);

// Of a path that holds encoded separators. Each route that the path may be for, as it stands and as others
// read it, must allow them; else the plan becomes one that refuses it.
void judge_separators(const Arrival& arrival, const Snapshot& snapshot, Plan& plan);

inline Plan choose(const Arrival& arrival, const Snapshot& snapshot, Trace* trace) {
  if (http::is_preflight(arrival.head)) [[unlikely]]
    if (auto announced = decide_preflight(arrival, snapshot, trace)) return *announced;
  Plan plan{snapshot.table.find(arrival, trace), nullptr};
  if (plan.lookup.outcome == Lookup::Outcome::matched)
    plan.route = snapshot.route(plan.lookup.route, arrival.connection).get();
  return plan;
}

inline Plan decide(const Arrival& arrival, const Snapshot& snapshot, Trace* trace = nullptr) {
  Plan plan = choose(arrival, snapshot, trace);
  if (http::has_encoded_separator(arrival.head.path)) [[unlikely]]
    judge_separators(arrival, snapshot, plan);
  if (snapshot.underscores == Underscores::refuse && has_underscores(arrival.head.fields)) [[unlikely]]
    plan = {
        .lookup = {}, .route = nullptr, .preflight = false, .refused = "a header name with an underscore"};
  return plan;
}

}  // namespace sluice::routing

// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/decide.h"

#include "gateway/routing/trace.h"

namespace sluice::routing {

std::optional<Plan> decide_preflight(const Arrival& arrival, const Snapshot& snapshot, Trace* trace) {
  http::RequestHead announced = arrival.head;  // views, and the same lines
  announced.method_text = arrival.head.fields.find(http::kRequestMethod)->value;
  announced.method = http::method(announced.method_text);
  Plan plan{snapshot.table.find({announced, arrival.connection}, trace), nullptr, true};
  if (plan.lookup.outcome == Lookup::Outcome::matched) {
    plan.route = snapshot.route(plan.lookup.route, arrival.connection).get();
    if (plan.route && plan.route->chain.answers_preflights()) return plan;
  }
  if (trace) *trace = {};
  return std::nullopt;
}

}  // namespace sluice::routing

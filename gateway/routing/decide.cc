// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/decide.h"

#include "gateway/routing/slashes.h"
#include "gateway/routing/trace.h"

namespace sluice::routing {
namespace {

http::RequestHead announced_by(const http::RequestHead& preflight) {
  http::RequestHead announced = preflight;  // views, and the same lines
  announced.method_text = preflight.fields.find(http::kRequestMethod)->value;
  announced.method = http::method(announced.method_text);
  return announced;
}

void refuse(Plan& plan, const Lookup& lookup, const http::PathOptions& found) {
  plan.lookup = lookup;
  plan.route = nullptr;
  plan.refused = found.encoded_slash ? "an encoded slash in the path" : "an encoded backslash in the path";
}

}  // namespace

std::optional<Plan> decide_preflight(const Arrival& arrival, const Snapshot& snapshot, Trace* trace) {
  http::RequestHead announced = announced_by(arrival.head);
  Plan plan{snapshot.table.find({announced, arrival.connection}, trace), nullptr, true};
  if (plan.lookup.outcome == Lookup::Outcome::matched) {
    plan.route = snapshot.route(plan.lookup.route, arrival.connection).get();
    if (plan.route && plan.route->chain.answers_preflights()) return plan;
  }
  if (trace) *trace = {};
  return std::nullopt;
}

// Whoever takes %2F for a slash must not find the path below a route that does not expect it: its filters
// would not have been asked.
void judge_separators(const Arrival& arrival, const Snapshot& snapshot, Plan& plan) {
  http::RequestHead head = plan.preflight ? announced_by(arrival.head) : arrival.head;
  const http::PathOptions found = http::separators_in(head.path);
  auto allows = [&](const Lookup& lookup) { return covers(snapshot.routes[lookup.route]->allows, found); };
  if (plan.lookup.outcome == Lookup::Outcome::no_route || !allows(plan.lookup))
    return refuse(plan, plan.lookup, found);
  constexpr http::PathOptions kReadings[] = {{true, false}, {false, true}, {true, true}};
  auto& arena = head.fields.arena();
  for (const auto& reading : kReadings) {
    if (!covers(found, reading)) continue;
    head.path = http::as_read(arrival.head.path, reading, arena);
    if (snapshot.merge_slashes) head.path = with_merged_slashes(head.path, arena);
    Lookup lookup = snapshot.table.find({head, arrival.connection});
    if (lookup.outcome != Lookup::Outcome::no_route && !allows(lookup)) return refuse(plan, lookup, found);
  }
}

}  // namespace sluice::routing

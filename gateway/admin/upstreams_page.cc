// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/upstreams_page.h"

#include <fmt/format.h>

#include "gateway/admin/json.h"

namespace sluice::admin {
namespace {

std::string state(bool healthy) { return healthy ? "\"healthy\"" : "\"unhealthy\""; }

// The newest first: it is what somebody looks for.
std::string changes(const std::deque<upstream::HealthChange>& all) {
  std::string out;
  for (auto it = all.rbegin(); it != all.rend(); ++it)
    out += fmt::format("{}{{\"at\":{},\"state\":{},\"cause\":{}}}", out.empty() ? "" : ",",
                       json_time(it->when), state(it->healthy), json_text(it->cause));
  return "[" + out + "]";
}

}  // namespace

std::string target_json(const TargetReport& t) {
  const auto* last = t.health.last();
  bool out = t.ejection.out() && t.health.healthy();
  return fmt::format(
      "{{\"target\":{},\"state\":{},\"why\":{},\"weight\":{},\"weight_written\":{},\"drained\":{},\"active\":"
      "{},"
      "\"connections\":{},\"check\":{},\"since\":{},\"last_check\":{},\"changes\":{}{}}}",
      json_text(t.target),
      t.draining  ? "\"draining\""
      : t.drained ? "\"drained\""
      : out       ? "\"ejected\""
                  : state(t.usable),
      t.usable ? "null" : json_text(t.why_not), t.weight, t.weight_written, t.drained, t.active,
      t.connections, t.check.empty() ? "null" : json_text(t.check), json_time(t.health.since()),
      last ? json_text(last->cause) : "null", changes(t.health.changes()),
      t.ejection.times() ? fmt::format(",\"ejections\":{}", t.ejection.times()) : "");
}

std::string upstreams_page(const std::vector<UpstreamReport>& upstreams) {
  std::string out;
  for (const auto& u : upstreams) {
    std::string targets;
    for (const auto& t : u.targets) targets += (targets.empty() ? "\n   " : ",\n   ") + target_json(t);
    out += fmt::format("{}{{\"upstream\":{},\"targets\":[{}]}}", out.empty() ? "\n  " : ",\n  ",
                       json_text(u.name), targets);
  }
  return "{\"upstreams\":[" + out + "]}\n";
}

}  // namespace sluice::admin

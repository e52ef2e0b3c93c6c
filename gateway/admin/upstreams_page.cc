// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/upstreams_page.h"

#include <fmt/format.h>

#include "gateway/admin/json.h"

namespace sluice::admin {
namespace {

std::string state(bool healthy) { return healthy ? "\"healthy\"" : "\"unhealthy\""; }

// The newest first: it is what somebody looks for.
std::string changes(const std::deque<upstream::TargetChange>& all) {
  std::string out;
  for (auto it = all.rbegin(); it != all.rend(); ++it)
    out += fmt::format("{}{{\"at\":{},\"state\":\"{}\",\"cause\":{}}}", out.empty() ? "" : ",",
                       json_time(it->when), upstream::name(it->state), json_text(it->cause));
  return "[" + out + "]";
}

// "limit 84, in flight 61, because latency is 2.1 times its floor"
std::string told(const upstream::Protection::Concurrency& c) {
  std::string out = c.limit ? fmt::format("limit {}, ", *c.limit) : std::string("no limit, ");
  out += fmt::format("in flight {}, ", c.in_flight);
  if (c.floor <= 0) return out + "because its latency is not known yet";
  return out + fmt::format("because latency is {:.1f} times its floor", c.latency / c.floor);
}

std::string concurrency(const upstream::Protection::Concurrency& c) {
  return fmt::format(
      ",\"concurrency\":{{\"limit\":{},\"in_flight\":{},\"latency_ms\":{:.3f},\"floor_ms\":{:.3f},\"why\":{}}"
      "}",
      c.limit ? std::to_string(*c.limit) : "null", c.in_flight, c.latency / 1000, c.floor / 1000,
      json_text(told(c)));
}

std::string_view name(upstream::Circuit::State state) {
  using State = upstream::Circuit::State;
  return state == State::closed ? "closed" : state == State::open ? "open" : "half-open";
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
      last ? json_text(last->cause) : "null", changes(t.changes),
      t.ejection.times() ? fmt::format(",\"ejections\":{}", t.ejection.times()) : "");
}

std::string upstreams_page(const std::vector<UpstreamReport>& upstreams) {
  std::string out;
  for (const auto& u : upstreams) {
    std::string targets;
    for (const auto& t : u.targets) targets += (targets.empty() ? "\n   " : ",\n   ") + target_json(t);
    out += fmt::format("{}{{\"upstream\":{},\"targets\":[{}]", out.empty() ? "\n  " : ",\n  ",
                       json_text(u.name), targets);
    if (u.circuit) out += fmt::format(",\"circuit\":\"{}\"", name(*u.circuit));
    if (u.waiting) out += fmt::format(",\"waiting\":{}", *u.waiting);
    if (u.concurrency) out += concurrency(*u.concurrency);
    out += "}";
  }
  return "{\"upstreams\":[" + out + "]}\n";
}

}  // namespace sluice::admin

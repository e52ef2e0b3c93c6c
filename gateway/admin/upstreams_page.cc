// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/upstreams_page.h"

#include <fmt/format.h>

#include "gateway/admin/json.h"
#include "gateway/admin/query.h"
#include "gateway/base/strings.h"
#include "gateway/config/diagnostic.h"

namespace sluice::admin {
namespace {

// The newest first: it is what somebody looks for.
std::string changes(const std::deque<upstream::TargetChange>& all) {
  std::string out;
  for (auto it = all.rbegin(); it != all.rend(); ++it)
    out += fmt::format("{}{{\"at\":{},\"from\":\"{}\",\"state\":\"{}\",\"cause\":{}}}",
                       out.empty() ? "" : ",", json_time(it->when), upstream::name(it->from),
                       upstream::name(it->state), json_text(it->cause));
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

std::string labels(const upstream::TargetLabels& l) {
  std::string out = l.zone.empty() ? "" : ",\"zone\":" + json_text(l.zone);
  std::string pairs;
  for (const auto& [key, value] : l.metadata)
    pairs += fmt::format("{}{}:{}", pairs.empty() ? "" : ",", json_text(key), json_text(value));
  return pairs.empty() ? out : out + ",\"metadata\":{" + pairs + "}";
}

std::string pools(const upstream::PoolCount& p) {
  std::string out;
  if (p.h1.idle || p.h1.active)
    out += fmt::format("\"h1\":{{\"idle\":{},\"active\":{}}}", p.h1.idle, p.h1.active);
  if (p.h2.idle || p.h2.active)
    out += fmt::format("{}\"h2\":{{\"idle\":{},\"active\":{},\"streams\":{}}}", out.empty() ? "" : ",",
                       p.h2.idle, p.h2.active, p.streams);
  return "{" + out + "}";
}

std::string source(const UpstreamReport& u) {
  if (u.from == TargetsFrom::configuration) return "\"configuration\"";
  if (u.from == TargetsFrom::endpoints_file) return "\"endpoints_file\"";
  return fmt::format("\"admin\",\"persisted\":{}{}", u.persisted,
                     u.others_persisted ? ",\"others_persisted\":true" : "");
}

std::string_view name(upstream::Circuit::State state) {
  using State = upstream::Circuit::State;
  return state == State::closed ? "closed" : state == State::open ? "open" : "half-open";
}

bool read_flag(std::string_view value, bool& out) {
  out = value == "true";
  return out || value == "false";
}

}  // namespace

UpstreamsAsked upstreams_asked(std::string_view query) {
  UpstreamsAsked out;
  each_decoded(query, [&](const std::string& name, const std::string& value) {
    if (!out.fault.empty()) return;
    if (name == "upstream") {
      out.upstream = value;
    } else if (name == "as") {
      out.as_text = value == "text";
      if (value != "text" && value != "json") out.fault = "`as` is json or text.";
    } else if (name == "why") {
      if (!read_flag(value, out.why)) out.fault = "`why` is true or false.";
    } else {
      out.fault = "There is no parameter `" + name + "`; those known are upstream, as and why.";
    }
  });
  if (out.fault.empty() && out.why && !out.as_text)
    out.fault = "`why` is for `as=text`; JSON always tells why.";
  return out;
}

std::string keep_asked(const UpstreamsAsked& asked, UpstreamsReport& report) {
  if (asked.upstream.empty()) return {};
  std::vector<std::string_view> known;
  for (const auto& u : report.upstreams) known.push_back(u.name);
  auto hint = config::did_you_mean(base::nearest(asked.upstream, known));
  bool found =
      std::erase_if(report.upstreams, [&](const auto& u) { return u.name != asked.upstream; }) < known.size();
  if (found) return {};
  return fmt::format("No upstream `{}` is in use{}", asked.upstream, hint.empty() ? "." : "; " + hint);
}

std::string target_json(const TargetReport& t) {
  const auto* last = t.health.last();
  return fmt::format(
      "{{\"target\":{},\"state\":{},\"why\":{},\"weight\":{},\"weight_written\":{},\"drained\":{},\"active\":"
      "{},"
      "\"connections\":{},\"pools\":{},\"check\":{},\"since\":{},\"last_check\":{},\"changes\":{}{}{}{}}}",
      json_text(t.target), json_text(upstream::name(t.state)),
      t.state == upstream::ServiceState::healthy ? "null" : json_text(t.why_not), t.weight, t.weight_written,
      t.drained, t.active, t.connections, pools(t.pools), t.check.empty() ? "null" : json_text(t.check),
      json_time(t.health.since()), last ? json_text(last->cause) : "null", changes(t.changes),
      t.ejection.times() ? fmt::format(",\"ejections\":{}", t.ejection.times()) : "",
      t.disagreement.empty()
          ? ""
          : fmt::format(",\"probe_disagrees\":true,\"disagreement\":{}", json_text(t.disagreement)),
      t.labels ? labels(*t.labels) : "");
}

std::string upstreams_page(const std::vector<UpstreamReport>& upstreams, std::size_t silent) {
  std::string out;
  for (const auto& u : upstreams) {
    std::string targets;
    for (const auto& t : u.targets) targets += (targets.empty() ? "\n   " : ",\n   ") + target_json(t);
    out += fmt::format("{}{{\"upstream\":{},\"source\":{},\"targets\":[{}]", out.empty() ? "\n  " : ",\n  ",
                       json_text(u.name), source(u), targets);
    if (u.circuit) out += fmt::format(",\"circuit\":\"{}\"", name(*u.circuit));
    if (u.waiting) out += fmt::format(",\"waiting\":{}", *u.waiting);
    if (u.concurrency) out += concurrency(*u.concurrency);
    out += "}";
  }
  auto rest = silent == 0 ? std::string() : fmt::format(",\"silent_workers\":{}", silent);
  return "{\"upstreams\":[" + out + "]" + rest + "}\n";
}

}  // namespace sluice::admin

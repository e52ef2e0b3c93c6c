// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/reports.h"

#include <algorithm>
#include <utility>

#include "gateway/config/bind.h"
#include "gateway/config/walk.h"
#include "gateway/config/write.h"
#include "gateway/handlers/branch.h"
#include "gateway/handlers/split.h"

namespace sluice::server {
namespace {

using config::path;

std::string from(const config::Document& document, std::string_view at) {
  return document.sources().text(document.place(at));
}

admin::RouteReport::Filter filter(const InForce& f, const UseConfig& use, const std::string& at) {
  if (use.policy.empty()) return {std::string(use.filter.name()), "", from(f.document, at)};
  const auto* policy = f.config.policies.find(use.policy);
  return {policy ? std::string(policy->filter.name()) : "", use.policy, from(f.document, at)};
}

void add_forwarding(const InForce& f, std::size_t index, const handlers::Forward& forward,
                    std::vector<admin::ForwardReport>& reports) {
  const auto& upstream = forward.upstream();
  // Two arms that lead to one upstream say the same of it.
  if (std::ranges::find(reports, upstream.name(), &admin::ForwardReport::upstream) != reports.end()) return;
  const auto& t = forward.timeouts();
  auto& out = reports.emplace_back(admin::ForwardReport{upstream.name(), upstream.retry().attempts, t, {}});
  const std::pair<const char*, base::Duration> all[] = {{"connect", t.connect}, {"first_byte", t.first_byte},
                                                        {"idle", t.idle},       {"total", t.total},
                                                        {"tunnel", t.tunnel},   {"attempt", t.attempt}};
  for (const auto& [name, value] : all)
    out.timeouts.push_back({name, value, timeout_from(f.config, f.document, index, upstream.name(), name)});
}

// Those of its arms, where a handler chooses among others.
void add_forwards(const InForce& f, std::size_t index, const chain::Handler& handler,
                  std::vector<admin::ForwardReport>& out) {
  if (const auto* forward = dynamic_cast<const handlers::Forward*>(&handler))
    add_forwarding(f, index, *forward, out);
  if (const auto* split = dynamic_cast<const handlers::Split*>(&handler))
    for (const auto& arm : split->arms()) add_forwarding(f, index, *arm.forward, out);
  if (const auto* branch = dynamic_cast<const handlers::Branch*>(&handler))
    for (const auto& arm : branch->arms()) add_forwards(f, index, *arm.handler, out);
}

admin::RouteReport report_route(const InForce& f, std::size_t index) {
  const RouteConfig& written = f.config.routes[index];
  admin::RouteReport out;
  out.name = written.name;
  out.from = from(f.document, path("routes", index));
  const auto* match = f.document.find(path("routes", index, "match"));
  for (std::size_t i = 0; i < written.match.size(); ++i)
    out.match.push_back(config::json_form_of(written.match[i], f.document, config::node_of(match, i)).text);
  for (const auto& [name, listener] : f.config.listeners)
    for (std::size_t i = 0; i < listener.use.size(); ++i) {
      out.filters.push_back(filter(f, listener.use[i], path("listeners", name, "use", i)));
      out.filters.back().listener = name;
    }
  for (std::size_t i = 0; i < f.config.use.size(); ++i)
    out.filters.push_back(filter(f, f.config.use[i], path("use", i)));
  for (std::size_t i = 0; i < written.use.size(); ++i)
    out.filters.push_back(filter(f, written.use[i], path("routes", index, "use", i)));
  out.handler = written.handler.name();
  out.handler_from = from(f.document, path("routes", index, written.handler.name()));
  add_forwards(f, index, f.snapshot.routes[index]->chain.handler(), out.forwards);
  return out;
}

}  // namespace

std::string timeout_from(const Config& config, const config::Document& document, std::size_t route,
                         std::string_view upstream, std::string_view timeout) {
  std::vector<std::string> places = {path("routes", route, "timeouts", timeout),
                                     path("upstreams", upstream, "timeouts", timeout),
                                     path("defaults", "timeouts", timeout)};
  if (timeout == "total" && config.routes[route].timeout)
    places.insert(places.begin(), path("routes", route, "timeout"));
  for (const auto& at : places)
    if (config::origin<Config>(document, at)) return from(document, at);
  return "default";
}

std::vector<admin::RouteReport> report_routes(const InForce& f, std::string_view name) {
  std::vector<admin::RouteReport> out;
  for (std::size_t i = 0; i < f.config.routes.size(); ++i)
    if (name.empty() || f.config.routes[i].name == name) out.push_back(report_route(f, i));
  return out;
}

admin::TargetReport report_target(const upstream::Upstream& upstream,
                                  const upstream::Upstream::Shown& shown) {
  const auto* checks = upstream.checks().get();
  admin::TargetReport out;
  out.target = shown.text;
  out.state = state_of(shown);
  out.weight_written = out.weight = shown.weight;
  out.why_not = shown.why;
  out.labels = shown.labels;
  if (checks) out.check = upstream::name(checks->health.type);
  if (!shown.target) return out;
  const auto& t = *shown.target;
  if (!t.usable()) out.why_not = t.why_unusable().detail;
  out.drained = t.drained();
  out.weight = t.weight().value_or(out.weight_written);
  out.active = t.active();
  out.connections = t.connections();
  out.health = t.health();
  out.ejection = t.ejection();
  out.changes = t.changes();
  out.disagreement = t.disagreement();
  return out;
}

std::vector<admin::UpstreamReport> report_upstreams(const Config& config, const BuiltSnapshot& snapshot,
                                                    std::vector<std::shared_ptr<upstream::Target>>& targets) {
  std::vector<admin::UpstreamReport> out;
  for (const auto& u : snapshot.upstreams) {
    auto& report = out.emplace_back(admin::UpstreamReport{
        u->name(), {}, u->protection().concurrency(), u->protection().circuit(), u->protection().waiting()});
    const auto* written = config.upstreams.find(u->name());
    if (written && !written->endpoints_file.empty()) report.from = admin::TargetsFrom::endpoints_file;
    for (auto& shown : u->shown()) {
      report.targets.push_back(report_target(*u, shown));
      targets.push_back(std::move(shown.target));
    }
  }
  return out;
}

admin::ConfigReport report_config(const InForce& f) {
  admin::ConfigReport out;
  out.hash = f.snapshot.hash;
  out.files = f.document.files();
  auto form = config::json_form(f.config, &f.document, 1);
  out.config = std::move(form.text);
  out.origins = std::move(form.origins);
  out.yaml = config::long_form(f.config, &f.document);
  return out;
}

}  // namespace sluice::server

// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/snapshot_builder.h"

#include <map>

#include "gateway/chain/registry.h"
#include "gateway/config/report.h"
#include "gateway/routing/table_builder.h"

namespace sluice::server {
namespace {

using config::path;

class RouteBuilder final : public chain::Builder {
 public:
  RouteBuilder(const Config& config, const config::Report& report, Living living, BuiltSnapshot& out)
      : config_(config), report_(report), living_(living), out_(out) {}

  void build(std::size_t index) {
    const RouteConfig& route = config_.routes[index];
    route_path_ = path("routes", index);
    timeouts_ = route.all_timeouts();
    std::vector<chain::Link> links;
    for (std::size_t i = 0; i < config_.use.size(); ++i) link(config_.use[i], path("use", i), links);
    for (std::size_t i = 0; i < route.use.size(); ++i) link(route.use[i], path(route_path_, "use", i), links);
    at_ = path(route_path_, route.handler.name());
    auto handler = route.handler ? chain::handler_factory(route.handler.name()).make(route.handler.value().get(), *this)
                                 : nullptr;
    out_.routes.push_back({route.name, chain::Chain(std::move(links), std::move(handler)),
                           living_.metrics.route(route.name)});
  }

  std::shared_ptr<upstream::Upstream> upstream(std::string_view name) override {
    auto known = upstreams_.find(name);
    if (known != upstreams_.end()) return known->second;
    const auto* written = config_.upstreams.find(name);
    if (!written) return nullptr;  // the binder has complained
    auto made = std::make_shared<upstream::Upstream>(std::string(name), *written, config_.defaults, living_.targets);
    made->count_with(living_.metrics.upstream(name));
    upstreams_.emplace(name, made);
    out_.upstreams.push_back(made);
    return made;
  }
  const upstream::TimeoutsConfig& timeouts() const override { return timeouts_; }
  void error(std::string_view field, std::string message, std::string hint) override {
    report_.error(below(field), std::move(message), std::move(hint));
  }
  void warning(std::string_view field, std::string message, std::string hint) override {
    report_.warning(below(field), std::move(message), std::move(hint));
  }

 private:
  void link(const UseConfig& use, const std::string& at, std::vector<chain::Link>& links) {
    const config::Choice* filter = &use.filter;
    std::string name(use.filter.name());
    at_ = path(at, name);
    if (!use.policy.empty()) {
      const auto* policy = config_.policies.find(use.policy);
      if (!policy) return;  // the binder has complained
      filter = &policy->filter;
      name = use.policy;
      at_ = path("policies", use.policy, filter->name());
    }
    if (!*filter) return;
    const auto& factory = chain::filter_factory(filter->name());
    links.push_back({factory.make(filter->value().get(), *this), factory.hooks, name});
  }
  std::string below(std::string_view field) const { return field.empty() ? at_ : at_ + "." + std::string(field); }

  const Config& config_;
  const config::Report& report_;
  Living living_;
  BuiltSnapshot& out_;
  std::string route_path_, at_;
  upstream::TimeoutsConfig timeouts_;
  std::map<std::string, std::shared_ptr<upstream::Upstream>, std::less<>> upstreams_;
};

void build_routes_table(const Config& config, const config::Report& report, BuiltSnapshot& out) {
  std::vector<routing::RouteMatches> routes;
  routes.reserve(config.routes.size());
  for (const auto& route : config.routes) {
    routing::RouteMatches matches{route.name, route.priority, {}};
    for (const auto& match : route.match) matches.matches.push_back(match.match());
    routes.push_back(std::move(matches));
  }
  auto built = routing::build_table(
      routes, config.on_tie == OnTie::first ? routing::OnTie::first : routing::OnTie::error);
  for (const auto& finding : built.findings) {
    auto at = path("routes", finding.route, "match");
    std::string hint = finding.witness.empty() ? "" : "for example " + finding.witness;
    if (finding.other_route != finding.route)
      hint += (hint.empty() ? "" : "; ") + std::string("the other one is at ") +
              report.where(path("routes", finding.other_route, "match"));
    if (finding.severity == routing::Finding::Severity::error) {
      report.error(at, finding.text, hint);
    } else {
      report.warning(at, finding.text, hint);
    }
  }
  out.table = std::move(built.table);
}

std::vector<observe::TargetReport> report_targets(const upstream::Upstream& upstream) {
  std::vector<observe::TargetReport> out;
  for (const auto& t : upstream.targets())
    out.push_back({t->text(), t->usable() ? observe::TargetState::healthy : observe::TargetState::unhealthy});
  return out;
}

}  // namespace

std::shared_ptr<BuiltSnapshot> build_snapshot(Loaded& loaded, Living living) {
  const Config& config = loaded.config;
  config::Report report(loaded.document, loaded.diagnostics);
  auto out = std::make_shared<BuiltSnapshot>();
  out->hash = loaded.hash;
  build_routes_table(config, report, *out);
  out->routes.reserve(config.routes.size());
  RouteBuilder builder(config, report, living, *out);
  for (std::size_t i = 0; i < config.routes.size(); ++i) builder.build(i);
  if (loaded.diagnostics.has_errors()) return nullptr;
  for (const auto& upstream : out->upstreams) {
    auto gauges = living.metrics.targets_at_scrape(upstream->name(), [weak = std::weak_ptr(upstream)] {
      auto u = weak.lock();
      return u ? report_targets(*u) : std::vector<observe::TargetReport>{};
    });
    std::move(gauges.begin(), gauges.end(), std::back_inserter(out->gauges));
  }
  return out;
}

}  // namespace sluice::server

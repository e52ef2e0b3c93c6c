// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/snapshot_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "gateway/base/strings.h"
#include "gateway/chain/authenticator.h"
#include "gateway/chain/compositions.h"
#include "gateway/chain/order.h"
#include "gateway/chain/registry.h"
#include "gateway/config/report.h"
#include "gateway/config/substitute.h"
#include "gateway/routing/exposure.h"
#include "gateway/routing/table_builder.h"
#include "gateway/server/confined_identity.h"
#include "gateway/server/kept_identity.h"
#include "gateway/server/tls_builder.h"
#include "gateway/server/unreachable.h"

namespace sluice::server {
namespace {

using config::path;

class RouteBuilder final : public chain::Builder, public chain::Compositions {
 public:
  RouteBuilder(const Config& config, std::span<const routing::RouteMatches> matches,
               const config::Report& report, Living living, BuiltSnapshot& out)
      : config_(config),
        matches_(matches),
        report_(report),
        living_(living),
        out_(out),
        tls_(living.threads),
        confined_identity_(report),
        compositions_(config.routes.size()) {}

  void build(std::size_t index) {
    const RouteConfig& written = config_.routes[index];
    facts_ = facts_of(index);
    timeouts_ = written.all_timeouts();
    bool plainly = reached_without_filters_of_listeners(written);
    auto links = links_of(index, {}, plainly);
    being_built_ = {path("routes", index, written.handler.name()), {}, {}, {}};
    auto handler = composes(written) ? composed(index) : chain::make_handler(written.handler, *this);
    auto metrics = living_.metrics.route(written.name);
    metrics->expect(http::Method::get, 200,
                    answer_from(written) == chain::AnswerFrom::upstream ? observe::Source::upstream
                                                                        : observe::Source::gateway);
    auto pages = error_pages(path("routes", index, "error_pages"), written.error_pages, facts_.captures);
    bool lacks_auth = plainly && std::ranges::none_of(links, identifies);
    auto add = [&](auto& routes, std::vector<chain::Link> links_before) {
      routes.push_back(std::make_shared<const routing::Route>(
          routing::Route{written.name, chain::Chain(std::move(links_before), handler), metrics, pages,
                         written.importance.value_or(config_.defaults.importance), written.allows()}));
    };
    add(out_.routes, std::move(links));
    for (auto& own : out_.of_listeners) {
      bool by_it = reached_by(own.listener, written);
      auto with_its = links_of(index, own.listener, by_it);
      lacks_auth |= by_it && std::ranges::none_of(with_its, identifies);
      add(own.routes, std::move(with_its));
    }
    out_.lacks_auth.push_back(lacks_auth);
  }

  // First of all: which listeners have filters of their own?
  void sort_listeners() {
    for (const auto& [name, listener] : config_.listeners) {
      if (listener.use.empty()) {
        out_.plain_listeners.push_back(name);
      } else {
        out_.of_listeners.push_back({name, {}});
      }
    }
    out_.by_listener = living_.by_listener || !out_.of_listeners.empty();
  }

  // First of all, as those of the routes go over it.
  void build_default_pages() {
    out_.error_pages = error_pages(path("defaults", "error_pages"), config_.defaults.error_pages, {});
  }

  const chain::RouteFacts& route() const override { return facts_; }
  std::shared_ptr<upstream::Upstream> upstream(std::string_view name) override {
    auto known = upstreams_.find(name);
    if (known != upstreams_.end()) return known->second;
    const auto* written = config_.upstreams.find(name);
    if (!written) return nullptr;  // the binder has complained
    auto made =
        std::make_shared<upstream::Upstream>(std::string(name), *written, config_.defaults, living_.targets);
    made->count_with(living_.metrics.upstream(name));
    if (made->checks()) made->metrics()->expect_health_checks();
    bool uses_tls = written->uses_tls() || draw_from_file(*written, *made);
    if (uses_tls)
      made->speak_tls(target_tls(
          path("upstreams", std::string(name), "tls"),
          {.owner = "upstream " + std::string(name),
           .config = written->tls,
           .protocol = written->protocol,
           .use = [weak = std::weak_ptr(made)](const std::shared_ptr<const upstream::TargetTls>& renewed) {
             if (auto upstream = weak.lock()) upstream->renew_tls(renewed);
           }}));
    upstreams_.emplace(name, made);
    out_.upstreams.push_back(made);
    std::vector<std::shared_ptr<upstream::Upstream>> others;
    for (const auto& other : written->failover)  // of no circle: check_upstreams() has seen to that
      if (auto built = this->upstream(other)) others.push_back(std::move(built));
    if (!others.empty()) made->fail_over_to(std::move(others));
    return made;
  }
  void need_upstream(std::string_view name, std::string_view field) override {
    if (config_.upstreams.find(name)) return;
    std::vector<std::string_view> known;
    for (const auto& [other, unused] : config_.upstreams) known.push_back(other);
    auto near = base::nearest(name, known);
    error(field, fmt::format("there is no upstream `{}`", name), config::did_you_mean(near));
  }
  const upstream::TimeoutsConfig& timeouts() const override { return timeouts_; }
  std::shared_ptr<const chain::Filter> filter(const chain::UseConfig& use, std::string_view field) override {
    std::vector<Placed> placed;
    place(use, below(field), being_built_.owner + "/" + std::string(field), placed);
    if (placed.empty()) return nullptr;
    const Placed& f = placed.front();
    if (std::ranges::find(inside_, use.policy) != inside_.end() && !use.policy.empty()) {
      error(field, "the policy `" + use.policy + "` contains itself", {});
      return nullptr;
    }
    inside_.push_back(use.policy);
    auto outer = std::exchange(being_built_, {f.settings_path, f.name, f.filter->name(), f.owner});
    auto link = chain::make_link(*f.filter, f.name, *this);
    being_built_ = std::move(outer);
    inside_.pop_back();
    return std::move(link.filter);
  }
  std::shared_ptr<const chain::Handler> handler(const config::Choice& choice,
                                                std::string_view field) override {
    auto outer = std::exchange(
        being_built_,
        {below(std::string(field) + "." + std::string(choice.name())), {}, {}, being_built_.owner});
    auto made = chain::make_handler(choice, *this);
    being_built_ = std::move(outer);
    return made;
  }
  OtherRoute composition(std::string_view route, std::string_view field) override {
    std::vector<std::string_view> known;
    for (std::size_t i = 0; i < config_.routes.size(); ++i) {
      const RouteConfig& written = config_.routes[i];
      if (written.name != route) {
        if (composes(written)) known.push_back(written.name);
        continue;
      }
      if (!composes(written)) {
        error(field, fmt::format("the route `{}` has no `compose`", route), {});
        return {};
      }
      if (std::ranges::find(composing_, i) == composing_.end()) return {composed(i), facts_of(i)};
      std::string circle;
      for (auto at = std::ranges::find(composing_, i); at != composing_.end(); ++at)
        circle += config_.routes[*at].name + " -> ";
      error(field, fmt::format("the composition contains itself: {}{}", circle, route), {});
      return {};
    }
    auto near = base::nearest(route, known);
    error(field, fmt::format("there is no route `{}`", route), config::did_you_mean(near));
    return {};
  }
  std::shared_ptr<observe::PolicyMetrics> decisions() override {
    return living_.metrics.policy(being_built_.name, being_built_.kind);
  }
  unsigned workers() const override { return living_.metrics.store().workers(); }
  net::CryptoThreads* threads() override { return living_.filter_threads; }
  const chain::Revocations* revocations() override { return living_.revocations; }
  void tells_identity(std::string_view field_name) override {
    out_.identity_fields.tells_identity(field_name);
    confined_identity_.tells(field_name, below(""));
    // `headers` may leave what came, and says by itself whether it does.
    kept_identity_.tells(field_name, below(""), being_built_.kind != "headers");
  }
  void reads_credential(std::string_view field_name) override {
    out_.identity_fields.reads_credential(field_name);
    confined_identity_.reads(field_name, below(""));
  }
  void reads_credential_parameter(std::string_view name) override {
    if (std::ranges::find(credential_parameters_, name) != credential_parameters_.end()) return;
    credential_parameters_.emplace_back(name);
    out_.credential_parameters.emplace(credential_parameters_);
  }
  std::shared_ptr<jose::KeySource> issuer_keys(const chain::KeyAddress& address) override {
    return living_.keys ? living_.keys->of(address) : std::make_shared<jose::KeySource>([] {});
  }
  const std::string& owner() const override { return being_built_.owner; }
  std::string told_apart_by() const override { return being_built_.apart; }
  std::shared_ptr<stores::Counters> counters(std::string_view store) override {
    if (store == stores::kMemory) return living_.stores.memory();
    auto known = counters_.find(store);
    if (known != counters_.end()) return known->second;
    const auto* written = config_.stores.find(store);
    if (!written) return living_.stores.memory();  // the binder has complained
    std::string named(store);
    auto tls = written->redis.uses_tls() ? store_tls(named, *written) : nullptr;
    auto made = living_.stores.redis(named, *written, living_.targets, std::move(tls), series());
    counters_.emplace(store, made);
    return made;
  }
  std::string resolved(std::string_view field, const std::string& file) const override {
    return config::resolved(directory_of(report_, below(field)), file);
  }
  std::shared_ptr<const chain::IpList> ip_list(std::string_view field, const std::string& file) override {
    auto list = living_.lists.open(resolved(field, file), series().workers());
    if (list) return *list;
    error(field, file + " " + list.error().detail, {});
    return nullptr;
  }
  stores::Stores& stores() override { return living_.stores; }
  bool allows_faults() const override { return config_.allow_fault_injection; }
  observe::SeriesStore& series() override { return living_.metrics.store(); }
  void error(std::string_view field, std::string message, std::string hint) override {
    report_.error(below(field), std::move(message), std::move(hint));
  }
  void warning(std::string_view field, std::string message, std::string hint) override {
    report_.warning(below(field), std::move(message), std::move(hint));
  }
  // After all routes, when it is known in which fields credentials are read.
  void check_identity() const {
    confined_identity_.check();
    kept_identity_.warn(out_.identity_fields, report_);
  }

 private:
  std::shared_ptr<const upstream::TargetTls> target_tls(const std::string& at, TlsOrigin origin) {
    origin.directory = directory_of(report_, at);
    auto made = tls_.build(origin, complain_at(report_, at));
    if (made && origin.names_files()) out_.tls.push_back(std::move(origin));
    return made;
  }
  std::shared_ptr<const upstream::TargetTls> store_tls(const std::string& name,
                                                       const stores::StoreConfig& written) {
    auto use = [&stores = living_.stores, name, written](std::shared_ptr<const upstream::TargetTls> renewed) {
      stores.renew_tls(name, written, std::move(renewed));
    };
    return target_tls(path("stores", name, "redis") + ".tls", {.owner = "store " + name,
                                                               .config = written.redis.tls,
                                                               .protocol = upstream::ProtocolChoice::h1,
                                                               .use = std::move(use)});
  }
  static bool composes(const RouteConfig& route) { return route.handler.name() == "compose"; }
  chain::RouteFacts facts_of(std::size_t route) const {
    return {config_.routes[route].name, matches_[route].captures(), matches_[route].tells_prefix()};
  }
  // The composition of that route, built once, whoever needs it first.
  std::shared_ptr<const chain::Handler> composed(std::size_t route) {
    if (compositions_[route]) return compositions_[route];
    const RouteConfig& written = config_.routes[route];
    composing_.push_back(route);
    auto facts = std::exchange(facts_, facts_of(route));
    auto timeouts = std::exchange(timeouts_, written.all_timeouts());
    auto outer = std::exchange(being_built_, {path("routes", route, written.handler.name()), {}, {}, {}});
    auto made = chain::make_handler(written.handler, *this);
    being_built_ = std::move(outer);
    timeouts_ = std::move(timeouts);
    facts_ = std::move(facts);
    composing_.pop_back();
    return compositions_[route] = std::move(made);
  }
  // The filters that requests pass which come by that listener, or by one without filters of its own for "".
  // Each chain has filters of its own, as their place in it is theirs; what they count is found by their
  // owner's name, and so is the same. Nobody minds the order of what no request of the route reaches that
  // way.
  std::vector<chain::Link> links_of(std::size_t index, const std::string& listener, bool reached) {
    const RouteConfig& written = config_.routes[index];
    std::vector<Placed> filters;
    if (!listener.empty())
      for (std::size_t i = 0; const auto& use : config_.listeners.find(listener)->use)
        place(use, path("listeners", listener, "use", i++), "@" + listener, filters);
    for (std::size_t i = 0; i < config_.use.size(); ++i) place(config_.use[i], path("use", i), "*", filters);
    for (std::size_t i = 0; i < written.use.size(); ++i)
      place(written.use[i], path("routes", index, "use", i), written.name, filters);
    if (reached) object(filters, written.handler, path("routes", index, written.handler.name()));
    bool asks = reached && answer_from(written) != chain::AnswerFrom::gateway;
    if (asks) kept_identity_.begin_chain(written.name);
    std::vector<chain::Link> links;
    for (const Placed& f : filters) {
      being_built_ = {f.settings_path, f.name, f.filter->name(), f.owner, apart(f, filters)};
      links.push_back(chain::make_link(*f.filter, f.name, *this));
      links.back().times = living_.metrics.policy_times(f.name, f.filter->name());
    }
    if (asks) kept_identity_.end_chain(links);
    return links;
  }
  static bool reached_by(const std::string& listener, const RouteConfig& route) {
    return std::ranges::any_of(route.match, [&](const auto& m) {
      return m.listener.empty() || std::ranges::find(m.listener, listener) != m.listener.end();
    });
  }
  bool reached_without_filters_of_listeners(const RouteConfig& route) const {
    bool none = true;
    for (const auto& [name, listener] : config_.listeners) {
      if (listener.redirect) continue;  // it serves no route
      if (listener.use.empty() && reached_by(name, route)) return true;
      none = false;
    }
    return none;
  }
  // True if some target of the upstream's file may be spoken to over TLS.
  bool draw_from_file(const upstream::UpstreamConfig& written, upstream::Upstream& made) {
    if (written.endpoints_file.empty()) return false;
    auto at = path("upstreams", made.name(), "endpoints_file");
    auto file = config::resolved(directory_of(report_, at), written.endpoints_file);
    auto opened =
        living_.endpoints.open(file, living_.targets, made.group(), written.tls != upstream::TlsConfig{});
    if (!opened) {
      report_.error(at, file + " " + opened.error().detail);
      return false;
    }
    made.draw_from(opened->source);
    return opened->uses_tls;
  }
  // Null if there are none, neither here nor by default.
  std::shared_ptr<const chain::ErrorPages> error_pages(const std::string& at,
                                                       const chain::ErrorPagesConfig& written,
                                                       const std::vector<std::string>& captures) const {
    if (written.empty()) return out_.error_pages;
    auto below = [&](const std::string& field) { return at + (field.starts_with('[') ? "" : ".") + field; };
    chain::ErrorPages::Source source;
    source.read = [&](const std::string& field, const std::string& file) -> std::optional<std::string> {
      constexpr std::size_t kLargest = 1 << 20;
      auto path = config::resolved(directory_of(report_, below(field)), file);
      auto read = config::system_environment().read(path, kLargest);
      if (!read.text) report_.error(below(field), fmt::format("{} cannot be read: {}", file, read.error));
      return std::move(read.text);
    };
    source.complain = [&](const std::string& field, std::string message, std::string hint) {
      report_.error(below(field), std::move(message), std::move(hint));
    };
    auto out = std::make_shared<chain::ErrorPages>(written, captures, source);
    out->fall_back_on(out_.error_pages.get());
    return out;
  }

  // A filter of the route, where it is used and where its settings were written.
  struct Placed {
    const config::Choice* filter;
    std::string name;
    std::string use_path, settings_path;
    std::string owner;
  };

  // `where` it is used: the name of a route, "*" for all, or "@" and the name of a listener. Of several
  // filters of a kind in one list the second and later ones have a number too, so that each has an owner's
  // name of its own.
  void place(const UseConfig& use, std::string at, std::string_view where, std::vector<Placed>& out) const {
    if (use.policy.empty()) {
      if (!use.filter) return;
      std::string kind(use.filter.name()), owner = std::string(where) + "/" + kind;
      auto same = std::count_if(out.begin(), out.end(), [&](const Placed& p) {
        return p.owner.starts_with(owner) && p.filter->name() == kind;
      });
      if (same) owner += "#" + std::to_string(same + 1);
      out.push_back({&use.filter, kind, at, at + "." + kind, std::move(owner)});
      return;
    }
    const auto* policy = config_.policies.find(use.policy);
    if (!policy || !policy->filter) return;  // the binder has complained
    out.push_back({&policy->filter, use.policy, std::move(at),
                   path("policies", use.policy, policy->filter.name()), use.policy});
  }
  static std::string apart(const Placed& placed, const std::vector<Placed>& chain) {
    auto is_policy = [](const Placed& p) { return p.owner == p.name; };
    std::size_t others = 0, in_place = 0;  // in place: up to this one
    for (const Placed& p : chain) {
      if (p.filter->name() != placed.filter->name()) continue;
      others += &p != &placed;
      in_place += !is_policy(p) && &p <= &placed;
    }
    if (others == 0) return {};
    if (is_policy(placed)) return placed.name;
    return in_place == 1 ? "default" : "default-" + std::to_string(in_place);
  }
  static chain::AnswerFrom answer_from(const RouteConfig& route) {
    return chain::handler_factory(route.handler.name()).answer_from;
  }
  static bool identifies(const chain::Link& link) {
    const auto* filter = dynamic_cast<const chain::Authenticator*>(link.filter.get());
    return filter && !filter->admits_anyone();
  }
  void object(const std::vector<Placed>& filters, const config::Choice& handler,
              const std::string& handler_path) {
    std::vector<chain::Written> written;
    for (const Placed& f : filters)
      written.push_back(
          {f.filter->name(), f.name, f.filter->value().get(), f.use_path.starts_with("routes")});
    for (auto& o : chain::object_to_order(written, handler.name(), handler.value().get())) {
      const auto& at = o.index < filters.size() ? filters[o.index].use_path : handler_path;
      if (o.severity == config::Severity::error) {
        report_.error(at, std::move(o.message), std::move(o.hint));
      } else {
        report_.warning(at, std::move(o.message), std::move(o.hint));
      }
    }
  }
  std::string below(std::string_view field) const {
    const std::string& at = being_built_.at;
    return field.empty() ? at : at + "." + std::string(field);
  }

  const Config& config_;
  std::span<const routing::RouteMatches> matches_;
  const config::Report& report_;
  Living living_;
  BuiltSnapshot& out_;
  chain::RouteFacts facts_;
  struct BeingBuilt {
    std::string at;    // path of the settings
    std::string name;  // of the policy
    std::string_view kind;
    std::string owner;    // what its state is found by
    std::string apart{};  // see told_apart_by()
  };
  BeingBuilt being_built_;
  std::vector<std::string> credential_parameters_;
  KeptIdentity kept_identity_;
  std::vector<std::size_t> composing_;  // routes whose compositions are being built, each for the one before
  std::vector<std::string> inside_;     // policies of filters that are being built inside others
  upstream::TimeoutsConfig timeouts_;
  UpstreamTls tls_;
  ConfinedIdentity confined_identity_;
  std::vector<std::shared_ptr<const chain::Handler>> compositions_;  // by route; null until built
  std::map<std::string, std::shared_ptr<upstream::Upstream>, std::less<>> upstreams_;
  std::map<std::string, std::shared_ptr<stores::Counters>, std::less<>> counters_;
};

std::vector<routing::RouteMatches> matches_of(const Config& config) {
  std::vector<routing::RouteMatches> routes;
  routes.reserve(config.routes.size());
  for (const auto& route : config.routes) {
    routing::RouteMatches matches{route.name, route.priority, {}};
    for (const auto& match : route.match) {
      matches.matches.push_back(match.match());
      routing::apply(route.trailing_slash.value_or(config.defaults.trailing_slash), matches.matches.back());
    }
    routes.push_back(std::move(matches));
  }
  return routes;
}

void build_route_table(OnTie on_tie, std::span<const routing::RouteMatches> routes,
                       const config::Report& report, BuiltSnapshot& out) {
  auto built =
      routing::build_table(routes, on_tie == OnTie::first ? routing::OnTie::first : routing::OnTie::error);
  for (const auto& finding : built.findings) {
    auto at = path("routes", finding.route, "match", finding.match);
    std::string hint = finding.witness.empty() ? "" : "for example " + finding.witness;
    if (finding.other_route != finding.route)
      hint += (hint.empty() ? "" : "; ") + std::string("the other one is at ") +
              report.where(path("routes", finding.other_route, "match"));
    report.error(at, finding.text, hint);
  }
  out.table = std::move(built.table);
}

// Complains about every route that some request reaches although nobody asks who calls.
void check_auth(const Config& config, std::span<const routing::RouteMatches> matches,
                const config::Report& report, const BuiltSnapshot& built) {
  if (!config.defaults.require_auth) return;
  std::vector<routing::PathPattern> except;
  for (const auto& path : config.defaults.require_auth->except)
    except.push_back(path.regex ? path.regex->pattern : path.pattern->pattern);
  routing::Exposure exposure(matches, built.table, except);
  for (std::uint32_t i = 0; i < matches.size(); ++i) {
    auto proof = built.lacks_auth[i] ? exposure.of(i) : std::nullopt;
    if (!proof) continue;
    report.error(
        path("routes", i, "match", proof->match),
        "this route does not find out who calls, and `defaults.require_auth` demands it",
        (proof->witness.empty() ? "" : "for example " + proof->witness + "; ") +
            std::string("use a filter such as api_key, or list the path in `defaults.require_auth.except`"));
  }
}

// Whom an operator drains is on its way out as one is that no list names any more.
observe::TargetState told_of(upstream::ServiceState state) {
  using upstream::ServiceState;
  switch (state) {
    case ServiceState::healthy:
      return observe::TargetState::healthy;
    case ServiceState::ejected:
      return observe::TargetState::ejected;
    case ServiceState::drained:
    case ServiceState::draining:
      return observe::TargetState::draining;
    case ServiceState::unhealthy:
      break;
  }
  return observe::TargetState::unhealthy;
}

std::vector<observe::TargetReport> report_targets(const upstream::Upstream& upstream) {
  std::vector<observe::TargetReport> out;
  for (const auto& s : upstream.shown()) out.push_back({s.text, told_of(state_of(s))});
  return out;
}

std::unique_ptr<const chain::ConsumerTable> table_of(const Config& config, const config::Report& report) {
  if (config.consumers.empty()) return nullptr;
  return std::make_unique<const chain::ConsumerTable>(config.consumers, report);
}

}  // namespace

upstream::ServiceState state_of(const upstream::Upstream::Shown& shown) {
  if (shown.draining) return upstream::ServiceState::draining;
  return shown.target ? shown.target->state() : upstream::ServiceState::unhealthy;
}

std::string state_directory_of(const Config& config, const config::Report& report) {
  if (config.state_directory.empty()) return {};
  return config::resolved(directory_of(report, "state_directory"), config.state_directory);
}

std::shared_ptr<BuiltSnapshot> build_snapshot(Loaded& loaded, Living living) {
  const Config& config = loaded.config;
  config::Report report(loaded.document, loaded.diagnostics);
  auto out = std::make_shared<BuiltSnapshot>();
  out->hash = loaded.hash;
  auto matches = matches_of(config);
  check_confinements(loaded.document, matches, loaded.diagnostics);
  build_route_table(config.on_tie, matches, report, *out);
  warn_of_unreachable(config, report);
  out->merge_slashes = config.defaults.merge_slashes;
  out->underscores = config.defaults.underscore_headers;
  out->routes.reserve(config.routes.size());
  living.stores.state_directory(state_directory_of(config, report));
  RouteBuilder builder(config, matches, report, living, *out);
  builder.sort_listeners();
  builder.build_default_pages();
  for (std::size_t i = 0; i < config.routes.size(); ++i) builder.build(i);
  check_auth(config, matches, report, *out);
  out->identity_fields.settle();
  builder.check_identity();
  out->consumers = table_of(config, report);
  for (const auto& [name, listener] : config.listeners)
    for (const auto& rule : listener.passthrough) builder.upstream(rule.to);  // for the listener to find
  if (loaded.diagnostics.has_errors()) return nullptr;
  for (const auto& upstream : out->upstreams) {
    auto gauges = living.metrics.targets_at_scrape(upstream->name(), [weak = std::weak_ptr(upstream)] {
      auto u = weak.lock();
      return u ? report_targets(*u) : std::vector<observe::TargetReport>{};
    });
    std::move(gauges.begin(), gauges.end(), std::back_inserter(out->gauges));
    out->gauges.push_back(living.metrics.store().at_scrape(
        observe::Family::sluice_upstream_panic, [weak = std::weak_ptr(upstream)](const observe::Emit& emit) {
          auto u = weak.lock();
          if (!u) return;
          u->tell_panic();
          emit({u->name()}, u->in_force() && u->panicking() ? 1 : 0);
        }));
  }
  return out;
}

std::shared_ptr<BuiltSnapshot> renew_consumers(Loaded& loaded, BuiltSnapshot& current) {
  auto out = std::make_shared<BuiltSnapshot>();
  out->hash = loaded.hash;
  out->consumers = table_of(loaded.config, config::Report(loaded.document, loaded.diagnostics));
  if (loaded.diagnostics.has_errors()) return nullptr;
  out->table = current.table;
  out->routes = current.routes;
  out->by_listener = current.by_listener;
  out->of_listeners = current.of_listeners;
  out->plain_listeners = current.plain_listeners;
  out->lacks_auth = current.lacks_auth;
  out->identity_fields = current.identity_fields;
  out->credential_parameters = current.credential_parameters;
  out->merge_slashes = current.merge_slashes;
  out->underscores = current.underscores;
  out->error_pages = current.error_pages;
  out->upstreams = current.upstreams;
  out->gauges = std::move(current.gauges);
  return out;
}

}  // namespace sluice::server

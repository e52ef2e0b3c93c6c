// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/config.h"

#include <algorithm>

#include "gateway/chain/registry.h"
#include "gateway/upstream/upstreams_check.h"

namespace sluice::routing {

void describe(config::Enumeration<TrailingSlash>& e) {
  e.about("trailing_slash");
  e.value("strict", TrailingSlash::strict, "Another path.");
  e.value("redirect", TrailingSlash::redirect,
          "The client is sent to the route's own, with 308, unless another route has just that path.");
  e.value("ignore", TrailingSlash::ignore, "The same path. It is forwarded as the client has sent it.");
}

void describe(config::Enumeration<Underscores>& e) {
  e.about("underscores");
  e.value("keep", Underscores::keep,
          "They pass. What the gateway removes or sets takes those with `_` along.");
  e.value("drop", Underscores::drop, "They are left out, before a route is looked up.");
  e.value("refuse", Underscores::refuse, "The request is answered 400.");
}

}  // namespace sluice::routing

namespace sluice::server {

using namespace config;

void describe(Description<PolicyConfig>& d) {
  d.about("policy", "A filter with its settings, under a name that routes refer to.");
  d.one_of(&PolicyConfig::filter, chain::filter_alternatives(), "The filter.", required);
}

void describe(Enumeration<EncodedSeparator>& e) {
  e.about("encoded_separator");
  e.value("slash", EncodedSeparator::slash, "`%2F`");
  e.value("backslash", EncodedSeparator::backslash, "`%5C`");
}

void describe(Description<RouteConfig>& d) {
  d.about("route", "Which requests it takes, what filters they pass, and what answers them.");
  d.field("name", &RouteConfig::name, "Unique; stands in logs and metrics.", required, defines("route"),
          pattern("[A-Za-z0-9][A-Za-z0-9_.-]*",
                  "letters, digits, `_`, `.` and `-`, the first a letter or digit"));
  d.field("match", &RouteConfig::match, "What a request must be like; of several, one must fit.", required,
          one_or_many, min_items(1));
  d.field("priority", &RouteConfig::priority,
          "Decides between routes that are equally specific; the higher one wins.");
  d.field(
      "trailing_slash", &RouteConfig::trailing_slash,
      "What a path is that differs from one of the route's own by a slash at its end only. Paths with `**` "
      "or `{rest...}` and expressions say themselves what may follow.",
      default_is("defaults.trailing_slash"));
  d.field("allow_encoded", &RouteConfig::allow_encoded,
          "What may stand percent-encoded in paths: it is part of a segment then, and stays encoded. A "
          "request is refused with 400 unless every route allows it that may be meant: the one that has the "
          "path as it stands, and the one that has it for those who decode it first.",
          one_or_many, unique, default_is("neither: 400"), example("slash"));
  d.field("importance", &RouteConfig::importance,
          "Whose requests go first where not all can be served. The filter `importance` may say otherwise of "
          "some.",
          default_is("defaults.importance"));
  d.field("use", &RouteConfig::use, "Filters, in the order in which requests pass them.", one_or_many,
          max_items(chain::kMostFilters));
  d.one_of(&RouteConfig::handler, chain::handler_alternatives(), "What answers the request.", required);
  d.field("timeout", &RouteConfig::timeout,
          "For the whole exchange, all attempts included; short for timeouts.total.");
  d.field("timeouts", &RouteConfig::timeouts, "Instead of those of the upstream.");
  d.field("error_pages", &RouteConfig::error_pages,
          "What clients get with errors, by status or class; those of `defaults` answer for others.",
          example("{404: {html: \"<h1>Not here</h1>\"}, 5xx: pages/sorry.html}"));
  d.check([](const RouteConfig& r, const Site& at) {
    chain::check_error_pages(r.error_pages, "error_pages", at);
    if (r.timeout && r.timeouts.total) at.error("timeout", "is written twice: here and as timeouts.total");
  });
}

void describe(Description<ShutdownConfig>& d) {
  d.about("shutdown", "How the gateway ends after SIGTERM.");
  d.field("pre_stop", &ShutdownConfig::pre_stop,
          "Time to go on accepting while /readyz says no, so that balancers notice.");
  d.field("grace", &ShutdownConfig::grace, "Time for exchanges in flight; then they are cut.");
}

void describe(Enumeration<OnTie>& e) {
  e.about("on_tie");
  e.value("error", OnTie::error, "Refuse to load.");
  e.value("first", OnTie::first, "The route written first wins.");
}

void describe(Description<RequireAuthConfig>& d) {
  d.about(
      "require_auth",
      "Refuses to load a configuration in which some request reaches a route without a filter that finds out "
      "who calls, and shows such a request. A filter that lets callers without a credential pass does not "
      "count.");
  d.field("except", &RequireAuthConfig::except, "Paths for which nobody has to say who he is.", one_or_many,
          example("[/health/**, /robots.txt]"));
  d.word("all", "Without exceptions.", [](RequireAuthConfig&) {});
}

void describe(Description<DefaultsConfig>& d) {
  d.about("defaults", "What holds for every upstream and route that does not say otherwise.");
  upstream::describe_fields(d);
  d.field("require_auth", &DefaultsConfig::require_auth,
          "Every route must find out who calls. Loading fails otherwise.", default_is("off"),
          example("{except: [/health/**]}"));
  d.field("trailing_slash", &DefaultsConfig::trailing_slash, "For routes that do not say it themselves.");
  d.field(
      "merge_slashes", &DefaultsConfig::merge_slashes,
      "Takes several slashes in a row for one, in the path of every request, before a route is looked up. "
      "Services get the path like that, too.");
  d.field(
      "underscore_headers", &DefaultsConfig::underscore_headers,
      "Header fields of requests with `_` in their names, which some services cannot tell from those with "
      "`-`.");
  d.field("importance", &DefaultsConfig::importance, "Of the routes that do not say it themselves.");
  d.field(
      "error_pages", &DefaultsConfig::error_pages,
      "What clients get with errors, by status or class, where the route does not say; also where there is "
      "no route.",
      example("{404: {html: \"<h1>Not here</h1>\"}, 5xx: pages/sorry.html}"));
  d.check([](const DefaultsConfig& c, const Site& at) {
    chain::check_error_pages(c.error_pages, "error_pages", at);
  });
}

void describe(Description<Config>& d) {
  d.about("config", "A Sluice configuration file.");
  d.field("version", &Config::version, "Of the dialect.", between(1, 1));
  d.field("include", &Config::include,
          "Files whose contents are merged in, as paths or shell patterns, perhaps confined.", one_or_many,
          example("[conf.d/*.yaml, {files: teams/a/*.yaml, confine: {path: /a/**}}]"));
  d.field("workers", &Config::workers, "Threads that serve requests.", between(1u, 256u),
          default_is("the CPUs that the process may use"));
  d.field("listeners", &Config::listeners, "Addresses on which clients are accepted.", defines("listener"));
  d.field("upstreams", &Config::upstreams, "Groups of targets that requests are forwarded to.",
          defines("upstream"));
  d.field("policies", &Config::policies, "Filters with their settings, for use by name.", defines("policy"));
  d.field("consumers", &Config::consumers, "Callers, and how each of them is known.");
  d.field("stores", &Config::stores, "Where counters are kept that several processes share.",
          defines("store"));
  d.field("state_directory", &Config::state_directory,
          "Directory for what has to outlive restarts: what was used up of quotas, tokens that were taken "
          "back, and targets that the admin server was told to persist. One process uses it at a time. It is "
          "made if its parent is there.",
          default_is("none"), example("/var/lib/sluice"));
  d.field("vault", &Config::vault, "Where the secrets of `${vault:path#field}` are.",
          example("{address: https://vault.example:8200, token_file: /run/vault/token}"));
  d.field("resolver", &Config::resolver, "How names are looked up.", example("{nameservers: \"10.0.0.2\"}"));
  d.field("defaults", &Config::defaults, "What upstreams and routes do not say themselves.");
  d.field("use", &Config::use, "Filters that the requests of every route pass, before its own.", one_or_many,
          max_items(chain::kMostFilters));
  d.field("routes", &Config::routes, "Which requests go where.");
  d.field("on_tie", &Config::on_tie,
          "What to do when two routes match the same request and neither is more specific.");
  d.field("allow_fault_injection", &Config::allow_fault_injection,
          "Lets filters harm requests on purpose (`fault`). Without it such a configuration does not load.");
  d.field("access_log", &Config::access_log, "One line for each request.");
  d.field("metrics", &Config::metrics, "How much the metrics tell.");
  d.field("admin", &Config::admin, "Metrics and health, on an address of their own.");
  d.field("overload", &Config::overload, "When the gateway takes itself for overloaded.");
  d.field("shutdown", &Config::shutdown, "How the gateway ends.");
  d.check([](const Config& c, const Site& at) { upstream::check_upstreams(c.upstreams, at); });
}

http::PathOptions RouteConfig::allows() const {
  auto has = [this](EncodedSeparator one) {
    return std::ranges::find(allow_encoded, one) != allow_encoded.end();
  };
  return {.encoded_slash = has(EncodedSeparator::slash),
          .encoded_backslash = has(EncodedSeparator::backslash)};
}

upstream::TimeoutsConfig RouteConfig::all_timeouts() const {
  auto all = timeouts;
  if (timeout) all.total = timeout;
  return all;
}

}  // namespace sluice::server

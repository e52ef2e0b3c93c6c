// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/unreachable.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace sluice::server {
namespace {

using config::path;
using routing::MatchConfig;

struct WrittenMatch {
  std::size_t route = 0, match = 0;
  int priority = 0;
  const MatchConfig* written = nullptr;
};

void add_values(const config::ByName<routing::ValueConfig>& values, const auto& add) {
  for (const auto& [name, value] : values) {
    add('n', name);
    for (const auto& text : value.exact) add('v', text);
    for (const auto& text : value.not_exact) add('V', text);
    if (value.regex) add('r', value.regex->text);
    if (value.not_regex) add('R', value.not_regex->text);
    if (value.present) add('?', *value.present ? "y" : "n");
  }
}

void add_connection(const MatchConfig& match, const auto& add) {
  for (const auto& listener : match.listener) add('l', listener);
  if (match.scheme) add('s', std::to_string(static_cast<int>(*match.scheme)));
  for (const auto& name : match.sni) add('i', name.text);
  if (match.client_ip) {
    for (const auto& cidr : match.client_ip->in) add('c', cidr.text());
    for (const auto& cidr : match.client_ip->not_in) add('C', cidr.text());
  }
  if (match.client_certificate) {
    for (const auto& text : match.client_certificate->uri) add('1', text);
    for (const auto& text : match.client_certificate->dns) add('2', text);
    for (const auto& text : match.client_certificate->email) add('3', text);
    for (const auto& text : match.client_certificate->cn) add('4', text);
  }
}

// Equal matches have equal texts, and others hardly ever: those that have are compared, each with all.
std::string text_of(const MatchConfig& match, routing::TrailingSlash slash) {
  std::string out = std::to_string(static_cast<int>(slash));
  auto add = [&](char kind, std::string_view text) { ((out += '\n') += kind) += text; };
  for (const auto& host : match.host) add('h', host.text);
  for (const auto& p : match.path) add('p', p.regex ? p.regex->text : p.pattern ? p.pattern->text : "");
  for (const auto& method : match.method) add('m', method.text);
  add_connection(match, add);
  for (const auto* values : {&match.header, &match.query, &match.cookie}) {
    add('=', "");
    add_values(*values, add);
  }
  if (match.when) add('w', match.when->text);
  return out;
}

// Those whose texts are equal.
void warn_of_covered(std::vector<WrittenMatch>& alike, const Config& config, const config::Report& report) {
  std::ranges::sort(alike, [](const auto& a, const auto& b) {
    return std::tuple(-std::int64_t{a.priority}, a.route, a.match) <
           std::tuple(-std::int64_t{b.priority}, b.route, b.match);
  });
  for (std::size_t j = 1; j < alike.size(); ++j) {
    const WrittenMatch& later = alike[j];
    auto first =
        std::find_if(alike.begin(), alike.begin() + static_cast<std::ptrdiff_t>(j),
                     [&](const auto& m) { return m.route != later.route && *m.written == *later.written; });
    if (first == alike.begin() + static_cast<std::ptrdiff_t>(j)) continue;
    bool by_priority = first->priority != later.priority;
    if (!by_priority && config.on_tie != OnTie::first)
      continue;  // an error, which the table's builder reports
    report.warning(
        path("routes", later.route, "match", later.match),
        fmt::format("no request reaches this match: that of the route {} is the same and {}",
                    config.routes[first->route].name,
                    by_priority ? "has a higher `priority`" : "stands before it"),
        "the other one is at " + report.where(path("routes", first->route, "match", first->match)));
  }
}

// Where all others are sent to https, challenges of ACME are not; but only by a path whose beginning is written
// out, which that of an expression is not.
bool may_be_about_challenges(const MatchConfig& match) {
  return std::ranges::any_of(match.path, [&](const auto& p) {
    return p.pattern && p.pattern->text.find("acme-challenge") != std::string::npos;
  });
}

// May a request that the listener accepts be of this scheme? Whoever stands in front may tell of another one.
bool may_be_of(routing::SchemeChoice scheme, const front::ListenerConfig& listener) {
  return listener.trusted_proxies || listener.proxy_protocol ||
         listener.tls.has_value() == (scheme == routing::SchemeChoice::https);
}

void warn_of_unserved(const MatchConfig& match, const std::string& at, const Config& config,
                      const config::Report& report) {
  if ((match.listener.empty() && !match.scheme) || config.listeners.empty()) return;
  bool challenges = may_be_about_challenges(match), any_serves = false;
  for (const auto& name : match.listener)
    if (!config.listeners.find(name)) return;  // the binder has complained
  for (const auto& [name, listener] : config.listeners) {
    if (!match.listener.empty() && std::ranges::find(match.listener, name) == match.listener.end()) continue;
    if (listener.redirect && !challenges) continue;
    any_serves = true;
    if (!match.scheme || may_be_of(*match.scheme, listener)) return;
  }
  const char* whose = match.listener.empty() ? "every listener" : "every listener that it names";
  if (!any_serves) {
    report.warning(at, fmt::format("no request reaches this match: {} sends all to https", whose));
  } else {
    bool https = *match.scheme == routing::SchemeChoice::https;
    report.warning(at, fmt::format("no request reaches this match: {} is one {} TLS", whose,
                                   https ? "without" : "with"));
  }
}

}  // namespace

void warn_of_unreachable(const Config& config, const config::Report& report) {
  std::unordered_map<std::string, std::vector<WrittenMatch>> alike;
  for (std::size_t r = 0; r < config.routes.size(); ++r) {
    const RouteConfig& route = config.routes[r];
    auto slash = route.trailing_slash.value_or(config.defaults.trailing_slash);
    for (std::size_t m = 0; m < route.match.size(); ++m) {
      alike[text_of(route.match[m], slash)].push_back({r, m, route.priority, &route.match[m]});
      warn_of_unserved(route.match[m], path("routes", r, "match", m), config, report);
    }
  }
  for (auto& [text, matches] : alike)
    if (matches.size() > 1) warn_of_covered(matches, config, report);
}

}  // namespace sluice::server

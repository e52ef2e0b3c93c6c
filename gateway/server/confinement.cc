// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/confinement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "gateway/config/bind.h"

namespace sluice::server {
namespace {

using config::Node;
using config::path;
using routing::HostPattern;
using routing::PathElement;
using routing::PathPattern;

// What nobody meets who does not name it.
constexpr std::array<std::string_view, 5> kHarmless = {"version", "routes", "upstreams", "policies",
                                                       "stores"};

bool within(const HostPattern& inner, const HostPattern& outer) {
  using Kind = HostPattern::Kind;
  if (outer.kind == Kind::any) return true;
  if (inner.kind == Kind::any) return false;
  if (outer.kind == Kind::exact) return inner.kind == Kind::exact && inner.name == outer.name;
  bool below = inner.name.size() > outer.name.size() + 1 && inner.name.ends_with("." + outer.name);
  return below || (inner.kind == Kind::wildcard && inner.name == outer.name);
}

// The elements of an expression are the literal segments that all of its paths begin with.
bool within(const PathPattern& inner, const PathPattern& outer) {
  using Kind = PathElement::Kind;
  for (std::size_t i = 0; i < outer.elements.size(); ++i) {
    const PathElement& wanted = outer.elements[i];
    if (wanted.kind == Kind::tail) return true;
    if (i >= inner.elements.size()) return false;
    const PathElement& is = inner.elements[i];
    bool fits = wanted.kind == Kind::literal
                    ? is.kind == Kind::literal && is.text == wanted.text
                    : is.kind == Kind::param || (is.kind == Kind::literal && !is.text.empty());
    if (!fits) return false;
  }
  return !inner.regex && inner.elements.size() == outer.elements.size();
}

template <class Pattern, class Text>
bool within_one(const Pattern& inner, const std::vector<Text>& outer) {
  return std::any_of(outer.begin(), outer.end(), [&](const Text& t) { return within(inner, t.pattern); });
}

template <class Text>
std::string listed(const std::vector<Text>& all) {
  std::string out;
  for (const Text& t : all) out += (out.empty() ? "" : ", ") + t.text;
  return out;
}

class Checker {
 public:
  Checker(const config::Document& document, config::Diagnostics& diagnostics)
      : document_(document), diagnostics_(diagnostics) {}

  void check(std::span<const routing::RouteMatches> routes) {
    if (!document_.root()) return;
    for (std::size_t i = 0; i < routes.size(); ++i) {
      const Node* route = document_.find(path("routes", i));
      if (!route) continue;
      for (const Node* confine : document_.confinements(route->place)) check(i, routes[i], *confine);
    }
    for (const config::Entry& entry : document_.root()->entries()) check(entry);
  }

 private:
  const ConfineConfig& bound(const Node& confine) {
    auto [at, added] = bound_.try_emplace(&confine);
    if (added) config::bind(document_, confine, config::shape_of<ConfineConfig>(), &at->second, diagnostics_);
    return at->second;
  }

  void check(std::size_t route, const routing::RouteMatches& written, const Node& confine) {
    const ConfineConfig& to = bound(confine);
    for (std::size_t m = 0; m < written.matches.size(); ++m) {
      const routing::Match& match = written.matches[m];
      std::string at = path("routes", route, "match", m);
      if (!document_.find(at)) at = path("routes", route, "match");  // one, without brackets
      auto host_outside = [&](const HostPattern& h) { return !within_one(h, to.host); };
      auto path_outside = [&](const PathPattern& p) { return !within_one(p, to.path); };
      if (!to.host.empty() && (match.hosts.empty() || std::ranges::any_of(match.hosts, host_outside)))
        complain(at, "host", listed(to.host), confine);
      if (to.path.empty()) continue;
      if (match.paths.empty() || std::ranges::any_of(match.paths, path_outside) ||
          std::ranges::any_of(match.redirected, path_outside))
        complain(at, "path", listed(to.path), confine);
    }
  }

  void complain(const std::string& match, std::string_view what, const std::string& within,
                const Node& confine) {
    std::string at = match + "." + std::string(what);
    diagnostics_.error(
        document_.place(at), at,
        fmt::format("this file is confined to the {} {}, and the route takes others", what, within),
        "confined at " + document_.sources().text(confine.place));
  }

  // Of a file that is confined, nothing but what is harmless. Lists and mappings of several files are one by
  // now: their elements know where they come from.
  void check(const config::Entry& section) {
    if (std::ranges::find(kHarmless, section.key) != kHarmless.end()) return;
    if (refuse(section, section.key_place)) return;
    for (const config::Entry& entry : section.value->entries()) refuse(section, entry.key_place);
    for (const Node* item : section.value->items()) refuse(section, item->place);
  }

  bool refuse(const config::Entry& section, config::Place place) {
    auto confinements = document_.confinements(place);
    if (confinements.empty()) return false;
    diagnostics_.error(
        place, std::string(section.key),
        fmt::format("a file that is confined cannot hold `{}`, which concerns others as well", section.key),
        "confined at " + document_.sources().text(confinements.front()->place));
    return true;
  }

  const config::Document& document_;
  config::Diagnostics& diagnostics_;
  std::map<const Node*, ConfineConfig> bound_;
};

}  // namespace

void describe(config::Description<ConfineConfig>& d) {
  using namespace config;
  d.about(
      "confine",
      "Hosts and paths that the routes of a file, and of those that it includes, must lie within. The file "
      "holds routes, upstreams, policies and stores only.");
  d.field("host", &ConfineConfig::host, "Each route is for hosts within one of these.", one_or_many,
          non_empty, example("\"*.team-a.example.com\""));
  d.field("path", &ConfineConfig::path, "Each route is for paths within one of these.", one_or_many,
          non_empty, example("/team-a/**"));
  d.at_least_one({"host", "path"});
}

void describe(config::Description<IncludeConfig>& d) {
  using namespace config;
  d.about("include", "Files whose contents are merged in.");
  d.field("files", &IncludeConfig::files, "Paths or shell patterns, relative to this file.", required,
          one_or_many, min_items(1), example("routes.d/*.yaml"));
  d.field("confine", &IncludeConfig::confine, "What the routes of these files may be for.",
          default_is("anything"), example("{path: /team-a/**}"));
  d.shorthand(&IncludeConfig::files);
}

void check_confinements(const config::Document& document, std::span<const routing::RouteMatches> routes,
                        config::Diagnostics& diagnostics) {
  Checker(document, diagnostics).check(routes);
}

}  // namespace sluice::server

// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/exposure.h"

#include <algorithm>
#include <utility>

#include <re2/re2.h>

#include "gateway/routing/example.h"

namespace sluice::routing {

// A path that the expression fits, if one is easily found. `only`: it fits no other.
struct EasyMatch {
  std::string path;  // "" if there is none at hand
  bool only = false;
};

namespace {

// What stands for the segments that a pattern leaves open. Patterns tell segments apart by being equal to a
// literal alone, so one that nobody writes stands for all that no route and no exemption names. The last one
// is for expressions that exempt: it has a character of every kind that a path may have, so that one that
// takes only some of them does not fit it.
constexpr std::string_view kUnlikely = "q7-unlikely-x3";
constexpr std::string_view kSegments[] = {
    "x", "some", "any-1", kUnlikely,
    "Q7.unlikely_Zz~!$&'()*+,;=:@%C3%A9-and-longer-than-most-expressions-count"};
// Stands for all methods that no route lists, and cannot be listed.
constexpr std::string_view kOtherMethod = "(any other)";
constexpr std::size_t kTail = 4;  // segments that stand for a tail, from none to this

std::vector<std::string> sample_hosts(const Match& match) {
  constexpr std::string_view kLabels[] = {"x", "some", "any-1", kUnlikely};
  std::vector<std::string> out;
  for (const HostPattern& host : match.hosts) {
    if (host.kind == HostPattern::Kind::exact) out.push_back(host.name);
    if (host.kind == HostPattern::Kind::wildcard)
      for (auto label : kLabels) out.push_back(std::string(label) + "." + host.name);
  }
  bool any = match.hosts.empty();
  for (const HostPattern& host : match.hosts) any |= host.kind == HostPattern::Kind::any;
  if (!any) return out;
  for (auto label : kLabels) out.push_back(std::string(label) + ".example.com");
  out.emplace_back(kUnlikely);  // below no domain, of which a route might take all hosts
  return out;
}

std::vector<std::string> sample_methods(const Match& match) {
  if (!match.methods.empty()) return match.methods;
  return {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", std::string(kOtherMethod)};
}

std::string path_of(std::span<const PathElement> elements, std::string_view segment, std::size_t tail) {
  std::string path;
  for (const PathElement& e : elements) {
    if (e.kind == PathElement::Kind::tail) break;
    path.append("/").append(e.kind == PathElement::Kind::literal ? e.text : segment);
  }
  for (std::size_t i = 0; i < tail; ++i) path.append("/").append(segment);
  return path.empty() ? "/" : path;
}

// Of a pattern with these elements and no expression. A tail may be longer than everything that others write
// segment by segment, of which `deepest` is the most.
std::vector<std::string> sample_paths(std::span<const PathElement> elements, bool tail, std::size_t deepest) {
  std::vector<std::string> out;
  for (auto segment : kSegments) {
    if (!tail) {
      out.push_back(path_of(elements, segment, 0));
      continue;
    }
    for (std::size_t n = 1; n <= kTail; ++n) out.push_back(path_of(elements, segment, n));
    out.push_back(path_of(elements, segment, std::max(deepest, kTail) + 1));
  }
  if (tail) out.push_back(path_of(elements, kSegments[0], 0));
  return out;
}

EasyMatch easy_match(const RE2& regex) {
  std::string from, to;
  RE2 anchored("^(?:" + regex.pattern() + ")$", RE2::Latin1);
  if (!anchored.PossibleMatchRange(&from, &to, 64) || !RE2::FullMatch(from, regex)) return {};
  bool only = from == to;
  return {std::move(from), only};
}

// The routes without their matches that have conditions and their paths that are expressions: those take some
// requests only, and which is not asked.
std::vector<RouteMatches> certain(std::span<const RouteMatches> routes) {
  std::vector<RouteMatches> out(routes.begin(), routes.end());
  for (RouteMatches& route : out)
    std::erase_if(route.matches, [](Match& m) {
      bool all_paths = m.paths.empty();
      std::erase_if(m.paths, [](const PathPattern& p) { return p.regex != nullptr; });
      return !m.conditions.empty() || (m.paths.empty() && !all_paths);
    });
  return out;
}

std::size_t longest_of(std::span<const PathPattern> patterns) {
  std::size_t out = 0;
  for (const PathPattern& p : patterns) out = std::max(out, p.elements.size());
  return out;
}

bool reaches(const Lookup& found, std::uint32_t route) {
  return found.outcome == Lookup::Outcome::matched && found.route == route;
}

}  // namespace

Exposure::Exposure(std::span<const RouteMatches> routes, const RouteTable& table,
                   const std::vector<PathPattern>& exempt)
    : routes_(routes),
      table_(table),
      certain_(build_table(certain(routes), OnTie::first).table),
      exempt_patterns_(exempt),
      deepest_(longest_of(exempt)) {
  for (const RouteMatches& route : routes)
    for (const Match& match : route.matches) deepest_ = std::max(deepest_, longest_of(match.paths));
  if (exempt.empty()) return;
  Match match;
  match.paths = exempt;
  std::vector<RouteMatches> one{{"exempt", 0, {std::move(match)}}};
  exempt_ = build_table(one, OnTie::first).table;
}

bool Exposure::is_exempt(std::string_view path) const {
  Example example("GET", "", path);
  return exempt_.find(example.head()).outcome == Lookup::Outcome::matched;
}

// Is everything that the expression fits exempt? Either it is exempt itself, or all is that begins as it
// does.
bool Exposure::is_exempt(const PathPattern& expression, const EasyMatch& easy) const {
  auto same = [&](const PathPattern& p) {
    return p.regex && p.regex->pattern() == expression.regex->pattern();
  };
  if (std::ranges::any_of(exempt_patterns_, same)) return true;
  if (easy.only) return is_exempt(easy.path);
  auto paths = sample_paths(expression.elements, true, deepest_);
  return std::ranges::all_of(paths, [this](const std::string& path) { return is_exempt(path); });
}

// The example with what the match's conditions want to see.
std::string Exposure::shown(const Match& match, Example& example) {
  for (const auto& condition : match.conditions)
    if (!condition->meet(example)) return {};
  return example.text();
}

std::optional<Exposure::Proof> Exposure::of(std::uint32_t route) const {
  for (std::uint32_t m = 0; m < routes_[route].matches.size(); ++m)
    if (auto proof = of_match(route, m)) return proof;
  return std::nullopt;
}

std::optional<Exposure::Proof> Exposure::of_match(std::uint32_t route, std::uint32_t index) const {
  static const PathPattern every_path = std::get<PathPattern>(parse_path("/**"));
  const Match& match = routes_[route].matches[index];
  std::span<const PathPattern> patterns(match.paths);
  if (patterns.empty()) patterns = {&every_path, 1};
  std::optional<Proof> proof;
  for (const PathPattern& pattern : patterns) {
    std::vector<std::string> paths;
    if (pattern.regex) {
      EasyMatch easy = easy_match(*pattern.regex);
      if (is_exempt(pattern, easy)) continue;
      proof = Proof{index, {}};  // nothing shows that others take all of it
      if (!easy.path.empty()) paths.push_back(std::move(easy.path));
    } else {
      paths = sample_paths(pattern.elements, pattern.has_tail(), deepest_);
    }
    std::erase_if(paths, [this](const std::string& path) { return is_exempt(path); });
    if (auto found = of_paths({route, index}, paths)) proof = std::move(found);
    if (proof && !proof->witness.empty()) break;
  }
  return proof;
}

// By one of these paths.
std::optional<Exposure::Proof> Exposure::of_paths(Place place, std::span<const std::string> paths) const {
  const Match& match = routes_[place.route].matches[place.match];
  auto hosts = sample_hosts(match), methods = sample_methods(match);
  std::optional<Proof> proof;
  for (const std::string& path : paths)
    for (const std::string& host : hosts)
      for (const std::string& method : methods) {
        Example example(method, host, path);
        if (!match.conditions.empty()) return Proof{place.match, shown(match, example)};
        if (reaches(table_.find(example.head()), place.route)) return Proof{place.match, example.text()};
        // What may take only some that are like it, has taken this one.
        if (reaches(certain_.find(example.head()), place.route)) proof = Proof{place.match, {}};
      }
  return proof;
}

}  // namespace sluice::routing

// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/exposure.h"

#include <algorithm>

#include <re2/re2.h>

#include "gateway/routing/example.h"

namespace sluice::routing {
namespace {

// What stands for the segments that a pattern leaves open. Patterns tell segments apart by being equal to a
// literal alone, so the last, which nobody writes, stands for all that no route and no exemption names.
constexpr std::string_view kSegments[] = {"x", "some", "any-1", "q7-unlikely-x3"};
constexpr std::size_t kTail = 4;  // segments that stand for a tail, from none to this

std::vector<std::string> sample_hosts(const Match& match) {
  std::vector<std::string> out;
  for (const HostPattern& host : match.hosts) {
    if (host.kind == HostPattern::Kind::exact) out.push_back(host.name);
    if (host.kind == HostPattern::Kind::wildcard)
      for (auto label : kSegments) out.push_back(std::string(label) + "." + host.name);
  }
  bool any = match.hosts.empty();
  for (const HostPattern& host : match.hosts) any |= host.kind == HostPattern::Kind::any;
  if (any)
    for (auto label : kSegments) out.push_back(std::string(label) + ".example.com");
  return out;
}

std::vector<std::string> sample_methods(const Match& match) {
  if (!match.methods.empty()) return match.methods;
  return {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PURGE"};
}

// Empty for an expression without an easy match.
std::vector<std::string> sample_paths(const PathPattern& pattern) {
  std::vector<std::string> out;
  if (pattern.regex) {
    std::string from, to;
    RE2 anchored("^(?:" + pattern.regex->pattern() + ")$", RE2::Latin1);
    bool found = anchored.PossibleMatchRange(&from, &to, 64) && RE2::FullMatch(from, *pattern.regex);
    if (found) out.push_back(std::move(from));
    return out;
  }
  for (auto segment : kSegments)
    for (std::size_t tail = pattern.has_tail() ? 1 : 0; tail <= (pattern.has_tail() ? kTail : 0); ++tail) {
      std::string path;
      for (const PathElement& e : pattern.elements) {
        if (e.kind == PathElement::Kind::tail) break;
        path.append("/").append(e.kind == PathElement::Kind::literal ? e.text : segment);
      }
      for (std::size_t i = 0; i < tail; ++i) path.append("/").append(segment);
      out.push_back(path.empty() ? "/" : std::move(path));
    }
  if (pattern.has_tail()) {
    std::string bare;
    for (const PathElement& e : pattern.elements) {
      if (e.kind == PathElement::Kind::tail) break;
      bare.append("/").append(e.kind == PathElement::Kind::literal ? e.text : kSegments[0]);
    }
    out.push_back(bare.empty() ? "/" : std::move(bare));
  }
  return out;
}

// The routes without their matches that have conditions: those take some requests only, and which is not
// asked.
std::vector<RouteMatches> without_conditions(std::span<const RouteMatches> routes) {
  std::vector<RouteMatches> out(routes.begin(), routes.end());
  for (RouteMatches& route : out)
    std::erase_if(route.matches, [](const Match& m) { return !m.conditions.empty(); });
  return out;
}

bool has_conditions(std::span<const RouteMatches> routes) {
  return std::ranges::any_of(routes, [](const RouteMatches& route) {
    return std::ranges::any_of(route.matches, [](const Match& m) { return !m.conditions.empty(); });
  });
}

bool reaches(const Lookup& found, std::uint32_t route) {
  return found.outcome == Lookup::Outcome::matched && found.route == route;
}

}  // namespace

Exposure::Exposure(std::span<const RouteMatches> routes, const RouteTable& table,
                   const std::vector<PathPattern>& exempt)
    : routes_(routes), table_(table), unconditional_(table) {
  if (has_conditions(routes)) unconditional_ = build_table(without_conditions(routes), OnTie::first).table;
  if (exempt.empty()) return;
  Match match;
  match.paths = exempt;
  std::vector<RouteMatches> one{{"exempt", 0, {std::move(match)}}};
  exempt_ = build_table(one, OnTie::first).table;
}

bool Exposure::is_exempt(const http::RequestHead& head) const {
  return exempt_.find(head).outcome == Lookup::Outcome::matched;
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
  auto hosts = sample_hosts(match), methods = sample_methods(match);
  for (const PathPattern& pattern : patterns) {
    auto paths = sample_paths(pattern);
    if (paths.empty()) return Proof{index, {}};
    for (const std::string& path : paths)
      for (const std::string& host : hosts)
        for (const std::string& method : methods) {
          Example example(method, host, path);
          if (is_exempt(example.head())) continue;
          if (!match.conditions.empty()) return Proof{index, shown(match, example)};
          if (!reaches(unconditional_.find(example.head()), route)) continue;
          // Conditions of others may take this one, but not all that are like it.
          bool shows = reaches(table_.find(example.head()), route);
          return Proof{index, shows ? example.text() : ""};
        }
  }
  return std::nullopt;
}

}  // namespace sluice::routing

// SPDX-License-Identifier: Apache-2.0
// NaiveTable: the precedence of routes as it is defined, by comparing every match with the request and every
// fitting match with every other. The measure for the route table in property tests and in the fuzz target;
// shares the pattern parser with it and nothing else.
#pragma once
#include <algorithm>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <re2/re2.h>

#include "gateway/routing/match.h"

namespace sluice::routing {

class NaiveTable {
 public:
  // Compared from left to right, the greater wins.
  struct Rank {
    std::pair<int, std::size_t> host;  // exact 2, wildcard 1, any 0; characters
    std::vector<int> path;  // per segment: literal 4, param 3, expression 2, tail 1; 5 ends the path
    int method = 0;         // 2 named, 1 HEAD through GET, 0 no condition
    std::size_t headers = 0, queries = 0;
    int priority = 0;
    auto operator<=>(const Rank&) const = default;
  };
  struct Fit {
    std::uint32_t route, match;
    Rank rank;
  };
  struct Verdict {
    std::vector<Fit> fits;        // in the order written
    std::set<std::string> allow;  // named by matches that only the method ruled out

    // The best; of equals the one written first. Null if nothing fits.
    const Fit* winner() const {
      const Fit* best = nullptr;
      for (const Fit& f : fits)
        if (!best || f.rank > best->rank) best = &f;
      return best;
    }
    bool tied(std::uint32_t a, std::uint32_t b) const {
      for (const Fit& f : fits)
        for (const Fit& g : fits)
          if (f.route == a && g.route == b && f.rank == g.rank) return true;
      return false;
    }
  };

  explicit NaiveTable(std::span<const RouteMatches> routes) : routes_(routes.begin(), routes.end()) {}

  Verdict find(const http::RequestHead& request) const {
    Verdict v;
    if (!request.path.starts_with('/')) return v;
    for (std::uint32_t r = 0; r < routes_.size(); ++r)
      for (std::uint32_t m = 0; m < routes_[r].matches.size(); ++m) judge(request, r, m, v);
    return v;
  }

  static bool path_fits(const PathPattern& pattern, std::string_view path) {
    if (pattern.regex) return RE2::FullMatch(std::string(path), *pattern.regex);
    auto segments = split(path);
    for (std::size_t i = 0; i < pattern.elements.size(); ++i) {
      const auto& e = pattern.elements[i];
      if (e.kind == PathElement::Kind::tail) return true;
      if (i == segments.size()) return false;
      if (e.kind == PathElement::Kind::literal ? e.text != segments[i] : segments[i].empty()) return false;
    }
    return pattern.elements.size() == segments.size();
  }

  static bool host_fits(const HostPattern& pattern, std::string_view host) {
    switch (pattern.kind) {
      case HostPattern::Kind::any:
        return true;
      case HostPattern::Kind::exact:
        return host == pattern.name;
      case HostPattern::Kind::wildcard:
        break;
    }
    std::string suffix = "." + pattern.name;
    return host.size() > suffix.size() && host.ends_with(suffix);
  }

 private:
  static std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> out{""};
    for (char c : path.substr(1)) {
      if (c == '/')
        out.emplace_back();
      else
        out.back() += c;
    }
    return out;
  }

  static std::vector<int> path_rank(const PathPattern& pattern) {
    std::vector<int> rank;
    for (const auto& e : pattern.elements)
      rank.push_back(e.kind == PathElement::Kind::literal ? 4 : e.kind == PathElement::Kind::param ? 3 : 1);
    if (pattern.regex)
      rank.push_back(2);
    else if (!pattern.has_tail())
      rank.push_back(5);
    return rank;
  }

  // -1: does not fit.
  static int method_rank(const Match& match, std::string_view method) {
    auto named = [&](std::string_view m) {
      return std::find(match.methods.begin(), match.methods.end(), m) != match.methods.end();
    };
    if (match.methods.empty()) return method == "TRACE" ? -1 : 0;
    if (named(method)) return 2;
    return method == "HEAD" && named("GET") ? 1 : -1;
  }

  void judge(const http::RequestHead& request, std::uint32_t r, std::uint32_t m, Verdict& v) const {
    const Match& match = routes_[r].matches[m];
    Rank rank;
    for (const auto& c : match.conditions) {
      if (!c->fits(request)) return;
      rank.headers += c->kind() == Condition::Kind::header;
      rank.queries += c->kind() == Condition::Kind::query;
    }
    rank.method = method_rank(match, request.method_text);
    rank.priority = routes_[r].priority;
    auto hosts = match.hosts.empty() ? std::vector<HostPattern>{{}} : match.hosts;
    auto paths = match.paths.empty() ? std::vector{std::get<PathPattern>(parse_path("/**"))} : match.paths;
    for (const auto& h : hosts)
      for (const auto& p : paths) {
        if (!host_fits(h, request.host) || !path_fits(p, request.path)) continue;
        rank.host = {static_cast<int>(h.kind), h.name.size()};
        rank.path = path_rank(p);
        if (rank.method >= 0) {
          v.fits.push_back({r, m, rank});
        } else if (match.methods.empty()) {
          v.allow.insert({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"});
        } else {
          v.allow.insert(match.methods.begin(), match.methods.end());
        }
      }
  }

  std::vector<RouteMatches> routes_;
};

}  // namespace sluice::routing

// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/table_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include <re2/re2.h>

#include "gateway/routing/placement.h"
#include "gateway/routing/ties.h"

namespace sluice::routing {
namespace {

class TableBuilder {
 public:
  TableBuilder() : every_path_(std::get<PathPattern>(parse_path("/**"))) {}

  void add(std::uint32_t index, const RouteMatches& route) {
    parts_->priorities.push_back(route.priority);
    for (std::uint32_t m = 0; m < route.matches.size(); ++m) add_match(index, m, route.matches[m]);
  }

  BuiltTable build(std::span<const RouteMatches> routes, OnTie on_tie) {
    std::sort(placements_.begin(), placements_.end(), [](const Placement& a, const Placement& b) {
      return std::tuple(a.place(), a.rank(), a.order()) < std::tuple(b.place(), b.rank(), b.order());
    });
    lay_out();
    shrink();
    const TableParts& parts = *parts_;
    BuiltTable out{RouteTable(std::move(parts_)), std::move(findings_)};
    if (on_tie == OnTie::error) find_ties(placements_, parts, out.table, routes, out.findings);
    return out;
  }

 private:
  void add_match(std::uint32_t route, std::uint32_t index, const Match& match) {
    Placement p;
    p.entry.route = route;
    p.entry.match = index;
    p.priority = parts_->priorities.back();
    for (const auto& name : match.methods) {
      auto method = parts_->methods.add(name);
      if (!method) return too_many_methods(p.entry, name);
      p.entry.methods |= *method;
    }
    add_conditions(p, match);
    if (match.paths.empty()) add_path(p, match, every_path_);
    for (const auto& path : match.paths) add_path(p, match, path);
    p.entry.redirected = true;
    for (const auto& path : match.redirected) add_path(p, match, path);
  }

  void too_many_methods(const Entry& e, const std::string& name) {
    findings_.push_back({e.route, e.match, e.route, e.match,
                         fmt::format("method {}: the routes name more than {} extension methods", name,
                                     MethodNames::kMaxExtensions),
                         ""});
  }

  void add_conditions(Placement& p, const Match& match) {
    if (match.conditions.empty()) return;
    for (const auto& c : match.conditions) {
      p.headers += c->kind() == Condition::Kind::header;
      p.queries += c->kind() == Condition::Kind::query;
    }
    p.entry.conditions = static_cast<std::uint32_t>(parts_->conditions.size());
    parts_->conditions.push_back(match.conditions);
  }

  void add_path(Placement p, const Match& match, const PathPattern& path) {
    p.entry.pattern = static_cast<std::uint32_t>(parts_->patterns.size());
    parts_->patterns.push_back({text(path.text), static_cast<std::uint32_t>(parts_->captures.size())});
    p.list = path.regex ? List::regex : path.has_tail() ? List::tail : List::exact;
    if (path.regex) p.entry.regex = add_regex(path);
    p.entry.captures = static_cast<std::uint16_t>(path.regex ? add_groups(*path.regex) : add_captures(path));
    if (match.hosts.empty()) place(p, kAnyHost, path);
    for (const auto& host : match.hosts) place(p, root(host), path);
  }

  void place(Placement p, NodeId root, const PathPattern& path) {
    p.host = p.node = root;
    for (const auto& e : path.elements) {
      if (e.kind == PathElement::Kind::literal) p.node = parts_->trie.add_child(p.node, e.text);
      if (e.kind == PathElement::Kind::param) p.node = parts_->trie.add_param(p.node);
    }
    placements_.push_back(p);
  }

  NodeId root(const HostPattern& host) {
    if (host.kind == HostPattern::Kind::any) return kAnyHost;
    if (host.kind == HostPattern::Kind::exact) return parts_->trie.add_child(kExactHosts, host.name);
    auto labels = std::count(host.name.begin(), host.name.end(), '.') + 1;
    parts_->wildcard_labels |= std::uint64_t{1} << std::min<long>(labels, 63);
    return parts_->trie.add_child(kWildcardHosts, host.name);
  }

  std::uint32_t add_regex(const PathPattern& path) {
    auto [known, added] = regexes_.try_emplace(path.regex->pattern(), parts_->regexes.size());
    if (added) parts_->regexes.push_back(path.regex);
    return known->second;
  }

  std::uint32_t add_captures(const PathPattern& path) {
    std::uint32_t n = 0;
    for (std::uint32_t i = 0; i < path.elements.size(); ++i) {
      const auto& e = path.elements[i];
      if (e.kind == PathElement::Kind::literal || e.text.empty()) continue;
      parts_->captures.push_back({text(e.text), i, e.kind == PathElement::Kind::tail});
      ++n;
    }
    return n;
  }

  std::uint32_t add_groups(const RE2& regex) {
    for (const auto& [group, name] : regex.CapturingGroupNames())
      parts_->captures.push_back({text(name), static_cast<std::uint32_t>(group), false});
    return static_cast<std::uint32_t>(regex.CapturingGroupNames().size());
  }

  TextSpan text(std::string_view s) {
    TextSpan t{static_cast<std::uint32_t>(parts_->texts.size()), static_cast<std::uint32_t>(s.size())};
    parts_->texts += s;
    return t;
  }

  // The sorted placements give each node its lists, one behind the other in the order of enum List.
  void lay_out() {
    parts_->entries.reserve(placements_.size());
    for (const auto& p : placements_) {
      Node& node = parts_->trie.node(p.node);
      if (node.exact + node.regex + node.tail == 0)
        node.entries = static_cast<std::uint32_t>(parts_->entries.size());
      ++(p.list == List::exact ? node.exact : p.list == List::regex ? node.regex : node.tail);
      parts_->entries.push_back(p.entry);
    }
  }

  void shrink() {
    parts_->trie.shrink();
    parts_->patterns.shrink_to_fit();
    parts_->captures.shrink_to_fit();
    parts_->texts.shrink_to_fit();
  }

  std::unique_ptr<TableParts> parts_ = std::make_unique<TableParts>();
  PathPattern every_path_;
  std::vector<Placement> placements_;
  std::unordered_map<std::string, std::uint32_t> regexes_;  // by expression
  std::vector<Finding> findings_;
};

}  // namespace

BuiltTable build_table(std::span<const RouteMatches> routes, OnTie on_tie) {
  TableBuilder builder;
  for (std::uint32_t i = 0; i < routes.size(); ++i) builder.add(i, routes[i]);
  return builder.build(routes, on_tie);
}

}  // namespace sluice::routing

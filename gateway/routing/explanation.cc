// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/explanation.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/config/diagnostic.h"

namespace sluice::routing {
namespace {

PathPattern pattern_of(const TableParts& parts, const Entry& entry) {
  // It was parsed from this text before, so it parses again.
  return std::get<PathPattern>(parse_path(parts.text(parts.patterns[entry.pattern].text)));
}

// The i-th step of a pattern as its rank counts it: elements, then an expression or the end.
std::string step(const PathPattern& pattern, std::size_t i) {
  if (i >= pattern.elements.size()) return pattern.regex ? "expression `" + pattern.text + "`" : "the end";
  const PathElement& e = pattern.elements[i];
  switch (e.kind) {
    case PathElement::Kind::literal:
      return "literal `" + e.text + "`";
    case PathElement::Kind::param:
      return "{" + e.text + "}";
    case PathElement::Kind::tail:
      break;
  }
  return e.text.empty() ? "`**`" : "{" + e.text + "...}";
}

// A number for each kind of step, the same for those of the same rank.
int step_rank(const PathPattern& pattern, std::size_t i) {
  if (i >= pattern.elements.size()) return pattern.regex ? 3 : 4;
  return static_cast<int>(pattern.elements[i].kind);
}

std::string lost_by_path(const TableParts& parts, const Entry& winner, const Entry& loser) {
  PathPattern a = pattern_of(parts, winner), b = pattern_of(parts, loser);
  for (std::size_t i = 0; i <= std::min(a.elements.size(), b.elements.size()); ++i)
    if (step_rank(a, i) != step_rank(b, i)) return fmt::format("path: {} beats {}", step(a, i), step(b, i));
  return {};
}

// 2 named, 1 HEAD through GET, 0 no condition.
int method_rank(const Entry& e, MethodSet method) {
  if (e.methods == 0) return 0;
  return e.methods & method ? 2 : 1;
}

std::size_t count(const TableParts& parts, const Entry& e, Condition::Kind kind) {
  if (e.conditions == kNone) return 0;
  const auto& list = parts.conditions[e.conditions];
  return std::count_if(list.begin(), list.end(), [&](const auto& c) { return c->kind() == kind; });
}

std::string methods_text(const TableParts& parts, const Entry& e) {
  return e.methods == 0 ? "any method" : "[" + parts.methods.text(e.methods) + "]";
}

std::string lost_to(const TableParts& parts, MethodSet method, const Seen& winner, const Seen& loser) {
  if (winner.host != loser.host)
    return fmt::format("host: `{}` beats {}", host_text(parts, winner.host), host_text(parts, loser.host));
  const Entry &a = *winner.entry, &b = *loser.entry;
  if (auto text = lost_by_path(parts, a, b); !text.empty()) return text;
  if (a.redirected != b.redirected) return "path: it is the route's own path only with the other ending";
  if (method_rank(a, method) != method_rank(b, method))
    return fmt::format("method: {} beats {}", methods_text(parts, a), methods_text(parts, b));
  for (auto kind : {Condition::Kind::header, Condition::Kind::query}) {
    auto n = count(parts, a, kind), m = count(parts, b, kind);
    if (n != m)
      return fmt::format("{} conditions: {} beat {}", kind == Condition::Kind::header ? "header" : "query", n,
                         m);
  }
  int p = parts.priorities[a.route], q = parts.priorities[b.route];
  if (p != q) return fmt::format("priority: {} beats {}", p, q);
  return "order: the winner is written first";
}

// The first condition that the request does not meet; "" if it meets all.
std::string unmet(const TableParts& parts, const Arrival& arrival, MethodSet fitting, const Entry& e) {
  const http::RequestHead& request = arrival.head;
  if (e.methods == 0 && !in_any(request.method))
    return fmt::format("method {} must be named by a route", request.method_text);
  if (e.methods != 0 && !(e.methods & fitting))
    return fmt::format("method {} not in {}", request.method_text, methods_text(parts, e));
  if (e.conditions == kNone) return {};
  for (const auto& c : parts.conditions[e.conditions])
    if (!c->fits(arrival)) return "condition not met: " + c->text();
  return {};
}

std::string conditions_text(const TableParts& parts, const Entry& e) {
  std::string out;
  if (e.conditions == kNone) return out;
  for (const auto& c : parts.conditions[e.conditions]) out += (out.empty() ? "" : ", ") + c->text();
  return out;
}

bool has_paths(const Node& root) {
  return root.literals > 0 || root.param != kNoNode || root.exact + root.regex + root.tail > 0;
}

// How deep the path leads into the trie below `id`: the last node, and where the segment starts that leads
// nowhere.
std::pair<NodeId, std::size_t> deepest(const Trie& trie, std::string_view path, NodeId id, std::size_t at) {
  std::pair<NodeId, std::size_t> best{id, at};
  if (at > path.size()) return best;
  std::size_t end = std::min(path.find('/', at), path.size());
  auto segment = path.substr(at, end - at);
  for (NodeId child : {trie.find_child(id, segment), segment.empty() ? kNoNode : trie.node(id).param}) {
    if (child == kNoNode) continue;
    auto below = deepest(trie, path, child, end + 1);
    if (below.second > best.second) best = below;
  }
  return best;
}

std::string with_suggestion(std::string text, std::string_view meant,
                            const std::vector<std::string_view>& known) {
  auto nearest = base::nearest(meant, known);
  if (!nearest.empty()) text += "; " + config::did_you_mean(nearest);
  return text;
}

std::string hint_for(const TableParts& parts, const http::RequestHead& request) {
  const Trie& trie = parts.trie;
  NodeId root = trie.find_child(kExactHosts, request.host);
  for (auto dot = request.host.find('.'); root == kNoNode && dot != std::string_view::npos;
       dot = request.host.find('.', dot + 1))
    if (dot > 0) root = trie.find_child(kWildcardHosts, request.host.substr(dot + 1));
  if (root == kNoNode && !has_paths(trie.node(kAnyHost)))
    return with_suggestion(fmt::format("host: no route is for `{}`", request.host), request.host,
                           trie.labels_below(kExactHosts));
  std::pair<NodeId, std::size_t> best = deepest(trie, request.path, kAnyHost, 1);
  if (root != kNoNode)
    if (auto own = deepest(trie, request.path, root, 1); own.second >= best.second) best = own;
  auto [node, at] = best;
  if (at > request.path.size())
    return fmt::format("path: routes go on from `{}`, none ends there", request.path);
  auto segment = request.path.substr(at, request.path.find('/', at) - at);
  return with_suggestion(
      fmt::format("path: no route goes on from `{}` with `{}`", request.path.substr(0, at), segment), segment,
      trie.labels_below(node));
}

}  // namespace

std::string host_text(const TableParts& parts, NodeId root) {
  if (root == kAnyHost) return "any host";
  std::string label(parts.trie.label(root));
  return parts.trie.node(root).parent == kWildcardHosts ? "*." + label : label;
}

void explain(const TableParts& parts, const Arrival& arrival, std::span<const Seen> seen, const Entry* winner,
             Trace& trace) {
  const http::RequestHead& request = arrival.head;
  MethodSet method = parts.methods.find(request.method, request.method_text);
  MethodSet fitting = method | (request.method == http::Method::head ? bit(http::Method::get) : 0);
  auto won = std::find_if(seen.begin(), seen.end(), [&](const Seen& s) { return s.entry == winner; });
  for (const Seen& s : seen) {
    Candidate c;
    c.route = s.entry->route;
    c.match = s.entry->match;
    c.host = host_text(parts, s.host);
    c.path = parts.text(parts.patterns[s.entry->pattern].text);
    c.conditions = conditions_text(parts, *s.entry);
    c.won = s.entry == winner;
    if (!c.won) c.lost_by = unmet(parts, arrival, fitting, *s.entry);
    if (!c.won && c.lost_by.empty() && won != seen.end()) c.lost_by = lost_to(parts, method, *won, s);
    trace.candidates.push_back(std::move(c));
  }
  if (seen.empty() && request.path.starts_with('/')) trace.hint = hint_for(parts, request);
}

}  // namespace sluice::routing

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <re2/re2.h>

#include "gateway/routing/example.h"
#include "gateway/routing/ties.h"

namespace sluice::routing {
namespace {

// Stand-ins for what patterns leave open. Several, because one may be a literal that another route has.
constexpr std::string_view kSamples[] = {"x", "y", "z", "some", "any-1", "any-2"};

std::string sample_host(const TableParts& parts, NodeId root, std::string_view sample) {
  if (root == kAnyHost) return std::string(sample) + ".example.com";
  std::string label(parts.trie.label(root));
  return parts.trie.node(root).parent == kWildcardHosts ? std::string(sample) + "." + label : label;
}

// "" if `pattern` is an expression of which no match is at hand.
std::string sample_path(const PathPattern& pattern, std::string_view sample) {
  if (pattern.regex) {
    std::string from, to;
    RE2 anchored("^(?:" + pattern.regex->pattern() + ")$", RE2::Latin1);
    bool found = anchored.PossibleMatchRange(&from, &to, 64) && RE2::FullMatch(from, *pattern.regex);
    return found ? from : "";
  }
  std::string path;
  for (const auto& e : pattern.elements) {
    path += '/';
    path += e.kind == PathElement::Kind::literal ? e.text : sample;
  }
  return path;
}

// False if no request that meets all of them is at hand.
bool meet(const TableParts& parts, const Entry& entry, Example& example) {
  if (entry.conditions == kNone) return true;
  const auto& all = parts.conditions[entry.conditions];
  return std::all_of(all.begin(), all.end(), [&](const auto& c) { return c->meet(example); });
}

}  // namespace

std::string witness(const Placement& a, const Placement& b, const TableParts& parts, const RouteTable& table,
                    std::string_view known) {
  PathPattern pattern = std::get<PathPattern>(parse_path(parts.text(parts.patterns[a.entry.pattern].text)));
  MethodSet shared = a.entry.methods & b.entry.methods;
  std::string method = shared == 0 ? "GET" : parts.methods.text(shared & (~shared + 1));
  std::string text;
  for (auto sample : kSamples) {
    std::string path = known.empty() ? sample_path(pattern, sample) : std::string(known);
    if (path.empty()) return "";
    Example example(method, sample_host(parts, a.host, sample), path);
    bool met = meet(parts, a.entry, example) && meet(parts, b.entry, example);
    if (!met || !parts.conditions_fit(a.entry, example.head()) ||
        !parts.conditions_fit(b.entry, example.head()))
      return "";
    Lookup found = table.find(example.head());
    bool of_the_two = found.outcome == Lookup::Outcome::matched &&
                      (found.route == a.entry.route || found.route == b.entry.route);
    if (of_the_two || text.empty()) text = example.text();
    if (of_the_two) break;
  }
  return text;
}

}  // namespace sluice::routing

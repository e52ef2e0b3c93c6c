// SPDX-License-Identifier: Apache-2.0
#include <re2/re2.h>

#include "gateway/base/arena.h"
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

}  // namespace

std::string witness(const Placement& a, const Placement& b, const TableParts& parts,
                    const RouteTable& table) {
  PathPattern pattern = std::get<PathPattern>(parse_path(parts.text(parts.patterns[a.entry.pattern].text)));
  MethodSet shared = a.entry.methods & b.entry.methods;
  std::string method = shared == 0 ? "GET" : parts.methods.text(shared & (~shared + 1));
  std::string text;
  for (auto sample : kSamples) {
    base::Arena arena;
    http::RequestHead head(arena);
    std::string host = sample_host(parts, a.host, sample), path = sample_path(pattern, sample);
    if (path.empty()) return "";
    head.method = http::method(method);
    head.method_text = method;
    head.host = host;
    head.path = path;
    Lookup found = table.find(head);
    bool of_the_two = found.outcome == Lookup::Outcome::matched &&
                      (found.route == a.entry.route || found.route == b.entry.route);
    if (of_the_two || text.empty()) text = method + " http://" + host + path;
    if (of_the_two) break;
  }
  return text;
}

}  // namespace sluice::routing

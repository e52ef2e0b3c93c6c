// SPDX-License-Identifier: Apache-2.0
// Precedence. Of all matches that fit a request the winner is decided by, in this order:
//   1. host: exact, then the wildcard with most characters, then any
//   2. path, segment by segment from the left: literal, `{param}`, expression, tail; a pattern that ends
//      with the path beats an expression or a tail that could go on. An expression counts from where its
//      literal segments end
//   3. method: named, then HEAD through a named GET, then no method condition
//   4. number of header and cookie conditions   5. number of query conditions   6. priority
// At one place of host and path, a match that is redirected from there to a path of its own comes last.
// 1 and 2 are the order in which the walk below takes hosts and branches, 3 to 6 the order of each list; so
// the first entry that fits is the winner, and nothing is ever compared.
#include "gateway/routing/search.h"

#include <algorithm>

namespace sluice::routing {

Search::Search(const TableParts& parts, const Arrival& arrival, std::vector<Seen>* seen) noexcept
    : parts_(parts),
      request_(arrival.head),
      connection_(arrival.connection),
      seen_(seen),
      method_(parts.methods.find(request_.method, request_.method_text)),
      implied_(request_.method == http::Method::head ? bit(http::Method::get) : 0),
      fits_any_(in_any(request_.method)) {}

const Entry* Search::run() {
  if (request_.path.starts_with('/')) walk_hosts();
  return winner_;
}

// As for a method that no entry has.
MethodSet Search::methods() {
  method_ = implied_ = 0;
  fits_any_ = false;
  run();
  return allow_;
}

// Each walk says whether to stop: with the winner found, unless all entries are wanted.
bool Search::walk_hosts() {
  std::string_view host = request_.host;
  if (parts_.trie.node(kExactHosts).literals > 0) {
    NodeId root = parts_.trie.find_child(kExactHosts, host);
    if (root != kNoNode && walk_paths(root)) return true;
  }
  if (parts_.wildcard_labels != 0 && walk_wildcards(host)) return true;
  return walk_paths(kAnyHost);
}

// From the longest suffix to the shortest. Suffixes with a number of labels that no wildcard has are not
// looked up, so that a host of a hundred labels costs no more than it must.
bool Search::walk_wildcards(std::string_view host) {
  auto labels = std::count(host.begin(), host.end(), '.');
  for (std::size_t dot = host.find('.'); dot != std::string_view::npos;
       dot = host.find('.', dot + 1), --labels) {
    if (dot == 0 || !(parts_.wildcard_labels >> std::min<long>(labels, 63) & 1)) continue;
    NodeId root = parts_.trie.find_child(kWildcardHosts, host.substr(dot + 1));
    if (root != kNoNode && walk_paths(root)) return true;
  }
  return false;
}

bool Search::walk_paths(NodeId root) {
  host_ = root;
  return visit(root, 1);
}

// `at` is where the next segment starts; behind the path's end there is none ("/a/" has two, the second
// empty). As deep as the longest pattern at most, and never more visits than the trie has nodes on these
// levels.
bool Search::visit(NodeId id, std::size_t at) {
  const Node& node = parts_.trie.node(id);
  std::string_view path = request_.path;
  if (at > path.size()) {
    if (node.exact > 0 && try_list(node.entries, node.exact, path.size())) return true;
  } else if (node.literals > 0 || node.param != kNoNode) {
    std::size_t end = std::min(path.find('/', at), path.size());
    std::string_view segment = path.substr(at, end - at);
    NodeId child = node.literals > 0 ? parts_.trie.find_child(id, segment) : kNoNode;
    if (child != kNoNode && visit(child, end + 1)) return true;
    if (node.param != kNoNode && !segment.empty() && visit(node.param, end + 1)) return true;
  }
  if (node.regex > 0 && try_list(node.entries + node.exact, node.regex, 0)) return true;
  return node.tail > 0 && try_list(node.entries + node.exact + node.regex, node.tail, at - 1);
}

// `prefix`: path bytes in front of the tail of the patterns in this list.
bool Search::try_list(std::size_t begin, std::size_t count, std::size_t prefix) {
  if (seen_)
    for (std::size_t i = begin; i < begin + count; ++i)
      if (parts_.regex_fits(parts_.entries[i], request_.path)) seen_->push_back({&parts_.entries[i], host_});
  if (!winner_) {
    winner_ = pick(begin, count);
    prefix_ = prefix;
  }
  return winner_ && !seen_;
}

const Entry* Search::pick(std::size_t begin, std::size_t count) {
  const Entry* through_get = nullptr;
  for (std::size_t i = begin; i < begin + count; ++i) {
    const Entry& e = parts_.entries[i];
    if (e.methods == 0) {
      if (through_get) break;
      if (fits_any_ || (kAnyKnown & ~allow_) != 0) {
        if (!fits(e)) continue;
        if (fits_any_) return &e;
        rule_out(e, kAnyKnown);
      }
    } else if (e.methods & method_) {
      if (fits(e)) return &e;
    } else if (e.methods & implied_) {
      if (!through_get && fits(e)) through_get = &e;
    } else if ((e.methods & ~allow_) != 0 && fits(e)) {
      rule_out(e, e.methods);
    }
  }
  return through_get;
}

void Search::rule_out(const Entry& e, MethodSet methods) noexcept {
  if (!ruled_out_) ruled_out_ = &e;
  allow_ |= methods;
}

// Most entries have neither, and are asked for no more than that.
bool Search::fits(const Entry& e) const {
  return (e.regex == kNone || parts_.regex_fits(e, request_.path)) &&
         (e.conditions == kNone || parts_.conditions_fit(e, {request_, connection_}));
}

}  // namespace sluice::routing

// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/ties.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include <re2/re2.h>

#include "gateway/expression/regex.h"
#include "gateway/routing/regex_literals.h"
#include "gateway/routing/regex_states.h"

namespace sluice::routing {
namespace {

using Group = std::span<const Placement>;

bool share_method(const Entry& a, const Entry& b) { return a.methods == 0 || (a.methods & b.methods) != 0; }

bool exclude_each_other(const TableParts& parts, const Entry& a, const Entry& b) {
  if (a.conditions == kNone || b.conditions == kNone) return false;
  for (const auto& x : parts.conditions[a.conditions])
    for (const auto& y : parts.conditions[b.conditions])
      if (x->excludes(*y) || y->excludes(*x)) return true;
  return false;
}

// What an expression matches lies between these two texts and starts with the third.
struct Range {
  std::string from;
  std::string to;
  std::string prefix;

  bool meets(const Range& other) const {
    return to >= other.from && other.to >= from &&
           (prefix.starts_with(other.prefix) || other.prefix.starts_with(prefix));
  }
};

Range range_of(const RE2& regex) {
  // The start of a path that the range is about: enough to tell apart what people write at one place.
  constexpr int kLength = 64;
  RE2 anchored("^(?:" + regex.pattern() + ")$",
               expression::regex_options(RE2::Options::EncodingLatin1, expression::kLargeRegexMemory));
  Range range;
  range.prefix = literal_prefix(regex.pattern());
  if (!anchored.ok() || !anchored.PossibleMatchRange(&range.from, &range.to, kLength)) {
    range.from.clear();
    range.to = "\xFF";
  }
  return range;
}

class TieFinder {
 public:
  TieFinder(const TableParts& parts, const RouteTable& table, std::span<const RouteMatches> routes,
            std::vector<Finding>& findings)
      : parts_(parts), table_(table), routes_(routes), findings_(findings) {}

  void run(Group sorted) {
    while (!sorted.empty()) {
      std::size_t n = 1;
      while (n < sorted.size() && sorted[n].place() == sorted[0].place() &&
             sorted[n].rank() == sorted[0].rank())
        ++n;
      if (n > 1) equal_rank(sorted.first(n));
      sorted = sorted.subspan(n);
    }
  }

 private:
  void equal_rank(Group group) {
    if (group[0].list != List::regex) return same_path(group);
    std::vector<Placement> by_regex(group.begin(), group.end());
    std::sort(by_regex.begin(), by_regex.end(), [](const Placement& a, const Placement& b) {
      return std::tuple(a.entry.regex, a.order()) < std::tuple(b.entry.regex, b.order());
    });
    std::vector<Group> same;
    for (Group rest = by_regex; !rest.empty(); rest = rest.subspan(same.back().size())) {
      auto other = std::find_if(rest.begin(), rest.end(),
                                [&](const Placement& p) { return p.entry.regex != rest[0].entry.regex; });
      same.push_back(rest.first(other - rest.begin()));
      same_path(same.back());
    }
    if (same.size() > 1) different_expressions(same);
  }

  void same_path(Group group) {
    bool conditions = std::any_of(group.begin(), group.end(),
                                  [](const Placement& p) { return p.entry.conditions != kNone; });
    if (conditions) return by_pairs(group);
    // The first to claim each method; whoever claims it again, for another route, ties with that one.
    std::array<const Placement*, 64> owners{};
    for (const Placement& p : group) {
      for (unsigned i = 0; i < owners.size(); ++i) {
        if (p.entry.methods != 0 && !(p.entry.methods >> i & 1)) continue;
        if (!owners[i]) owners[i] = &p;
        if (owners[i]->entry.route != p.entry.route) tie(*owners[i], p);
        if (p.entry.methods == 0) break;
      }
    }
  }

  void by_pairs(Group group) {
    for (std::size_t j = 1; j < group.size(); ++j)
      for (std::size_t i = 0; i < j; ++i) {
        const Entry &a = group[i].entry, &b = group[j].entry;
        if (a.route == b.route || !share_method(a, b) || exclude_each_other(parts_, a, b)) continue;
        tie(group[i], group[j]);
        break;
      }
  }

  // Matches with one expression.
  struct Ranged {
    Range range;
    Group group;
    std::optional<RegexStates> states;
  };

  // Sweeps over the ranges by their lower ends: each expression meets those before it that reach as far.
  void different_expressions(const std::vector<Group>& groups) {
    std::vector<Ranged> all;
    for (Group g : groups) {
      const RE2& regex = *parts_.regexes[g[0].entry.regex];
      all.push_back({range_of(regex), g, RegexStates::of(regex.pattern())});
    }
    std::sort(all.begin(), all.end(),
              [](const Ranged& a, const Ranged& b) { return a.range.from < b.range.from; });
    std::vector<const Ranged*> open;
    for (const Ranged& next : all) {
      std::erase_if(open, [&](const Ranged* r) { return r->range.to < next.range.from; });
      for (const Ranged* r : open)
        if (r->range.meets(next.range) && tie_somewhere(*r, next)) break;
      open.push_back(&next);
    }
  }

  bool tie_somewhere(const Ranged& one, const Ranged& two) {
    std::optional<Overlap> common;  // not looked for until it matters
    for (const Placement& a : one.group)
      for (const Placement& b : two.group) {
        if (a.entry.route == b.entry.route || !share_method(a.entry, b.entry)) continue;
        if (exclude_each_other(parts_, a.entry, b.entry)) continue;
        if (!common) common = common_path(one, two);
        if (common->verdict == Overlap::Verdict::none) return false;
        bool ordered = std::tie(a.entry.route, a.entry.match) < std::tie(b.entry.route, b.entry.match);
        const Placement &first = ordered ? a : b, &second = ordered ? b : a;
        if (common->verdict == Overlap::Verdict::some) {
          tie(first, second, common->path);
        } else {
          report(first, second,
                 fmt::format("routes {} and {} have expressions of equal rank, and it cannot be told whether "
                             "both match some path; `priority` decides between them",
                             name(first), name(second)),
                 "");
        }
        return true;
      }
    return false;
  }

  Overlap common_path(const Ranged& one, const Ranged& two) {
    if (!one.states || !two.states) return {Overlap::Verdict::unknown, {}};
    const std::string &a = one.states->tail(), &b = two.states->tail();
    if (!a.ends_with(b) && !b.ends_with(a)) return {Overlap::Verdict::none, {}};
    return overlap(*one.states, *two.states, steps_left_);
  }

  // `path`: one that both match, or "".
  void tie(const Placement& first, const Placement& second, std::string_view path = {}) {
    report(first, second,
           fmt::format("routes {} and {} can match the same requests and neither is more specific",
                       name(first), name(second)),
           witness(first, second, parts_, table_, path));
  }

  void report(const Placement& first, const Placement& second, std::string text, std::string witness) {
    const Entry &a = first.entry, &b = second.entry;
    if (!reported_.emplace(a.route, b.route).second) return;
    findings_.push_back({b.route, b.match, a.route, a.match, std::move(text), std::move(witness)});
  }

  const std::string& name(const Placement& p) const { return routes_[p.entry.route].name; }

  const TableParts& parts_;
  const RouteTable& table_;
  std::span<const RouteMatches> routes_;
  std::vector<Finding>& findings_;
  std::size_t steps_left_ = 500'000'000;  // of all comparisons together: some seconds
  std::set<std::pair<std::uint32_t, std::uint32_t>> reported_;
};

}  // namespace

void find_ties(std::span<const Placement> sorted, const TableParts& parts, const RouteTable& table,
               std::span<const RouteMatches> routes, std::vector<Finding>& findings) {
  TieFinder(parts, table, routes, findings).run(sorted);
}

}  // namespace sluice::routing

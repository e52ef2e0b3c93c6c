// SPDX-License-Identifier: Apache-2.0
// TableParts: the arrays that a route table consists of. Written by the builder, then only read, by search.cc
// and trace.cc; nobody else looks inside a table. Indices instead of pointers and one pool of text keep
// 10,000 routes within a few MiB.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/routing/match.h"
#include "gateway/routing/methods.h"
#include "gateway/routing/trie.h"

namespace sluice::routing {

inline constexpr std::uint32_t kNone = ~std::uint32_t{0};

// A piece of TableParts::texts.
struct TextSpan {
  std::uint32_t at = 0;
  std::uint32_t size = 0;
};

// One match at one host and one path, in the list of the node that its pattern leads to. A list is sorted by
// rank: those not redirected before those that are, with methods before without, more header conditions, more
// query conditions, higher priority, written first.
struct Entry {
  MethodSet methods = 0;  // 0: every method that in_any() names
  std::uint32_t route = 0;
  std::uint32_t match = 0;
  std::uint32_t pattern = 0;
  std::uint16_t captures = 0;  // how many the pattern has
  bool redirected = false;     // see Match
  std::uint32_t regex = kNone;
  std::uint32_t conditions = kNone;
};

struct CaptureSlot {
  TextSpan name;
  std::uint32_t index = 0;  // of the segment, or of the expression's group
  bool tail = false;        // all from that segment on
};

struct StoredPattern {
  TextSpan text;               // as written
  std::uint32_t captures = 0;  // first of its slots
};

struct TableParts {
  Trie trie;
  std::vector<Entry> entries;
  std::vector<StoredPattern> patterns;
  std::vector<CaptureSlot> captures;
  std::vector<std::shared_ptr<const re2::RE2>> regexes;
  std::vector<std::vector<std::shared_ptr<const Condition>>> conditions;
  std::vector<int> priorities;  // by route
  MethodNames methods;
  std::string texts;
  std::uint64_t wildcard_labels = 0;  // bit n: a wildcard host has n labels after the "*."; bit 63: or more

  std::string_view text(TextSpan t) const noexcept { return std::string_view(texts).substr(t.at, t.size); }
  std::span<const CaptureSlot> capture_slots(const Entry& entry) const noexcept {
    return {captures.data() + patterns[entry.pattern].captures, entry.captures};
  }
  bool conditions_fit(const Entry& entry, const Arrival& arrival) const noexcept;
  bool regex_fits(const Entry& entry, std::string_view path) const;
  // Bytes held, without the compiled expressions and conditions.
  std::size_t memory() const noexcept;
};

}  // namespace sluice::routing

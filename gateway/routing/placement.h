// SPDX-License-Identifier: Apache-2.0
// Placement: one entry with the list that it belongs to and its rank within the list. The builder sorts them
// into the table; the search for ties compares neighbours.
#pragma once
#include <cstdint>
#include <tuple>

#include "gateway/routing/table_parts.h"

namespace sluice::routing {

enum class List : std::uint8_t { exact, regex, tail };

struct Placement {
  NodeId node = 0;
  NodeId host = 0;  // the root that the node is below
  List list = List::exact;
  std::uint32_t headers = 0;  // conditions of that kind
  std::uint32_t queries = 0;
  int priority = 0;
  Entry entry;

  // The same place: equal hosts, and paths of equal rank.
  auto place() const noexcept { return std::tuple(node, list); }
  // Smaller comes first. Entries of one place and equal rank are ties if they can fit the same request.
  auto rank() const noexcept {
    return std::tuple(entry.redirected, entry.methods == 0, ~headers, ~queries,
                      -static_cast<std::int64_t>(priority));
  }
  // As written: the order of the paths of one match is the order of their patterns.
  auto order() const noexcept { return std::tuple(entry.route, entry.match, entry.pattern); }
};

}  // namespace sluice::routing

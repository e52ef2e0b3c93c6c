// SPDX-License-Identifier: Apache-2.0
// build_table: from the matches of all routes to the table, with what is wrong about them together. Pure,
// called while a snapshot is built; the configuration turns findings into diagnostics at the places of the
// matches they name.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gateway/routing/match.h"
#include "gateway/routing/route_table.h"

namespace sluice::routing {

// What two matches are that fit the same requests and of which neither is more specific.
enum class OnTie : std::uint8_t {
  error,
  first,  // the one written first wins
};

struct Finding {
  std::uint32_t route = 0;  // where to point: the later one of two
  std::uint32_t match = 0;
  std::uint32_t other_route = 0;  // the earlier one; the same as `route` if only that is concerned
  std::uint32_t other_match = 0;
  std::string text;
  std::string witness;  // a request that both fit, "GET http://api.example.com/users/x"; "" if none was found
};

struct BuiltTable {
  RouteTable table;  // complete even with findings, as if the earlier of two had the higher rank
  std::vector<Finding> findings;
};

BuiltTable build_table(std::span<const RouteMatches> routes, OnTie on_tie = OnTie::error);

}  // namespace sluice::routing

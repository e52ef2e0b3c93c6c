// SPDX-License-Identifier: Apache-2.0
// Ties: pairs of matches that fit the same requests while no rule of precedence puts one before the other.
// Exact for paths without expressions: two patterns of equal rank overlap only if they lead to the same node
// of the trie. Two expressions tie for certain if they are the same text; others of equal rank that cannot be
// shown to be disjoint give a warning. Used by the builder.
#pragma once
#include <span>
#include <vector>

#include "gateway/routing/placement.h"
#include "gateway/routing/table_builder.h"

namespace sluice::routing {

// `sorted` by place and rank, then as written. One finding for a pair of routes at most.
void find_ties(std::span<const Placement> sorted, const TableParts& parts, const RouteTable& table,
               std::span<const RouteMatches> routes, std::vector<Finding>& findings);

// A request that fits both placements and that the table gives to one of the two, if one is easily found:
// "GET http://api.example.com/users/x". "" when only an expression knows.
// `path` is one that both match; "" leaves it to the pattern of `a`.
std::string witness(const Placement& a, const Placement& b, const TableParts& parts, const RouteTable& table,
                    std::string_view path = {});

}  // namespace sluice::routing

// SPDX-License-Identifier: Apache-2.0
// Exposure: proof, by a request, that a route can be reached by paths other than those that are exempt from
// something. Asked while a snapshot is built; knows nothing of what the routes lack.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "gateway/routing/match.h"
#include "gateway/routing/route_table.h"
#include "gateway/routing/table_builder.h"

namespace sluice::routing {

struct EasyMatch;

class Exposure {
 public:
  // All must outlive this.
  Exposure(std::span<const RouteMatches> routes, const RouteTable& table,
           const std::vector<PathPattern>& exempt);

  struct Proof {
    std::uint32_t match = 0;  // of the route
    std::string witness;      // "GET http://api.example.com/users/x"; "" if there is none at hand
  };
  // A request that reaches the route and is not exempt. None if there is none: every path of it is exempt, or
  // other routes take all of its requests. In doubt there is a proof, without a witness: an expression is
  // taken to fit paths of which nobody knows, and neither expressions nor matches with conditions on more
  // than host, path and method are taken to leave nothing to others.
  std::optional<Proof> of(std::uint32_t route) const;

 private:
  struct Place {
    std::uint32_t route, match;
  };
  std::optional<Proof> of_match(std::uint32_t route, std::uint32_t match) const;
  std::optional<Proof> of_paths(Place place, std::span<const std::string> paths) const;
  bool is_exempt(std::string_view path) const;
  bool is_exempt(const PathPattern& expression, const EasyMatch& easy) const;
  static std::string shown(const Match& match, Example& example);

  std::span<const RouteMatches> routes_;
  const RouteTable& table_;
  RouteTable certain_;  // only the matches without conditions, and without expressions
  const std::vector<PathPattern>& exempt_patterns_;
  RouteTable exempt_;
  std::size_t deepest_;  // segments of the longest pattern
};

}  // namespace sluice::routing

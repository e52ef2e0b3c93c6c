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

class Exposure {
 public:
  // Both must outlive this.
  Exposure(std::span<const RouteMatches> routes, const RouteTable& table,
           const std::vector<PathPattern>& exempt);

  struct Proof {
    std::uint32_t match = 0;  // of the route
    std::string witness;      // "GET http://api.example.com/users/x"; "" if there is none at hand
  };
  // A request that reaches the route and is not exempt. None if there is none: every path of it is exempt, or
  // other routes take all of its requests. In doubt (expressions without an easy match, conditions on more
  // than host, path and method) there is a proof, without a lookup or without a witness.
  std::optional<Proof> of(std::uint32_t route) const;

 private:
  std::optional<Proof> of_match(std::uint32_t route, std::uint32_t match) const;
  bool is_exempt(const http::RequestHead& head) const;
  static std::string shown(const Match& match, Example& example);

  std::span<const RouteMatches> routes_;
  const RouteTable& table_;
  RouteTable unconditional_;  // only the matches without conditions
  RouteTable exempt_;
};

}  // namespace sluice::routing

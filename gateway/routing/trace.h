// SPDX-License-Identifier: Apache-2.0
// Trace: what a lookup considered, for `sluice explain` and the log of a developer. Filled by
// RouteTable::find, which runs the same search as without a trace; never used on the normal path.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::routing {

struct Candidate {
  std::uint32_t route = 0;
  std::uint32_t match = 0;
  std::string host;  // the patterns as written: "*.example.com", "any host"
  std::string path;
  std::string conditions;  // "header X-Tenant: acme, query dry: present"; "" without any
  bool won = false;
  // Why it is not the one; "" for the winner. Either a condition that the request does not meet ("method GET
  // not in [POST]") or where the winner ranks above it ("path: literal `orders` beats {id}").
  std::string lost_by;
};

struct Trace {
  // Every match whose host and path fit, best first.
  std::vector<Candidate> candidates;
  // When there is none: how far the request got, and what was perhaps meant.
  std::string hint;
};

}  // namespace sluice::routing

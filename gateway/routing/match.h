// SPDX-License-Identifier: Apache-2.0
// Match and RouteMatches: what the route table is built from. Made by the configuration (or by a test), read
// by the table's builder. All conditions of one match must hold; of several matches of a route one must.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/routing/arrival.h"
#include "gateway/routing/pattern.h"

namespace sluice::routing {

class Example;

// One further condition on a request or its connection, beside host, path and method: a header, cookie or
// query condition ranks the match (more of them win), any other only restricts it. Immutable, shared by the
// workers.
class Condition {
 public:
  enum class Kind : std::uint8_t { header, query, other };  // a cookie counts as a header

  virtual ~Condition() = default;
  virtual Kind kind() const noexcept = 0;
  virtual bool fits(const Arrival& arrival) const noexcept = 0;
  // Can no request satisfy both? Two matches that exclude each other are no tie. False when in doubt.
  virtual bool excludes(const Condition& /*other*/) const noexcept { return false; }
  // Changes the example so that it meets the condition; false where that is not easily done.
  virtual bool meet(Example& /*example*/) const { return false; }
  // As explanations show it: "header X-Tenant: acme".
  virtual std::string text() const = 0;
};

struct Match {
  std::vector<HostPattern> hosts;       // one of them; empty: every host
  std::vector<PathPattern> paths;       // one of them; empty: every path
  std::vector<PathPattern> redirected;  // requests for these are sent to what slashes.h makes of them;
                                        // whoever has such a path itself goes first
  std::vector<std::string> methods;     // one of them, case-sensitive; empty: all but TRACE
  std::vector<std::shared_ptr<const Condition>> conditions;  // all of them
};

struct RouteMatches {
  std::string name;  // for messages
  int priority = 0;  // decides between matches that are equal in everything else; the higher one wins
  std::vector<Match> matches;

  // Names that every path of every match captures: those that the route's filters may rely on.
  std::vector<std::string> captures() const;
  // Is there a path that is no expression, so that a lookup tells a prefix (Lookup::prefix)?
  bool tells_prefix() const;
};

}  // namespace sluice::routing

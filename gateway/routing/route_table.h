// SPDX-License-Identifier: Apache-2.0
// RouteTable: which match of which route a request belongs to. Immutable; one table serves all workers. A
// lookup goes host, path, method, conditions, always from the more to the less specific, so the first entry
// that fits is the winner (precedence: search.cc). Its cost depends on the request's segments, not on the
// number of routes, except for expressions and conditions, which are tried one by one within a node's list.
// No allocation, but for what RE2 does by itself. Made by build_table(); the indices are those of the routes
// that it was given.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/chain/capture.h"
#include "gateway/routing/arrival.h"
#include "gateway/routing/methods.h"
#include "gateway/routing/pattern.h"

namespace sluice::routing {

struct TableParts;
struct Trace;

using chain::Capture;

// What a pattern's `{name}`s stood for, in the pattern's order. Views: valid as long as table and request
// are.
class Captures {
 public:
  Captures() noexcept {}  // NOLINT: the slots are left unset, 512 bytes are not cleared for every request
  Captures(const Captures& other) noexcept { *this = other; }
  Captures& operator=(const Captures& other) noexcept;

  std::span<const Capture> all() const noexcept { return {slots_, size_}; }
  // nullopt if the pattern has no such capture.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  // At most kMaxCaptures times.
  void add(Capture capture) noexcept;

 private:
  std::size_t size_ = 0;
  union {
    Capture slots_[kMaxCaptures];
  };
};

struct Lookup {
  enum class Outcome : std::uint8_t {
    no_route,
    matched,
    method_not_allowed,  // host, path and conditions fit a route, the method none
    options,             // the same for an OPTIONS request: to be answered with Allow; also for "OPTIONS *"
    redirected,          // a route has the path with the other ending: see slashes.h
  };
  Outcome outcome = Outcome::no_route;
  // Index of the route that has it, and of its match; unless it is no_route. Where the method alone is wrong,
  // of the first that has the path for others.
  std::uint32_t route = 0;
  std::uint32_t match = 0;
  std::size_t prefix = 0;  // path bytes that the pattern matched in front of its tail (`/**`, `{rest...}`),
                           // without the slash; the whole path if it has none; 0 for an expression
  MethodSet allow = 0;     // otherwise: what Allow lists; text by RouteTable::method_names
  Captures captures;
};

class RouteTable {
 public:
  RouteTable();  // without routes
  explicit RouteTable(std::unique_ptr<const TableParts> parts);
  // Copies share what they look into.
  RouteTable(const RouteTable&);
  RouteTable& operator=(const RouteTable&);
  RouteTable(RouteTable&&) noexcept;
  RouteTable& operator=(RouteTable&&) noexcept;
  ~RouteTable();

  // The data plane's lookup. With a trace it also notes every candidate and what it lost by; slow.
  Lookup find(const Arrival& arrival, Trace* trace = nullptr) const;
  // What Allow lists for the request's host, path and conditions, whatever its method; 0 where nothing fits.
  MethodSet allowed(const Arrival& arrival) const;
  // "GET, HEAD, OPTIONS", as the Allow field has it (RFC 9110 section 10.2.1).
  std::string method_names(MethodSet methods) const;
  // Bytes held, without the compiled expressions and conditions.
  std::size_t memory() const noexcept;

 private:
  std::shared_ptr<const TableParts> parts_;
};

}  // namespace sluice::routing

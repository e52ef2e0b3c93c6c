// SPDX-License-Identifier: Apache-2.0
// Search: one walk through the table for one request. Used by RouteTable alone.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "gateway/routing/table_parts.h"

namespace sluice::routing {

// An entry whose host and path fit.
struct Seen {
  const Entry* entry;
  NodeId host;  // the root that it was found below
};

class Search {
 public:
  // With `seen` the walk does not stop at the winner and notes every entry that it meets.
  Search(const TableParts& parts, const Arrival& arrival, std::vector<Seen>* seen = nullptr) noexcept;

  // The best entry that fits, or null.
  const Entry* run();
  // Instead: the methods of all entries that fit but for the method.
  MethodSet methods();
  // Of the winner: path bytes that its pattern matched in front of its tail; all without one, 0 for an
  // expression.
  std::size_t prefix() const noexcept { return prefix_; }
  // The methods of the entries that only the method ruled out; complete when run() gave null.
  MethodSet allow() const noexcept { return allow_; }
  // The first of these entries, if there is one.
  const Entry* ruled_out() const noexcept { return ruled_out_; }

 private:
  bool walk_hosts();
  bool walk_wildcards(std::string_view host);
  bool walk_paths(NodeId root);
  bool visit(NodeId id, std::size_t at);
  bool try_list(std::size_t begin, std::size_t count, std::size_t prefix);
  const Entry* pick(std::size_t begin, std::size_t count);
  bool fits(const Entry& entry) const;
  void rule_out(const Entry& entry, MethodSet methods) noexcept;

  const TableParts& parts_;
  const http::RequestHead& request_;
  const http::ConnectionFacts* connection_;  // null: not known
  std::vector<Seen>* seen_;
  MethodSet method_;
  MethodSet implied_;  // GET for a HEAD request, which a GET route serves
  bool fits_any_;      // matches without a method are for it
  MethodSet allow_ = 0;
  NodeId host_ = kNoNode;
  const Entry* winner_ = nullptr;
  const Entry* ruled_out_ = nullptr;
  std::size_t prefix_ = 0;
};

}  // namespace sluice::routing

// SPDX-License-Identifier: Apache-2.0
// Chain: the filters of a route in the order written, ending in one handler. Built at load, immutable. A
// filter that does not implement a hook is not called for it. What a filter or handler throws is caught here
// alone and becomes 500 filter_failed.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "gateway/chain/filter.h"

namespace sluice::chain {

// Which hooks a filter class overrides.
struct Hooks {
  bool request = false;
  bool response = false;
  bool done = false;
};

// One filter of a chain and the name of its policy for logs and metrics.
struct Link {
  std::shared_ptr<const Filter> filter;
  Hooks hooks;
  std::string name;
};

class Chain {
 public:
  Chain(std::vector<Link> links, std::shared_ptr<const Handler> handler);

  // Runs the request hooks and the handler (or stops at a local reply), then the response hooks. Afterwards
  // the exchange has a response, whatever happened.
  base::Task<void> run(Exchange& ex) const;
  // Runs the response hooks of the filters reached, for a response that replaced the chain's.
  base::Task<void> run_response(Exchange& ex) const;
  void done(const Exchange& ex) const noexcept;

  const std::vector<Link>& links() const noexcept { return links_; }
  const Handler& handler() const noexcept { return *handler_; }

 private:
  base::Task<bool> run_request(Exchange& ex) const;
  base::Task<void> run_handler(Exchange& ex) const;
  void failed(Exchange& ex, const std::string& who, const char* what) const;

  std::vector<Link> links_;
  std::shared_ptr<const Handler> handler_;
  std::vector<std::uint16_t> on_request_, on_response_, on_done_;  // indices of links_, on_response_ reversed
};

}  // namespace sluice::chain

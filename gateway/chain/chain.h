// SPDX-License-Identifier: Apache-2.0
// Chain: the filters of a route in the order written, ending in one handler. Built at load, immutable. A
// filter that does not implement a hook is not called for it. What a filter or handler throws is caught here
// alone and becomes 500 filter_failed.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/chain/filter.h"

namespace sluice::observe {
class PolicyTimes;
}

namespace sluice::chain {

// Which hooks a filter class overrides.
struct Hooks {
  bool request = false;
  bool response = false;
  bool done = false;
  bool preflight = false;
};

// One filter of a chain and the name of its policy for logs and metrics.
struct Link {
  std::shared_ptr<const Filter> filter;
  Hooks hooks;
  std::string name;
  bool authenticates = false;  // finds out who calls; set by the chain
  // What is told how long the filter took; null: nobody. Of all links, or of none.
  std::shared_ptr<observe::PolicyTimes> times{};
};

class Chain {
 public:
  Chain(std::vector<Link> links, std::shared_ptr<const Handler> handler);
  Chain(Chain&&) = default;
  Chain(const Chain&) = delete;

  // Runs the request hooks and the handler (or stops at a local reply), then the response hooks. Afterwards
  // the exchange has a response, whatever happened; its status is that of a local reply even when the client
  // is gone.
  base::Task<void> run(Exchange& ex) const;
  // Runs the response hooks of the filters reached, for a response that replaced the chain's.
  base::Task<void> run_response(Exchange& ex) const;
  // Runs the done hooks of the filters reached, in reverse order. Once, after the last byte or the abort.
  void done(const Exchange& ex) const noexcept;

  // Is there a filter that answers the preflights of browsers? Then answer_preflight() is for them instead of
  // run(): the first of these filters answers, and no other is asked or told.
  bool answers_preflights() const noexcept { return preflight_ != nullptr; }
  void answer_preflight(Exchange& ex) const noexcept;

  // What the importance of a request can become that begins with this one.
  upstream::Importance importance_at_most(upstream::Importance begin) const noexcept {
    return importance_ ? std::max(begin, *importance_) : begin;
  }

  // Is there a filter that says which id a request has?
  bool names_requests() const noexcept { return names_requests_; }

  const std::vector<Link>& links() const noexcept { return links_; }
  const Handler& handler() const noexcept { return *handler_; }

 private:
  void number_inner(const Filter& filter);
  void answered(Exchange& ex, std::uint16_t link, Step step) const noexcept;
  void count_times(const Exchange& ex) const noexcept;

  // Each walk is a plain loop for as long as nothing waits, and goes on in a coroutine (`..._after`) from the
  // first hook that does.
  base::Task<void> ask_from(Exchange& ex, std::size_t at) const;
  base::Task<void> ask_after(Exchange& ex, std::size_t at, base::Task<Step> pending) const;
  base::Task<void> answer(Exchange& ex) const;
  base::Task<void> answer_after(Exchange& ex, base::Task<base::Result<void>> pending) const;
  base::Task<void> tell_from(Exchange& ex, std::size_t at) const;
  base::Task<void> tell_after(Exchange& ex, std::size_t at, base::Task<void> pending) const;

  // One hook of one filter; what it throws before it waits is caught here.
  base::Task<Step> ask(Exchange& ex, std::uint16_t link) const noexcept;
  base::Task<void> tell(Exchange& ex, std::uint16_t link) const noexcept;

  std::vector<Link> links_;
  std::shared_ptr<const Handler> handler_;
  std::optional<upstream::Importance> importance_;  // at most, of the filters that say one
  std::size_t slots_ = 0;                           // of the filters and of those inside them
  bool timed_ = false;                              // is anybody told how long filters take?
  bool names_requests_ = false;
  const Link* preflight_ = nullptr;                                // one of links_, or null
  std::vector<std::uint16_t> on_request_, on_response_, on_done_;  // indices of links_; the last two reversed
};

}  // namespace sluice::chain

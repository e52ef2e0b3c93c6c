// SPDX-License-Identifier: Apache-2.0
// Filter and Handler: the two powers over an exchange. A filter may refuse or change, a handler answers. Both
// are built once per route and snapshot, immutable, and shared by all exchanges of a worker thread or of
// several: what belongs to one exchange lives in Exchange::local().
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/task.h"
#include "gateway/chain/holding.h"
#include "gateway/upstream/importance.h"

namespace sluice::chain {

struct Exchange;

// What a filter's on_request decided. `replied`: the exchange holds a local reply (see reply()), the rest of
// the chain is not asked.
enum class Step : std::uint8_t { next, replied };

class Filter {
 public:
  virtual ~Filter() = default;
  // In written order; the head is complete, the body not read.
  virtual base::Task<Step> on_request(Exchange&) const { return Step::next; }
  // In reverse order, also for local replies, for the filters whose on_request was reached.
  virtual base::Task<void> on_response(Exchange&) const { return {}; }
  // Once, after the last byte or the abort, for the same filters.
  virtual void on_done(const Exchange&) const noexcept {}
  // Answers the preflight of a browser (http/origin.h): fills the exchange's response. No other hook of this
  // or any other filter is called then, wherever in the chain they stand: preflights carry no credentials.
  virtual void on_preflight(Exchange&) const {}

  // Filters that this one asks itself, in place of the chain: they have slots too, so that each may use
  // Exchange::local().
  virtual std::span<const std::shared_ptr<const Filter>> inner() const { return {}; }

  // What this filter makes the importance of a request at most; nothing: it leaves it alone.
  virtual std::optional<upstream::Importance> importance_at_most() const noexcept { return std::nullopt; }

  // Does this filter say which id a request has, and what becomes of the one that came with it?
  virtual bool names_request() const noexcept { return false; }

  // Which bodies it keeps in memory instead of letting them pass, those of its inner() filters apart.
  virtual std::vector<Holding> holds() const { return {}; }

  // Number of this filter in its chain, for Exchange::local(). Set by the chain.
  std::uint16_t slot() const noexcept { return slot_; }

 private:
  friend class Chain;
  mutable std::uint16_t slot_ = 0;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // Fills response and response_body of the exchange, or says why there is none.
  virtual base::Task<base::Result<void>> answer(Exchange&) const = 0;
  // As of a filter; with those of the handlers that it is made of.
  virtual std::vector<Holding> holds() const { return {}; }
};

}  // namespace sluice::chain

// SPDX-License-Identifier: Apache-2.0
// Front::Hold: keeps the current snapshot of the front for one exchange, and for a tunnel its route alone.
// Private to front.
#pragma once
#include <iterator>
#include <utility>

#include "gateway/front/front.h"

namespace sluice::front {

class Front::Hold : private InFlight {
 public:
  explicit Hold(Front& front) noexcept : front_(front), held_(std::prev(front.held_.end())) {
    ++held_->exchanges;
    ++front_.active_;
  }
  Hold(const Hold&) = delete;
  ~Hold() {
    --front_.active_;
    if (!route_) release();
  }
  // Not after keep_only().
  const routing::Snapshot& snapshot() const noexcept { return *held_->snapshot; }
  // From now on this is the exchange, which may be cut.
  void lists(chain::Exchange& ex) noexcept {
    exchange = &ex;
    front_.in_flight_.push_back(*this);
  }
  // Lets go of the snapshot but for this route of it, as that connection has it. Nothing else of it may be in
  // use any more.
  void keep_only(std::size_t route, const http::ConnectionFacts& connection) noexcept {
    route_ = snapshot().route(route, &connection);
    unlink();
    release();
  }

 private:
  void release() noexcept {
    if (--held_->exchanges == 0 && held_ != std::prev(front_.held_.end())) front_.held_.erase(held_);
  }
  Front& front_;
  std::list<Held>::iterator held_;
  std::shared_ptr<const routing::Route> route_;
};

}  // namespace sluice::front

// SPDX-License-Identifier: Apache-2.0
// CountedWait: while it lives the exchange waits for what a service says, whichever exchange has asked: that
// time is not the gateway's own. For waits that no Caller (call.h) counts; never two at a time.
#pragma once
#include "gateway/chain/exchange.h"

namespace sluice::chain {

class CountedWait {
 public:
  // The exchange outlives it.
  explicit CountedWait(Exchange& ex) noexcept : ex_(ex), since_(now()) {}
  CountedWait(const CountedWait&) = delete;
  ~CountedWait() { ex_.upstream.waited += now() - since_; }

 private:
  base::SteadyTime now() const noexcept { return ex_.worker.loop.clock().steady(); }

  Exchange& ex_;
  const base::SteadyTime since_;
};

}  // namespace sluice::chain

// SPDX-License-Identifier: Apache-2.0
// Deadline: when an exchange that is forwarded must be over, and, with `timeouts.propagate`, how much of that
// is left for whoever comes next: X-Request-Deadline, in milliseconds. A time left instead of a point in
// time, as clocks of machines differ. gRPC has its own (grpc_call.h).
#pragma once
#include "gateway/chain/exchange.h"
#include "gateway/upstream/timeouts.h"

namespace sluice::handlers {

class Deadline {
 public:
  static constexpr std::string_view kField = "X-Request-Deadline";

  // Starts the total timeout of the exchange. With `propagate` the request's own field may make it shorter;
  // errors are then validation, for a field that is no number, and timeout_total if there is no time left.
  base::Result<void> begin(chain::Exchange& ex, const upstream::Timeouts& timeouts) {
    if (timeouts.propagate) [[unlikely]]
      return begin_told(ex, timeouts.total);
    ex.total.start(timeouts.total, base::Reason::timeout_total);
    return {};
  }
  // Before each attempt: how much time is left. False: none is, so that an attempt makes no sense.
  bool tell(chain::Exchange& ex) const { return at_ == base::SteadyTime{} || write(ex); }
  // Is it the caller's, not ours? Then nobody is to blame who has not answered in time.
  bool callers() const noexcept { return callers_; }

 private:
  base::Result<void> begin_told(chain::Exchange& ex, base::Duration total);
  bool write(chain::Exchange& ex) const;

  base::SteadyTime at_{};  // zero: nothing is to be told
  bool callers_ = false;
};

}  // namespace sluice::handlers

// SPDX-License-Identifier: Apache-2.0
// GrpcCall: what forwarding does otherwise when the request is gRPC: the caller's deadline takes the place of
// the total timeout and is told to the target, an answer that is no gRPC becomes one, and codes that the
// operator names are tried again. Used by forward.cc; lives as long as its attempts.
#pragma once
#include "gateway/chain/exchange.h"
#include "gateway/http/grpc.h"
#include "gateway/http/replay_body.h"
#include "gateway/upstream/timeouts.h"

namespace sluice::handlers {

class GrpcCall {
 public:
  // `spoken`: may the upstream speak HTTP/2? Otherwise nothing is gRPC, whatever a client says of its
  // request, or it could put off timeouts that are set for others.
  GrpcCall(const chain::Exchange& ex, bool spoken) noexcept
      : active_(http::is_grpc(ex.request.fields) && spoken) {}
  // Is it gRPC? Nothing else may be called if not.
  explicit operator bool() const noexcept { return active_; }

  // Does the time that the caller waits set the end? `first_byte` and `total` do not count then.
  bool has_deadline() const noexcept { return callers_; }

  // Reads grpc-timeout and starts the deadline. `most`: what a request of the gateway's own may take, whatever
  // the caller says; zero: no such end. Errors: validation, timeout_total.
  base::Result<void> begin(chain::Exchange& ex, base::Duration most = {});
  // `timeouts` with what the caller's deadline changes about them.
  upstream::Timeouts timeouts(upstream::Timeouts timeouts) const noexcept;
  // Before each attempt: how much time is left.
  void tell_deadline(chain::Exchange& ex) const;

  // Is the answer one that is to be tried again: a code of the list, and nothing else?
  bool repeatable(const http::ResponseHead& head, const upstream::RetryConfig& retry) const noexcept;
  // Does the answer say in its head that the service is not available? What 503 is to others.
  bool unavailable(const http::ResponseHead& head) const noexcept;
  // Makes a gRPC answer of one that has only an HTTP status. True: its body is not to be passed on.
  bool translate(chain::Exchange& ex) const;

 private:
  bool active_;
  base::SteadyTime deadline_{};  // zero: the target is told none
  bool callers_ = false;         // it is the caller's, not ours
};

}  // namespace sluice::handlers

// SPDX-License-Identifier: Apache-2.0
// Forward: the handler that passes a request to one of an upstream's targets and gives back what it answers.
// The steps are numbered here, in forward.cc and in ARCHITECTURE.md alike:
//   1 prepare the head    Host, Via and X-Forwarded-* as the target is to see them
//   2 pick a target       by the upstream's balancer, avoiding those that failed this exchange, once a
//   circuit
//                         breaker or limits admit it; where the upstream cannot serve, one of another
//   3 get a connection    from the worker's pool, or a new one
//   4 send the request    head and first bytes at once, the rest while the response comes
//   5 receive the head    relaying interim responses
//   6 try again           if the failure is such that nobody can have acted on the request, or may twice, and
//                         the upstream can bear it
//   7 hand over           head and body belong to the exchange; the client's connection pulls the body. After
//                         101 both directions are bodies, that of the request too
// What filters and handlers call on their own (chain/call.h) is forwarded by the same steps.
#pragma once
#include <memory>
#include <string>

#include "gateway/chain/builder.h"
#include "gateway/chain/call.h"
#include "gateway/chain/exchange.h"
#include "gateway/config/describe.h"
#include "gateway/handlers/affinity.h"
#include "gateway/upstream/pool.h"
#include "gateway/upstream/upstream.h"

namespace sluice::handlers {

class GrpcCall;

struct ForwardConfig {
  std::string upstream;
  bool operator==(const ForwardConfig&) const = default;
};
void describe(config::Description<ForwardConfig>& d);

class Forward final : public chain::Handler {
 public:
  Forward(const ForwardConfig& config, chain::Builder& builder);
  Forward(const chain::CallSettings& call, chain::Builder& builder);
  base::Task<base::Result<void>> answer(chain::Exchange& ex) const override;

  const upstream::Upstream& upstream() const noexcept { return *upstream_; }
  const upstream::Timeouts& timeouts() const noexcept { return timeouts_; }

 private:
  struct Try;
  Forward(const std::string& upstream, chain::Builder& builder, bool is_call);
  base::Task<base::Result<void>> enter(chain::Exchange& ex, Try& t) const;
  base::Unexpected circuit_open(chain::Exchange& ex) const;
  bool admitted(const chain::Exchange& ex, Try& t) const;
  std::string_view prepare(chain::Exchange& ex) const;
  base::Task<base::Result<upstream::Acquired>> connect(chain::Exchange& ex, const Try& t,
                                                       const upstream::Timeouts& timeouts) const;
  base::Task<base::Result<upstream::Acquired>> connect_pending(
      const upstream::Upstream& at, base::Task<base::Result<upstream::Acquired>> acquiring) const;
  base::Task<base::Result<void>> pause(chain::Exchange& ex, const Try& t) const;
  void name_host(chain::Exchange& ex, const Try& t) const;
  void begin_attempt(chain::Exchange& ex, Try& t) const;
  void end_attempt(chain::Exchange& ex, const Try& t, const GrpcCall& grpc,
                   const base::Result<void>& result) const;
  void learn_latency(const chain::Exchange& ex, const Try& t, base::Reason failure,
                     base::SteadyTime now) const;
  void count_retries(const chain::Exchange& ex, observe::RetryResult result) const;
  base::Result<void> switch_protocols(chain::Exchange& ex) const;
  void remember_body(chain::Exchange& ex, Try& t) const;
  bool may_repeat(const chain::Exchange& ex, const Try& t) const;
  bool may_retry(const chain::Exchange& ex, const Try& t, const base::Error& error) const;
  bool unwanted(const chain::Exchange& ex, const Try& t, const GrpcCall& grpc) const;
  bool try_again(chain::Exchange& ex, Try& t, base::Reason cause) const;

  std::shared_ptr<upstream::Upstream> upstream_;
  upstream::Timeouts timeouts_;
  upstream::RetryConfig retry_;
  Affinity affinity_;
  bool is_call_ = false;       // the gateway's own request, not the client's
  bool names_target_ = false;  // and its Host is always the target's
};

}  // namespace sluice::handlers

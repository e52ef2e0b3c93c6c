// SPDX-License-Identifier: Apache-2.0
// Forward: the handler that passes a request to one of an upstream's targets and gives back what it answers.
// The steps are numbered here, in forward.cc and in ARCHITECTURE.md alike:
//   1 prepare the head    Host, Via and X-Forwarded-* as the target is to see them
//   2 pick a target       by the upstream's balancer, avoiding those that failed this exchange, once a
//                         circuit breaker or limits admit it; where the upstream cannot serve, one of another
//   3 get a connection    from the worker's pool, or a new one
//   4 send the request    head and first bytes at once, the rest while the response comes; with
//                         `on_client_abort: finish` a client that leaves from here on ends nothing
//   5 receive the head    relaying interim responses
//     beside all of it    where the upstream's `hedge` says so, a second attempt if the first one is late
//                         (hedge.cc)
//   6 try again           if the failure is such that nobody can have acted on the request, or may twice, and
//                         the upstream can bear it
//   7 hand over           head and body belong to the exchange; the client's connection pulls the body. After
//                         101 both directions are bodies, that of the request too
// What filters and handlers call on their own (chain/call.h) is forwarded by the same steps.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "gateway/chain/builder.h"
#include "gateway/chain/call.h"
#include "gateway/chain/exchange.h"
#include "gateway/config/describe.h"
#include "gateway/handlers/affinity.h"
#include "gateway/upstream/hedging.h"
#include "gateway/upstream/pool.h"
#include "gateway/upstream/upstream.h"

namespace sluice::handlers {

class GrpcCall;

struct ForwardConfig {
  std::string upstream;
  bool operator==(const ForwardConfig&) const = default;

  static chain::AnswerFrom answer_from() noexcept { return chain::AnswerFrom::upstream; }
};
void describe(config::Description<ForwardConfig>& d);

class Forward final : public chain::Handler {
 public:
  Forward(const ForwardConfig& config, chain::Builder& builder);
  Forward(const chain::CallSettings& call, chain::Builder& builder);
  base::Task<base::Result<void>> answer(chain::Exchange& ex) const override;

  const upstream::Upstream& upstream() const noexcept { return *upstream_; }
  const upstream::Timeouts& timeouts() const noexcept { return timeouts_; }
  // What is kept of a request so that it can be made once more.
  std::vector<chain::Holding> holds() const override;
  // Are targets asked for by their own names, whatever the settings of the upstream say?
  bool names_target() const noexcept { return names_target_; }

 private:
  struct Try;    // try.h
  struct Rival;  // the same
  // One attempt, of those that an exchange makes.
  struct Made {
    const upstream::Picked& at;
    chain::Attempt& record;
    upstream::AttemptInFlight& attempt;
    int status;  // of its answer
    base::SteadyTime asked;
  };
  Forward(const std::string& upstream, chain::Builder& builder, bool is_call);
  base::Result<void> begin(chain::Exchange& ex, Try& t, GrpcCall& grpc, upstream::Timeouts& timeouts) const;
  base::Result<void> hand_over(chain::Exchange& ex, const GrpcCall& grpc) const;
  base::Task<base::Result<void>> enter(chain::Exchange& ex, Try& t) const;
  base::Unexpected circuit_open(chain::Exchange& ex) const;
  bool admitted(const chain::Exchange& ex, Try& t) const;
  void outlive_client(chain::Exchange& ex, const GrpcCall& grpc) const;
  std::string_view prepare(chain::Exchange& ex) const;
  base::Task<base::Result<upstream::Acquired>> connect(chain::Exchange& ex, const Try& t,
                                                       const upstream::Picked& picked,
                                                       const upstream::Timeouts& timeouts) const;
  base::Task<base::Result<upstream::Acquired>> connect_pending(
      const upstream::Upstream& at, base::Task<base::Result<upstream::Acquired>> acquiring) const;
  static void take(chain::Exchange& ex, const GrpcCall& grpc, const upstream::Upstream& at,
                   upstream::Acquired acquired);
  base::Task<base::Result<void>> pause(chain::Exchange& ex, const Try& t) const;
  void name_host(chain::Exchange& ex, const Try& t, const upstream::Picked& at) const;
  void begin_attempt(chain::Exchange& ex, Try& t) const;
  static chain::Attempt* record_attempt(chain::Exchange& ex, Try& t, upstream::Target& target);
  void end_attempt(chain::Exchange& ex, Try& t, const GrpcCall& grpc, const base::Result<void>& result) const;
  void conclude(const chain::Exchange& ex, const Try& t, const Made& made, const base::Result<void>& result,
                base::SteadyTime now, std::string_view unavailable = {}) const;
  bool its_fault(const chain::Exchange& ex, const Try& t, const GrpcCall& grpc, base::SteadyTime now) const;
  base::Unexpected no_target(chain::Exchange& ex, const Try& t) const;
  void count_retries(const chain::Exchange& ex, const Try& t, observe::RetryResult result) const;
  base::Result<void> switch_protocols(chain::Exchange& ex) const;
  void remember_body(chain::Exchange& ex, Try& t, bool grpc) const;
  bool may_repeat(const chain::Exchange& ex, const Try& t) const;
  bool may_retry(const chain::Exchange& ex, const Try& t, const base::Error& error) const;
  bool unwanted(const chain::Exchange& ex, const Try& t, const GrpcCall& grpc) const;
  bool try_again(chain::Exchange& ex, Try& t, base::Reason cause) const;

  // --- hedge.cc
  void hedge(const upstream::HedgeConfig& config, chain::Builder& builder);
  bool may_hedge(const chain::Exchange& ex, const upstream::PickKey& key) const noexcept;
  void start_rival(chain::Exchange& ex, Try& t, const upstream::PickKey& key,
                   const upstream::Timeouts& timeouts) const;
  base::Task<void> race(chain::Exchange& ex, Try& t, upstream::PickKey key, upstream::Timeouts timeouts,
                        base::Duration after) const;
  bool begin_rival(chain::Exchange& ex, Try& t, const upstream::PickKey& key) const;
  bool good(const http::ResponseHead& head) const noexcept;
  base::Task<bool> settle(chain::Exchange& ex, Try& t, base::Result<void>& result) const;
  void adopt(chain::Exchange& ex, Try& t, const base::Result<void>& first, base::SteadyTime now) const;
  void give_up(chain::Exchange& ex, Try& t, base::SteadyTime now) const;

  std::shared_ptr<upstream::Upstream> upstream_;
  upstream::Timeouts timeouts_;
  upstream::RetryConfig retry_;
  Affinity affinity_;
  std::unique_ptr<upstream::Hedging> hedging_;  // null: no second attempts
  bool finishes_ = false;                       // what writes, although the client has left
  bool is_call_ = false;                        // the gateway's own request, not the client's
  bool names_target_ = false;                   // and its Host is always the target's
};

}  // namespace sluice::handlers

// SPDX-License-Identifier: Apache-2.0
// AttemptInFlight: one try of an exchange at a target, from the choice of the target to the last byte of its
// answer. While it lives the target counts it as active; how it goes is told to the upstream's protection;
// when it ends it is counted in the upstream's metrics.
#pragma once
#include <utility>

#include "gateway/base/clock.h"
#include "gateway/http/stream.h"
#include "gateway/net/loop.h"
#include "gateway/observe/upstream_metrics.h"
#include "gateway/upstream/target.h"

namespace sluice::upstream {

class Upstream;

class AttemptInFlight {
 public:
  // All must outlive the attempt. `trial`: by which it was admitted.
  AttemptInFlight(Target& target, const Upstream& upstream, unsigned worker, const net::Loop& loop,
                  Circuit::Trial&& trial = {}) noexcept;
  AttemptInFlight(AttemptInFlight&& o) noexcept
      : active_(std::move(o.active_)),
        target_(o.target_),
        upstream_(o.upstream_),
        worker_(o.worker_),
        cells_(std::exchange(o.cells_, nullptr)),
        loop_(o.loop_),
        stream_(o.stream_),
        began_(o.began_),
        ended_(o.ended_),
        outcome_(o.outcome_),
        retry_(std::move(o.retry_)),
        trial_(std::move(o.trial_)),
        blamed_(o.blamed_) {}
  AttemptInFlight& operator=(AttemptInFlight&&) = delete;
  ~AttemptInFlight() {
    if (!cells_) return;
    if (stream_) {
      outcome_.received = stream_->bytes_received();
      outcome_.sent = stream_->bytes_sent();
    }
    auto now = ended_ == base::SteadyTime{} ? loop_->clock().steady() : ended_;
    outcome_.duration = now - began_;
    cells_->attempt_ended(outcome_);
  }

  // The connection that the attempt got, for the count of bytes; it must outlive the attempt.
  void on(const http::ClientStream& stream) noexcept { stream_ = &stream; }
  // It is a retry, and counts among those under way until it is answered or gone: what follows the head of an
  // answer may last for hours.
  void retrying(Tally::Token token) noexcept { retry_ = std::move(token); }
  // The head of a final answer is there. `failure`: what it says although its status does not.
  void answered(int status, base::SteadyTime when, std::string_view failure = {});
  // The last byte has been seen; without it the attempt ends when it is destroyed.
  void ended(base::SteadyTime when) noexcept { ended_ = when; }
  // It is over. Where it was no answer and is no fault of the target's, the circuit breaker learns nothing
  // from it.
  void failed(base::Reason reason);
  // The target is to blame for something that neither a status nor a reason tells; before failed().
  void blame(std::string_view failure);
  base::SteadyTime began() const noexcept { return began_; }

 private:
  ActiveRequest active_;
  Target* target_;
  const Upstream* upstream_;
  unsigned worker_;
  observe::UpstreamCells* cells_;  // null once moved from
  const net::Loop* loop_;
  const http::ClientStream* stream_ = nullptr;
  base::SteadyTime
      began_;  // the beginning of the loop's round: precise enough, and costs no reading of the clock
  base::SteadyTime ended_{};
  observe::AttemptOutcome outcome_;
  Tally::Token retry_;
  Circuit::Trial trial_;
  bool blamed_ = false;  // once is enough
};

}  // namespace sluice::upstream

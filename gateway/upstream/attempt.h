// SPDX-License-Identifier: Apache-2.0
// AttemptInFlight: one try of an exchange at a target, from the choice of the target to the last byte of its
// answer. While it lives the target counts it as active; when it ends it is counted in the upstream's
// metrics.
#pragma once
#include "gateway/base/clock.h"
#include "gateway/http/stream.h"
#include "gateway/net/loop.h"
#include "gateway/observe/upstream_metrics.h"
#include "gateway/upstream/target.h"

namespace sluice::upstream {

class AttemptInFlight {
 public:
  // All must outlive the attempt.
  AttemptInFlight(Target& target, observe::UpstreamCells& cells, const net::Loop& loop) noexcept
      : active_(target), cells_(&cells), loop_(&loop), began_(loop.now()) {}
  AttemptInFlight(const AttemptInFlight&) = delete;
  AttemptInFlight& operator=(const AttemptInFlight&) = delete;
  ~AttemptInFlight() {
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
  void answered(int status, base::SteadyTime when) noexcept {
    outcome_.status = status;
    outcome_.first_byte = when - began_;
  }
  // The last byte has been seen; without it the attempt ends when it is destroyed.
  void ended(base::SteadyTime when) noexcept { ended_ = when; }
  void failed(base::Reason reason) noexcept { outcome_.reason = reason; }
  base::SteadyTime began() const noexcept { return began_; }

 private:
  ActiveRequest active_;
  observe::UpstreamCells* cells_;
  const net::Loop* loop_;
  const http::ClientStream* stream_ = nullptr;
  base::SteadyTime
      began_;  // the beginning of the loop's round: precise enough, and costs no reading of the clock
  base::SteadyTime ended_{};
  observe::AttemptOutcome outcome_;
};

}  // namespace sluice::upstream

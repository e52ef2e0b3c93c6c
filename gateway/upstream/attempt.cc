// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/attempt.h"

#include <string>
#include <utility>

#include "gateway/upstream/upstream.h"

namespace sluice::upstream {

AttemptInFlight::AttemptInFlight(Target& target, const Upstream& upstream, unsigned worker,
                                 const net::Loop& loop, Circuit::Trial&& trial) noexcept
    : active_(target),
      target_(&target),
      upstream_(&upstream),
      worker_(worker),
      cells_(&upstream.metrics()->on(worker)),
      loop_(&loop),
      began_(loop.now()),
      trial_(std::move(trial)) {}

void AttemptInFlight::answered(int status, base::SteadyTime when, std::string_view failure) {
  outcome_.status = status;
  outcome_.first_byte = when - began_;
  retry_ = {};
  if (blames_target(status) || !failure.empty()) [[unlikely]] {
    blame(failure.empty() ? "status " + std::to_string(status) : std::string(failure));
  } else {
    upstream_->protection().went_well(*target_, status, began_, loop_->now());
    trial_.judged();
  }
}

void AttemptInFlight::failed(base::Reason reason) {
  outcome_.reason = reason;
  // Whoever has answered may be silent for long, and how a tunnel ends is for those at its ends.
  bool spoken = outcome_.status == 101 || (outcome_.status != 0 && reason == base::Reason::timeout_idle);
  if (blames_target(reason) && !spoken) blame(base::row(reason).name);
  trial_ = {};
}

void AttemptInFlight::blame(std::string_view failure) {
  if (std::exchange(blamed_, true)) return;
  upstream_->protection().went_wrong(*target_, upstream_->targets(worker_), failure, began_, loop_->now(),
                                     *cells_);
  trial_.judged();
}

}  // namespace sluice::upstream

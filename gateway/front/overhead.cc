// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/overhead.h"

#include <algorithm>

#include "gateway/chain/exchange.h"

namespace sluice::front {
namespace {

// An attempt with the one that was made beside it counts from where it began.
const chain::Attempt* last_one(const chain::UpstreamView& up) noexcept {
  return up.attempts && up.attempts->beside ? up.attempts->before : up.attempts;
}

// Before the last attempt, and while there was none.
base::Duration waited_before(const chain::UpstreamView& up, const chain::Attempt* last) noexcept {
  auto sum = up.queued + up.waited;
  for (const chain::Attempt* a = last ? last->before : nullptr; a; a = a->before)
    if (!a->beside) sum += a->took;
  return sum;
}

}  // namespace

base::Duration overhead(const chain::Exchange& ex, base::SteadyTime now) noexcept {
  const auto& up = ex.upstream;
  const chain::Attempt* last = last_one(up);
  auto spent = -waited_before(up, last);
  if (up.answered != base::SteadyTime{}) {
    // Up to the request sent, and from the answer's head to the end of a response that left without waiting
    // for the client or the rest of the body.
    spent += up.asked - ex.stream.begun() - up.connect;
    if (ex.sent_at_once) spent += now - up.answered;
  } else if (!last && up.asked != base::SteadyTime{}) {
    spent += up.asked - ex.stream.begun();  // a composition, which leaves out its calls itself
  } else {
    spent += now - ex.stream.begun() - (last ? last->took : base::Duration::zero());
    if (!ex.sent_at_once) spent -= ex.stream.client_wait();
  }
  return std::max(spent, base::Duration::zero());
}

}  // namespace sluice::front

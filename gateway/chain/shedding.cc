// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/shedding.h"

#include "gateway/chain/local_reply.h"

namespace sluice::chain {

using net::StrainCause;

namespace {

// Seconds until a client may come again. Not the same for all, as they would come together.
std::uint32_t when_again(const Exchange& ex) noexcept {
  constexpr std::uint32_t kFirst = 3, kSpread = 5;
  auto moment = ex.stream.begun().time_since_epoch().count();
  return kFirst + static_cast<std::uint32_t>(static_cast<std::uint64_t>(moment) / 1024 % kSpread);
}

}  // namespace

bool shed_now(Exchange& ex, upstream::Importance importance) {
  auto& pressure = ex.worker.loop.pressure();
  for (StrainCause cause : {StrainCause::memory, StrainCause::lag}) {
    if (!sheds(pressure.of(cause), importance)) continue;
    pressure.count(cause);
    ex.retry_after = when_again(ex);
    make_local_reply(ex, base::Reason::shed);
    ex.detail = cause == StrainCause::memory ? "memory is short" : "the worker is behind";
    return true;
  }
  return false;
}

void cut(Exchange& ex) noexcept {
  ex.worker.loop.pressure().count(StrainCause::memory);
  ex.retry_after = when_again(ex);
  ex.scope.cancel(base::Reason::shed);
}

}  // namespace sluice::chain

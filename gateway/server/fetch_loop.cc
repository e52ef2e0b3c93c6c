// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/fetch_loop.h"

#include <utility>

namespace sluice::server {

FetchLoop::FetchLoop(net::DnsOptions dns)
    : names_(io_, clock_, std::make_unique<net::DnsLookup>(io_, std::move(dns))) {}

std::shared_ptr<void> FetchLoop::start(FetchRequest request, FetchDone done, const FetchLimits& limits) {
  return fetch_http(
      io_, names_, std::move(request),
      [this, done = std::move(done)](base::Result<Fetched> fetched) {
        ended_ = true;
        done(std::move(fetched));
      },
      limits);
}

void FetchLoop::run(std::chrono::milliseconds at_most) {
  auto until = std::chrono::steady_clock::now() + at_most;
  ended_ = false;
  io_.restart();
  while (!ended_ && !stopped() && io_.run_one_until(until) > 0) {
  }
}

// What comes before restart() is seen behind it.
void FetchLoop::stop() noexcept {
  stopped_.store(true, std::memory_order_release);
  io_.stop();
}

}  // namespace sluice::server

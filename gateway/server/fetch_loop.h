// SPDX-License-Identifier: Apache-2.0
// FetchLoop: requests of the gateway's own (http_fetch.h) for a thread that may wait for them, such as the
// log writer's: with a loop and lookups of its own, so that they go on whatever the control thread does.
// Belongs to one thread at a time, and must outlive the holds that it gives.
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "gateway/base/clock.h"
#include "gateway/net/dns_lookup.h"
#include "gateway/net/resolver.h"
#include "gateway/server/http_fetch.h"

namespace sluice::server {

class FetchLoop {
 public:
  explicit FetchLoop(net::DnsOptions dns = {});
  FetchLoop(const FetchLoop&) = delete;

  // As fetch_http; `done` is called by run().
  [[nodiscard]] std::shared_ptr<void> start(FetchRequest request, FetchDone done, const FetchLimits& limits);
  // Until a request has ended, at most that long.
  void run(std::chrono::milliseconds at_most);
  // Any thread: run() returns, now and from now on.
  void stop() noexcept;
  bool stopped() const noexcept { return stopped_.load(std::memory_order_acquire); }

 private:
  boost::asio::io_context io_{1};
  base::RealClock clock_;
  net::Resolver names_;
  bool ended_ = false;
  std::atomic<bool> stopped_{false};
};

}  // namespace sluice::server

// SPDX-License-Identifier: Apache-2.0
// later: a call after some time, unless the caller has let go of it by then. Control thread.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace sluice::server {

// Calls nothing any more when the returned hold has been destroyed, not even if the time was over already:
// a timer whose handler is in the queue cannot be stopped.
inline std::shared_ptr<void> later(boost::asio::io_context& control, std::chrono::milliseconds in,
                                   std::function<void()> then) {
  auto timer = std::make_shared<boost::asio::steady_timer>(control, in);
  timer->async_wait([hold = std::weak_ptr(timer), then = std::move(then)](boost::system::error_code stopped) {
    if (!stopped && !hold.expired()) then();
  });
  return timer;
}

}  // namespace sluice::server

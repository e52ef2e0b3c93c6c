// SPDX-License-Identifier: Apache-2.0
// Looks: asks every now and then whether watched files (WatchedFiles::changed()) have changed. Control
// thread.
#pragma once
#include <chrono>
#include <functional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace sluice::server {

class Looks {
 public:
  // A change is taken up at the second look after it at the latest: within a second.
  static constexpr std::chrono::milliseconds kPause{400};

  Looks(boost::asio::io_context& control, std::function<void()> look,
        std::chrono::milliseconds pause = kPause)
      : look_(std::move(look)), pause_(pause), timer_(control) {}
  Looks(const Looks&) = delete;

  // From now on; does nothing if they have begun. Not beyond this.
  void begin() {
    if (!std::exchange(begun_, true)) look_later();
  }

 private:
  void look_later() {
    timer_.expires_after(pause_);
    timer_.async_wait([this](boost::system::error_code stopped) {
      if (stopped) return;
      look_();
      look_later();
    });
  }

  std::function<void()> look_;
  std::chrono::milliseconds pause_;
  boost::asio::steady_timer timer_;
  bool begun_ = false;
};

}  // namespace sluice::server

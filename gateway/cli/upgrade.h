// SPDX-License-Identifier: Apache-2.0
// Upgrade: replaces the running program by the one that is in its place in the file system now. The new
// process gets the listening sockets; once it serves, this one drains. One that cannot serve changes nothing.
// Control thread.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/net/handover.h"
#include "gateway/server/gateway.h"

namespace sluice::cli {

class Upgrade {
 public:
  // What is started, with its name before its arguments, and how long it may take until it serves.
  struct Start {
    std::string program;
    std::vector<std::string> arguments;
    std::chrono::milliseconds patience;
  };
  // Program and arguments of this process, and a minute.
  static Start this_program();

  // `serves` is called when the new process does.
  Upgrade(boost::asio::io_context& control, server::Gateway& gateway, std::function<void(pid_t)> serves,
          Start start = this_program());

  void begin();
  // From the beginning until the new process serves or has failed.
  bool running() const noexcept { return successor_.has_value(); }
  // The new process has read its files before, or opens them at this moment: it is sent that signal too, once
  // it serves. Does nothing before begin().
  void pass_on(int signal);
  // Ends the new process, if it does not serve yet.
  void give_up();

 private:
  void listen();
  void heard();
  void failed(const std::string& why);

  server::Gateway& gateway_;
  std::function<void(pid_t)> serves_;
  boost::asio::posix::stream_descriptor channel_;
  boost::asio::steady_timer timer_;
  std::optional<net::Successor> successor_;
  bool served_ = false;      // by the successor
  std::set<int> passed_on_;  // signals that wait for it
  Start start_;
};

}  // namespace sluice::cli

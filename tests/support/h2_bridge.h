// SPDX-License-Identifier: Apache-2.0
// H2Bridge: stands before an Upstream, which speaks HTTP/1.1, and speaks HTTP/2 with prior knowledge in its
// place, so that one test can be run with targets of either version. A stream becomes a request on a
// connection of its own or on one that an earlier stream has left; a connection of the gateway that ends
// takes them along. What ends the answer early resets the stream, and what ends before an answer the
// connection.
#pragma once
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/support/socket.h"

namespace sluice::test {

class H2Bridge {
 public:
  // `to`: the port of the upstream.
  explicit H2Bridge(std::uint16_t to);
  H2Bridge(const H2Bridge&) = delete;
  ~H2Bridge();

  std::uint16_t port() const noexcept { return port_; }
  // Connecting is refused from now on.
  void stop_listening();

 private:
  void accept_all();

  std::uint16_t to_;
  Bell stop_accepting_, stop_;
  Socket reserved_ = Socket::reserve();
  std::uint16_t port_ = reserved_.port();
  Socket listener_ = Socket::listen(port_, &stop_accepting_);
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace sluice::test

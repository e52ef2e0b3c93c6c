// SPDX-License-Identifier: Apache-2.0
// A service on the thread of the test, which says the same to whoever asks, and a target that is it.
#pragma once
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/net/listen.h"
#include "gateway/upstream/target.h"

namespace sluice::upstream {

class Service {
 public:
  Service() : listener_(*net::listen(*net::Address::parse("127.0.0.1", 0), 64)) {
    target->publish(std::vector{net::bound_to(listener_)});
  }
  ~Service() {
    for (int fd : clients_) ::close(fd);
    stop();
  }
  // Connections are refused from now on.
  void stop() {
    if (listener_ >= 0) ::close(listener_);
    listener_ = -1;
  }
  std::uint16_t port() const { return net::bound_to(listener_).port(); }
  // Accepts who is there, reads what has come, and answers requests that are complete.
  void serve() {
    for (int fd; listener_ >= 0 &&
                 (fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
      clients_.push_back(fd);
      received.emplace_back();
    }
    for (std::size_t i = 0; i < clients_.size(); ++i) read(clients_[i], received[i]);
  }

  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";  // "" for none
  std::vector<std::string> received;                                    // by connection
  std::size_t closed = 0;                                               // connections, by the other side
  std::shared_ptr<TargetGroup> group = std::make_shared<TargetGroup>();
  std::shared_ptr<Target> target =
      Target::make(group, TargetUrl{"orders", 80}, std::make_shared<const WorkerLoops>());

 private:
  void read(int& fd, std::string& into) {
    char buffer[4096];
    auto n = fd < 0 ? -1 : ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n == 0) {
      ++closed;
      ::close(std::exchange(fd, -1));
    }
    if (n <= 0) return;
    into.append(buffer, static_cast<std::size_t>(n));
    if (!into.ends_with("\r\n\r\n") || answer.empty()) return;
    auto sent = ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    EXPECT_EQ(sent, static_cast<ssize_t>(answer.size()));
  }

  int listener_;
  std::vector<int> clients_;
};

}  // namespace sluice::upstream

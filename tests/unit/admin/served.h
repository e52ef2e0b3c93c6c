// SPDX-License-Identifier: Apache-2.0
// An admin server on a thread of its own, and a blocking client for it, for the tests of this layer.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <future>
#include <string>
#include <string_view>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "gateway/admin/admin_server.h"

namespace sluice::admin {

inline AdminConfig any_port() {
  AdminConfig config;
  config.bind.port = 0;
  return config;
}

// Three pieces of metrics; ready.
inline Suppliers plain_suppliers() {
  Suppliers suppliers;
  suppliers.metrics = [](std::size_t piece, std::string& out) {
    out += "piece " + std::to_string(piece) + "\n";
    return piece < 2 ? piece + 1 : 0;
  };
  suppliers.readiness = [] { return Readiness{}; };
  return suppliers;
}

class Served {
 public:
  explicit Served(Suppliers suppliers = plain_suppliers(), AdminConfig config = any_port(),
                  AdminLimits limits = {})
      : thread_([this] { control_.run(); }) {
    on_control([&] {
      auto started = AdminServer::start(control_, config, std::move(suppliers), limits);
      if (started) server_ = std::move(*started);
    });
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  ~Served() {
    stop();
    work_.reset();
    control_.stop();
    thread_.join();
  }
  void stop() {
    on_control([&] { server_.reset(); });
  }
  std::uint16_t port() const { return server_ ? server_->port() : 0; }
  bool started() const { return server_ != nullptr; }

 private:
  template <class F>
  void on_control(F f) {
    std::packaged_task<void()> task(f);
    auto done = task.get_future();
    boost::asio::post(control_, [&task] { task(); });
    done.get();
  }
  boost::asio::io_context control_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{control_.get_executor()};
  std::unique_ptr<AdminServer> server_;
  std::thread thread_;
};

class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  explicit Client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connect(reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(fd_); }

  bool connected() const { return connected_; }
  void send(std::string_view text) { ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  // Until what was read ends with `end`, or the server closes.
  std::string read_until(std::string_view end) {
    std::string text;
    char c;
    while (!text.ends_with(end) && receive(&c, 1) == 1) text += c;
    return text;
  }
  std::string read_to_end() {
    std::string text;
    char buffer[65536];
    for (ssize_t n; (n = receive(buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(n));
    return text;
  }
  // Did reading end because the server closed, and not because it kept silent for too long?
  bool closed() const { return closed_; }

 private:
  void connect(const sockaddr* address, socklen_t size) {
    // A server that never answers fails the test instead of hanging it.
    timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connected_ = ::connect(fd_, address, size) == 0;
  }
  ssize_t receive(char* into, std::size_t size) {
    auto n = ::recv(fd_, into, size, 0);
    closed_ = n == 0 || (n < 0 && errno == ECONNRESET);
    return n;
  }
  int fd_;
  bool connected_ = false;
  bool closed_ = false;
};

inline std::string get(std::uint16_t port, const std::string& target) {
  Client client(port);
  client.send("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  return client.read_to_end();
}

}  // namespace sluice::admin

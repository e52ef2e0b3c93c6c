// SPDX-License-Identifier: Apache-2.0
// AdminServer: the HTTP server for operators and their tools, on the control thread: metrics, health, and
// what operators ask and change. Plain Asio and Beast: it is cold. Owned by the server layer, which says
// through Suppliers what there is to tell. Who may ask is up to access.h, and a client of it must not be able
// to hold up anything else: connections, sizes and times are limited.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "gateway/admin/admin_config.h"
#include "gateway/admin/pages.h"
#include "gateway/base/result.h"
#include "gateway/net/inherited.h"

namespace sluice::admin {

struct AdminLimits {
  std::size_t connections = 64;  // a further one ends that in which nothing has moved for the longest time
  std::size_t head = 8 * 1024;   // bytes of a request's head
  std::size_t body = 64 * 1024;  // bytes of a request's body
  std::chrono::milliseconds request = std::chrono::seconds(5);  // for a first request's head, and for a body
  std::chrono::milliseconds idle = std::chrono::seconds(60);    // until a further request's head is complete
  std::chrono::milliseconds write = std::chrono::seconds(10);   // for each piece of a response
};

class AdminServer {
 public:
  // Listens and serves while `control` runs; null if the configuration says that there is to be none. The
  // error names address and cause, for people. On an inherited socket whoever handed it over goes on
  // answering until take_over(). From the control thread, as is everything else here.
  static base::Result<std::unique_ptr<AdminServer>> start(boost::asio::io_context& control,
                                                          const AdminConfig& config, Suppliers suppliers,
                                                          AdminLimits limits = {},
                                                          net::InheritedSockets inherited = {});
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;
  // Closes all connections; the suppliers are not called any more.
  ~AdminServer();

  // Bound port; 0 for a Unix socket.
  std::uint16_t port() const noexcept;
  // Requests that begin from now on need this one. Only where there is a token already.
  void use_token(std::string token);
  // Another descriptor of the listening socket, for the process that takes the place of this one; its file,
  // if it has one, belongs to that one after give_up_file().
  net::HandedSockets hand_out() const;
  void give_up_file() noexcept;
  // Answers on an inherited socket from now on, and takes its file for this process's. On one of its own it
  // does so from the start, for those who wait until the gateway is ready.
  void take_over();

 private:
  class Acceptor;
  explicit AdminServer(std::shared_ptr<Acceptor> acceptor) noexcept;
  std::shared_ptr<Acceptor> acceptor_;
};

}  // namespace sluice::admin

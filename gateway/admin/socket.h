// SPDX-License-Identifier: Apache-2.0
// The listening socket of the admin server, TCP or Unix.
#pragma once
#include <sys/socket.h>

#include <cstdint>

#include "gateway/admin/admin_config.h"
#include "gateway/base/result.h"
#include "gateway/net/listen.h"
#include "gateway/net/unix_socket.h"

namespace sluice::admin {

// Owns the descriptor and, for a Unix socket, the file.
class ListeningSocket {
 public:
  // The error is for people: it names the address and, for a port in use, the process that has it if the
  // system tells.
  static base::Result<ListeningSocket> open(const AdminAddress& address);

  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();

  int fd() const noexcept { return fd_; }
  int family() const noexcept { return net::bound_to(fd_).is_unix() ? AF_UNIX : AF_INET; }
  // Bound port; 0 for a Unix socket.
  std::uint16_t port() const noexcept;

 private:
  ListeningSocket(int fd, net::SocketFile file) noexcept;

  int fd_;
  net::SocketFile file_;
};

}  // namespace sluice::admin

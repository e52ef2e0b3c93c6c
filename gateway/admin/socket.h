// SPDX-License-Identifier: Apache-2.0
// The listening socket of the admin server, TCP or Unix.
#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "gateway/admin/admin_config.h"
#include "gateway/base/result.h"
#include "gateway/net/inherited.h"
#include "gateway/net/listen.h"
#include "gateway/net/unix_socket.h"

namespace sluice::admin {

// What it is called when it goes over to another process: no listener has such a name.
inline constexpr const char* kHandedAs = ":admin";

// Owns the descriptor and, for a Unix socket, the file.
class ListeningSocket {
 public:
  // The error is for people: it names the address and, for a port in use, the process that has it if the
  // system tells.
  // One of `inherited` that listens there is taken in place of a new one.
  static base::Result<ListeningSocket> open(const AdminAddress& address, net::InheritedSockets& inherited);
  static base::Result<ListeningSocket> open(const AdminAddress& address) {
    net::InheritedSockets none;
    return open(address, none);
  }

  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();

  int fd() const noexcept { return fd_; }
  // Is it another process's too?
  bool inherited() const noexcept { return inherited_; }
  bool owns_file() const noexcept { return file_.owned(); }
  // The file of an inherited socket is this process's from now on.
  void adopt_file();
  // The file belongs to the process that takes the place of this one.
  void give_up_file() noexcept { file_.give_up(); }
  int family() const noexcept { return net::bound_to(fd_).is_unix() ? AF_UNIX : AF_INET; }
  // Bound port; 0 for a Unix socket.
  std::uint16_t port() const noexcept;

 private:
  ListeningSocket(int fd, net::SocketFile file) noexcept;

  int fd_;
  bool inherited_ = false;
  net::SocketFile file_;
  std::string adopted_;  // file of the process that opened the socket, for adopt_file()
};

}  // namespace sluice::admin

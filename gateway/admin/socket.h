// SPDX-License-Identifier: Apache-2.0
// The listening socket of the admin server, TCP or Unix.
#pragma once
#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "gateway/admin/admin_config.h"
#include "gateway/base/result.h"

namespace sluice::admin {

// Owns the descriptor and, for a Unix socket, the file: it is removed when this ends, unless another process
// has put its own in that place meanwhile.
class ListeningSocket {
 public:
  // The error is for people: it names the address and, for a port in use, the process that has it if the
  // system tells.
  static base::Result<ListeningSocket> open(const AdminAddress& address);

  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();

  int fd() const noexcept { return fd_; }
  int family() const noexcept { return path_.empty() ? AF_INET : AF_UNIX; }
  // Bound port; 0 for a Unix socket.
  std::uint16_t port() const noexcept;

 private:
  ListeningSocket(int fd, std::string path) noexcept;

  int fd_;
  std::string path_;
  dev_t device_ = 0;  // these two tell whether the file is still ours
  ino_t inode_ = 0;
};

}  // namespace sluice::admin

// SPDX-License-Identifier: Apache-2.0
// Listening sockets that a supervisor opened before it started this process, as sd_listen_fds(3) describes:
// LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, descriptors from 3 on. So a port below 1024 needs no rights
// here, and connections wait instead of being refused while the process restarts. Control thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/net/address.h"

namespace sluice::net {

class InheritedSockets {
 public:
  // None.
  InheritedSockets() = default;
  // Those of the environment, which is cleared so that no child takes them for its own. What is no listening
  // stream socket is closed, with a warning.
  static InheritedSockets from_environment();
  // `names` as in LISTEN_FDNAMES; takes over the `count` descriptors from `first` on.
  InheritedSockets(int first, unsigned count, std::string_view names);
  InheritedSockets(InheritedSockets&&) = default;
  InheritedSockets& operator=(InheritedSockets&& other) noexcept;
  // Closes what nobody took.
  ~InheritedSockets();

  // The socket of that name, or else the one that listens on `at`; the caller's to close, non-blocking.
  std::optional<int> take(std::string_view name, const Address& at);
  // "web on 127.0.0.1:8080" for each that nobody took, which are closed.
  std::vector<std::string> drop_rest();

 private:
  struct Socket {
    int fd;
    std::string name;
    Address at;
  };
  std::vector<Socket> sockets_;
};

}  // namespace sluice::net

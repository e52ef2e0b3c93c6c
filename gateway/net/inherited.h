// SPDX-License-Identifier: Apache-2.0
// Listening sockets that somebody else opened before this process began. A supervisor may have, as
// sd_listen_fds(3) describes: LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, descriptors from 3 on. So a port
// below 1024 needs no rights here, and connections wait instead of being refused while the process restarts.
// Or the process that this one takes the place of (handover.h). Control thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/net/address.h"
#include "gateway/net/handover.h"

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
  // Those that the process before this one served.
  explicit InheritedSockets(std::vector<HandedSockets> handed);
  InheritedSockets(InheritedSockets&&) = default;
  InheritedSockets& operator=(InheritedSockets&& other) noexcept;
  // Closes what nobody took.
  ~InheritedSockets();

  struct Taken {
    std::vector<int> fds;  // one, or the several queues of one address that were handed over
    bool owns_file = false;
  };
  // The socket of that name, or else the one that listens on `at`; the caller's to close, non-blocking. A
  // handed one must listen on `at`, unless that says no port.
  std::optional<Taken> take(std::string_view name, const Address& at);
  // Those of that name, for another one to take.
  InheritedSockets split(std::string_view name);
  // The most queues that were handed over of one listener: as many workers it needs to serve all.
  std::size_t queues() const;
  // "web on 127.0.0.1:8080" for each that nobody took, which are closed.
  std::vector<std::string> drop_rest();

 private:
  struct Socket {
    int fd;
    std::string name;
    Address at;
    bool handed = false;
    bool owns_file = false;
  };
  std::vector<Socket> sockets_;
};

}  // namespace sluice::net

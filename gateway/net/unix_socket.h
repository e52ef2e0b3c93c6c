// SPDX-License-Identifier: Apache-2.0
// Listening on Unix sockets, and the files that come of it: made with the rights that were asked for, put in
// the place of one that a dead process left behind, never in the place of a living one or of anything else,
// and removed at the end. Control thread.
#pragma once
#include <sys/types.h>

#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/net/address.h"

namespace sluice::net {

// Who may connect. Names of the system's users and groups, or their numbers; "" leaves what the system gives.
struct SocketAccess {
  mode_t mode = 0660;
  std::string owner, group;
  bool operator==(const SocketAccess&) const = default;
};

// The file of a listening socket: removed when this ends, unless another process has put its own in that
// place meanwhile.
class SocketFile {
 public:
  SocketFile() = default;
  explicit SocketFile(std::string path) noexcept;
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&& other) noexcept;
  ~SocketFile() { remove(); }

  void remove() noexcept;
  // From now on another process removes it.
  void give_up() noexcept { path_.clear(); }
  bool owned() const noexcept { return !path_.empty(); }

 private:
  std::string path_;  // empty: no file
  dev_t device_ = 0;  // these two tell whether the file is still ours
  ino_t inode_ = 0;
};

struct UnixListener {
  int fd = -1;  // non-blocking, close-on-exec, listening; the caller's to close
  SocketFile file;
};

// Reason::internal otherwise, with an explanation for people, which for a socket in use names the process if
// it can be found.
base::Result<UnixListener> listen_unix(const Address& at, const SocketAccess& access, int backlog);

}  // namespace sluice::net

// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/socket.h"

#include <unistd.h>

#include <utility>

namespace sluice::admin {
namespace {

constexpr int kBacklog = 128;

}  // namespace

base::Result<ListeningSocket> ListeningSocket::open(const AdminAddress& address,
                                                    net::InheritedSockets& inherited) {
  bool is_unix = !address.path.empty();
  auto at = is_unix ? net::Address::of_path(address.path) : net::Address::parse(address.ip, address.port);
  if (!at) return std::move(at).unexpected();
  if (auto taken = inherited.take(kHandedAs, *at)) {
    ListeningSocket socket(taken->fds.front(), {});
    socket.inherited_ = true;
    if (taken->owns_file) socket.adopted_ = address.path;
    return socket;
  }
  if (is_unix) {
    // Owner and group: who may look at the gateway's figures is given its group.
    auto made = net::listen_unix(*at, {}, kBacklog);
    if (!made) return std::move(made).unexpected();
    return ListeningSocket(made->fd, std::move(made->file));
  }
  auto fd = net::listen(*at, kBacklog);
  if (!fd) return std::move(fd).unexpected();
  return ListeningSocket(*fd, {});
}

ListeningSocket::ListeningSocket(int fd, net::SocketFile file) noexcept : fd_(fd), file_(std::move(file)) {}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      inherited_(other.inherited_),
      file_(std::move(other.file_)),
      adopted_(std::move(other.adopted_)) {}

ListeningSocket::~ListeningSocket() {
  file_.remove();  // before the socket is closed: nobody finds a file without a listener
  if (fd_ >= 0) ::close(fd_);
}

void ListeningSocket::adopt_file() {
  if (!adopted_.empty()) file_ = net::SocketFile(adopted_);
}

std::uint16_t ListeningSocket::port() const noexcept { return net::bound_to(fd_).port(); }

}  // namespace sluice::admin

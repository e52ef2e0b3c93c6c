// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/net/listen.h"

namespace sluice::admin {
namespace {

constexpr int kBacklog = 128;
// Owner and group: who may look at the gateway's figures is given its group.
constexpr mode_t kMode = 0660;

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

const sockaddr* generic(const sockaddr_un& address) noexcept {
  return reinterpret_cast<const sockaddr*>(&address);
}

int unix_socket() noexcept { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

// Is `path` a socket that nobody listens on any more, left by a process that was killed?
bool abandoned(const std::string& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  int probe = unix_socket();
  auto address = unix_address(path);
  bool refused = ::connect(probe, generic(address), sizeof address) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return refused;
}

bool bind_and_listen(int fd, const std::string& path) {
  auto address = unix_address(path);
  return ::bind(fd, generic(address), sizeof address) == 0 && ::chmod(path.c_str(), kMode) == 0 &&
         ::listen(fd, kBacklog) == 0;
}

base::Result<int> open_unix(const std::string& path) {
  int fd = unix_socket();
  if (fd >= 0 && bind_and_listen(fd, path)) return fd;
  if (fd >= 0 && errno == EADDRINUSE && abandoned(path) && ::unlink(path.c_str()) == 0 &&
      bind_and_listen(fd, path))
    return fd;
  auto text =
      fmt::format("cannot listen on unix:{}: {}", path,
                  errno == EADDRINUSE ? "it exists, and is no socket or in use" : std::strerror(errno));
  if (fd >= 0) ::close(fd);
  return base::fail(base::Reason::internal, std::move(text));
}

base::Result<int> open_tcp(const AdminAddress& address) {
  auto at = net::Address::parse(address.ip, address.port);
  if (!at) return std::move(at).unexpected();
  return net::listen(*at, kBacklog);
}

}  // namespace

base::Result<ListeningSocket> ListeningSocket::open(const AdminAddress& address) {
  auto fd = address.path.empty() ? open_tcp(address) : open_unix(address.path);
  if (!fd) return std::move(fd).unexpected();
  return ListeningSocket(*fd, address.path);
}

ListeningSocket::ListeningSocket(int fd, std::string path) noexcept : fd_(fd), path_(std::move(path)) {
  struct stat status{};
  if (path_.empty() || lstat(path_.c_str(), &status) != 0) return;
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      device_(other.device_),
      inode_(other.inode_) {}

ListeningSocket::~ListeningSocket() {
  if (fd_ < 0) return;
  struct stat status{};
  bool ours = !path_.empty() && lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
              status.st_ino == inode_;
  if (ours) ::unlink(path_.c_str());
  ::close(fd_);
}

std::uint16_t ListeningSocket::port() const noexcept { return path_.empty() ? net::bound_to(fd_).port() : 0; }

}  // namespace sluice::admin

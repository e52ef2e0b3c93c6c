// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/unix_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/net/port_owner.h"

namespace sluice::net {
namespace {

struct Ids {
  uid_t owner = static_cast<uid_t>(-1);  // these values leave what is there: chown(2)
  gid_t group = static_cast<gid_t>(-1);
  bool any() const noexcept { return owner != static_cast<uid_t>(-1) || group != static_cast<gid_t>(-1); }
};

constexpr std::size_t kNameBuffer = 64 * 1024;  // for an entry of the user or group database

std::optional<id_t> number(const std::string& text) {
  auto n = base::parse_decimal(text);
  if (!n || *n >= std::numeric_limits<id_t>::max()) return std::nullopt;  // the last one means "leave it"
  return static_cast<id_t>(*n);
}

std::optional<id_t> user(const std::string& name) {
  if (auto id = number(name)) return id;
  std::vector<char> buffer(kNameBuffer);
  passwd entry{}, *found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return found ? std::optional<id_t>(entry.pw_uid) : std::nullopt;
}

std::optional<id_t> group(const std::string& name) {
  if (auto id = number(name)) return id;
  std::vector<char> buffer(kNameBuffer);
  ::group entry{}, *found = nullptr;
  ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return found ? std::optional<id_t>(entry.gr_gid) : std::nullopt;
}

base::Unexpected refuse_path(const Address& at, const std::string& why) {
  return base::fail(base::Reason::internal, "cannot listen on " + at.text() + ": " + why);
}

base::Result<Ids> ids_of(const Address& at, const SocketAccess& access) {
  Ids ids;
  if (!access.owner.empty()) {
    auto id = user(access.owner);
    if (!id) return refuse_path(at, "there is no user named " + access.owner);
    ids.owner = *id;
  }
  if (!access.group.empty()) {
    auto id = group(access.group);
    if (!id) return refuse_path(at, "there is no group named " + access.group);
    ids.group = *id;
  }
  return ids;
}

const char* path_of(const Address& at) noexcept {
  return reinterpret_cast<const sockaddr_un*>(at.data())->sun_path;
}

// What is in the place of the file that we want.
enum class Found { nothing, abandoned, living, something_else };

Found who_is_at(const Address& at) noexcept {
  struct stat status{};
  if (::lstat(path_of(at), &status) != 0) return Found::nothing;
  if (!S_ISSOCK(status.st_mode)) return Found::something_else;
  int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  bool refused = ::connect(probe, at.data(), at.size()) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return refused ? Found::abandoned : Found::living;  // whatever we may not ask may well live
}

base::Result<UnixListener> fail_with_errno(const Address& at, const char* what) {
  return refuse_path(at, std::string(what) + std::strerror(errno));
}

// The file gets its owner before anybody but this process may connect: bind(2) takes the mode of the socket,
// and nothing waits there before listen(2).
base::Result<UnixListener> bind_and_listen(const Address& at, int fd, const SocketAccess& access,
                                           const Ids& ids, int backlog) {
  if (::fchmod(fd, 0600) != 0 || ::bind(fd, at.data(), at.size()) != 0) return fail_with_errno(at, "");
  UnixListener out{-1, SocketFile(path_of(at))};
  if (ids.any() && ::lchown(path_of(at), ids.owner, ids.group) != 0)
    return fail_with_errno(at, "cannot give it to its owner: ");
  if (::chmod(path_of(at), access.mode) != 0) return fail_with_errno(at, "cannot set its mode: ");
  if (::listen(fd, backlog) != 0) return fail_with_errno(at, "");
  out.fd = fd;
  return out;
}

}  // namespace

SocketFile::SocketFile(std::string path) noexcept : path_(std::move(path)) {
  struct stat status{};
  if (::lstat(path_.c_str(), &status) != 0) return;
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
    device_ = other.device_;
    inode_ = other.inode_;
  }
  return *this;
}

void SocketFile::remove() noexcept {
  if (path_.empty()) return;
  struct stat status{};
  bool ours = ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
  if (ours) ::unlink(path_.c_str());
  path_.clear();
}

base::Result<UnixListener> listen_unix(const Address& at, const SocketAccess& access, int backlog) {
  auto ids = ids_of(at, access);
  if (!ids) return std::move(ids).unexpected();
  switch (who_is_at(at)) {
    case Found::nothing:
      break;
    case Found::something_else:
      return refuse_path(at, "there is a file of that name, which is no socket");
    case Found::living:
      return refuse_path(at, "a process listens there already" + socket_owner(path_of(at)));
    case Found::abandoned:
      if (::unlink(path_of(at)) != 0) return fail_with_errno(at, "cannot remove what another process left: ");
      break;
  }
  int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail_with_errno(at, "");
  auto listener = bind_and_listen(at, fd, access, *ids, backlog);
  if (!listener) ::close(fd);
  return listener;
}

}  // namespace sluice::net

// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/listen.h"

#include <linux/filter.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <string>
#include <utility>

#include "gateway/net/port_owner.h"

namespace sluice::net {
namespace {

// Sockets on their way into a result; closes what was not released.
class Sockets {
 public:
  Sockets() = default;
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;
  ~Sockets() {
    for (int fd : fds_) ::close(fd);
  }
  void add(int fd) { fds_.push_back(fd); }
  const std::vector<int>& all() const noexcept { return fds_; }
  std::vector<int> release() noexcept { return std::exchange(fds_, {}); }

 private:
  std::vector<int> fds_;
};

base::Unexpected refuse_with_errno(const Address& at, const char* what) {
  int error = errno;
  std::string text = std::string(what) + " " + at.text() + ": " + std::strerror(error);
  if (error == EADDRINUSE) text += port_owner(at.port());
  return base::fail(base::Reason::internal, std::move(text));
}

void set(int fd, int level, int option, int value) noexcept {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

base::Result<int> bind_socket(Sockets& sockets, const Address& at, bool shared) {
  int fd = ::socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return refuse_with_errno(at, "cannot open a socket for");
  sockets.add(fd);
  set(fd, SOL_SOCKET, SO_REUSEADDR, 1);  // connections in TIME_WAIT do not keep a restart from the port
  if (shared) set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (at.family() == AF_INET6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(fd, at.data(), at.size()) != 0) return refuse_with_errno(at, "cannot listen on");
  return fd;
}

}  // namespace

base::Result<int> listen(const Address& at, int backlog) {
  Sockets sockets;
  auto fd = bind_socket(sockets, at, false);
  if (!fd) return fd;
  if (::listen(*fd, backlog) != 0) return refuse_with_errno(at, "cannot listen on");
  return sockets.release().front();
}

base::Result<std::vector<int>> listen_shared(const Address& at, unsigned sockets, int backlog) {
  // Without SO_REUSEPORT a bind fails where anybody listens. The probe stays bound until the others are, so
  // that a port that the system chose cannot be lost in between; it never listens.
  Sockets probe;
  auto first = bind_socket(probe, at, false);
  if (!first) return std::move(first).unexpected();
  Address real = bound_to(*first);
  Sockets shared;
  for (unsigned i = 0; i < sockets; ++i) {
    auto fd = bind_socket(shared, real, true);
    if (!fd) return std::move(fd).unexpected();
  }
  for (int fd : shared.all())
    if (::listen(fd, backlog) != 0) return refuse_with_errno(real, "cannot listen on");
  return shared.release();
}

Address every_address(std::uint16_t port) noexcept {
  constexpr unsigned char kNone[16] = {};
  int probe = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool without = probe < 0 && errno == EAFNOSUPPORT;
  if (probe >= 0) ::close(probe);
  return Address::of_bytes({kNone, without ? 4u : 16u}, port);
}

base::Result<std::vector<int>> bind_beside_own(const Address& at, unsigned sockets) {
  Sockets shared;
  for (unsigned i = 0; i < sockets; ++i) {
    auto fd = bind_socket(shared, at, true);
    if (!fd) return std::move(fd).unexpected();
  }
  return shared.release();
}

base::Result<void> listen_on(int socket, int backlog) {
  if (::listen(socket, backlog) != 0) return refuse_with_errno(bound_to(socket), "cannot listen on");
  return {};
}

bool begin_no_more(int socket) noexcept {
  // What a filter of a TCP socket reads begins with the TCP header, whose 14th byte has the flags (RFC
  // 9293, 3.1).
  constexpr unsigned kFlags = 13, kSyn = 0x02, kAck = 0x10, kNothing = 0, kAll = 0xffff;
  sock_filter steps[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlags),
                         BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSyn | kAck),
                         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1), BPF_STMT(BPF_RET | BPF_K, kNothing),
                         BPF_STMT(BPF_RET | BPF_K, kAll)};
  sock_fprog program{std::size(steps), steps};
  return ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

void begin_again(int socket) noexcept {
  int none = 0;
  ::setsockopt(socket, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none);
}

Address bound_to(int socket) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size);
  return Address::from(reinterpret_cast<sockaddr*>(&storage), size);
}

}  // namespace sluice::net

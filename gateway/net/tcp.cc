// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tcp.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "gateway/net/sleep.h"
#include "gateway/net/system_call.h"

namespace sluice::net {

using base::Reason;

TcpTransport::TcpTransport(Loop& loop, int fd, bool connected) noexcept
    : Transport(loop.wheel()), loop_(&loop), fd_(fd) {
  can_write_ = connected;
  registered_ = loop.add(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, *this);
}

TcpTransport::~TcpTransport() {
  if (fd_ < 0) return;
  loop_->remove(fd_, *this);
  ::close(fd_);
}

void TcpTransport::on_events(std::uint32_t events) noexcept {
  bool hangup = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
  bool dead = events & (EPOLLHUP | EPOLLERR);
  // EPOLLHUP alone says that both sides have finished sending, which is an orderly end.
  if (events & EPOLLERR) broke_ = true;
  became_ready(hangup || events & EPOLLIN, dead || events & EPOLLOUT, hangup);
}

namespace {

// Of the last call, on a socket that was taken to be ready: if it was not, only an event can change it.
inline Io failed(bool& ready) noexcept {
  const int why = errno;
  if (why == EAGAIN) ready = false;
  if (why == EAGAIN || why == EINTR) return {Io::Kind::again, 0, 0};
  return {Io::Kind::failed, 0, why};
}

}  // namespace

Io TcpTransport::try_read(std::span<char> into) noexcept {
  if (!can_read_) return {Io::Kind::again, 0, 0};
  ssize_t n = receive(fd_, into.data(), into.size(), MSG_DONTWAIT);
  if (n > 0) {
    // A short read has emptied the socket, what comes later makes an event of its own; but an end that was
    // announced already makes none.
    if (static_cast<std::size_t>(n) < into.size() && !hung_up_) can_read_ = false;
    return {Io::Kind::moved, static_cast<std::size_t>(n), 0};
  }
  if (n == 0) return ended();
  return failed(can_read_);
}

Io TcpTransport::try_peek(std::span<char> into) noexcept {
  if (!can_read_) return {Io::Kind::again, 0, 0};
  ssize_t n = ::recv(fd_, into.data(), into.size(), MSG_DONTWAIT | MSG_PEEK);
  if (n > 0) return {Io::Kind::moved, static_cast<std::size_t>(n), 0};
  if (n == 0) return ended();
  return failed(can_read_);
}

Io TcpTransport::try_write(std::span<const iovec> from) noexcept {
  if (!can_write_) return {Io::Kind::again, 0, 0};
  ssize_t n;
  std::size_t whole = 0;
  if (from.size() == 1) {
    whole = from[0].iov_len;
    n = send(fd_, from[0].iov_base, whole, MSG_DONTWAIT | MSG_NOSIGNAL);
  } else {
    from = from.first(std::min<std::size_t>(from.size(), IOV_MAX));
    for (const iovec& v : from) whole += v.iov_len;
    msghdr m{};
    m.msg_iov = const_cast<iovec*>(from.data());
    m.msg_iovlen = from.size();
    n = send_message(fd_, m, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  if (n >= 0) {
    // A short write has filled the socket; room makes an event of its own (epoll(7), question 9).
    if (static_cast<std::size_t>(n) < whole) can_write_ = false;
    return {Io::Kind::moved, static_cast<std::size_t>(n), 0};
  }
  return failed(can_write_);
}

Io TcpTransport::try_splice_in(const Pipe& to, std::size_t at_most) noexcept {
  if (!can_read_) return {Io::Kind::again, 0, 0};
  ssize_t n = ::splice(fd_, nullptr, to.write_end, nullptr, at_most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (n > 0) return {Io::Kind::moved, static_cast<std::size_t>(n), 0};
  if (n == 0) return ended();
  return failed(can_read_);
}

Io TcpTransport::try_splice_out(const Pipe& from, std::size_t at_most, bool more) noexcept {
  if (!can_write_) return {Io::Kind::again, 0, 0};
  unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0u);
  ssize_t n = ::splice(from.read_end, nullptr, fd_, nullptr, at_most, flags);
  if (n > 0) return {Io::Kind::moved, static_cast<std::size_t>(n), 0};
  if (n == 0) return {Io::Kind::failed, 0, EPIPE};
  return failed(can_write_);
}

void TcpTransport::shutdown_write() noexcept { ::shutdown(fd_, SHUT_WR); }

void TcpTransport::reset_on_close() noexcept {
  linger l{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

int TcpTransport::release() noexcept {
  loop_->remove(fd_, *this);
  return std::exchange(fd_, -1);
}

int TcpTransport::connect_error() const noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

namespace {

std::string explain(const Address& to, int error) {
  return "connect to " + to.text() + ": " + std::strerror(error);
}

void set_no_delay(int fd) noexcept {
  int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

base::Unexpected connect_failed(const Address& to, int error) {
  return base::fail(error == EAGAIN ? Reason::timeout_connect : Reason::upstream_connect_failed,
                    explain(to, error));
}

// A socket that is not a transport's yet.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int release() noexcept { return std::exchange(fd, -1); }
};

// A Unix socket whose queue is full does not say when there is room: asks again until the time is up.
base::Task<base::Result<TransportPtr>> connect_when_room(Loop& loop, Address to, int fd,
                                                         base::Duration timeout) {
  Descriptor socket{fd};
  auto deadline = loop.now() + timeout;
  do {
    auto pause = sleep(loop, Wheel::kTick);
    if (co_await pause == base::Outcome::cancelled) co_return base::fail(pause.why());
    if (::connect(fd, to.data(), to.size()) == 0) {
      auto transport = std::make_unique<TcpTransport>(loop, socket.release(), true);
      if (transport->registered()) co_return TransportPtr(std::move(transport));
      co_return base::fail(Reason::overload, std::string("epoll: ") + std::strerror(errno));
    }
    if (errno != EAGAIN) co_return connect_failed(to, errno);
  } while (timeout == base::Duration::zero() || loop.now() < deadline);
  co_return connect_failed(to, EAGAIN);
}

}  // namespace

base::Task<base::Result<TransportPtr>> connect(Loop& loop, const Address& to, base::Duration timeout) {
  int fd = ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) co_return base::fail(Reason::overload, std::string("socket: ") + std::strerror(errno));
  if (!to.is_unix()) set_no_delay(fd);
  bool connected = ::connect(fd, to.data(), to.size()) == 0;
  if (!connected && errno == EAGAIN && to.is_unix())
    co_return co_await connect_when_room(loop, to, fd, timeout);
  if (!connected && errno != EINPROGRESS) {
    int error = errno;
    ::close(fd);
    co_return connect_failed(to, error);
  }
  auto transport = std::make_unique<TcpTransport>(loop, fd, connected);
  if (!transport->registered())
    co_return base::fail(Reason::overload, std::string("epoll: ") + std::strerror(errno));
  if (!connected) {
    auto wait = transport->writable(timeout);
    auto outcome = co_await wait;
    if (outcome == base::Outcome::cancelled) co_return base::fail(wait.why());
    if (outcome == base::Outcome::timeout)
      co_return base::fail(Reason::timeout_connect, "connect to " + to.text());
    if (int error = transport->connect_error())
      co_return base::fail(Reason::upstream_connect_failed, explain(to, error));
  }
  co_return TransportPtr(std::move(transport));
}

}  // namespace sluice::net

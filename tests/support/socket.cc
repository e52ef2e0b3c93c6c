// SPDX-License-Identifier: Apache-2.0
#include "tests/support/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace sluice::test {
namespace {

sockaddr_in loopback(std::uint16_t port) noexcept {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

const sockaddr* address(const sockaddr_in& at) noexcept { return reinterpret_cast<const sockaddr*>(&at); }

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

int new_socket() {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  return fd;
}

// Small writes leave at once.
void do_not_delay(int fd) noexcept {
  int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

}  // namespace

Bell::Bell() : fd_(::eventfd(0, EFD_CLOEXEC)) {
  if (fd_ < 0) fail("eventfd");
}

Bell::~Bell() { ::close(fd_); }

void Bell::ring() noexcept {
  std::uint64_t one = 1;
  [[maybe_unused]] auto n = ::write(fd_, &one, sizeof one);
}

Socket::Socket(int fd, const Bell* bell) noexcept : fd_(fd), bell_(bell) { do_not_delay(fd); }

Socket::Socket(Socket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      bell_(other.bell_),
      layer_(std::move(other.layer_)),
      end_(other.end_) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  close();
  fd_ = std::exchange(other.fd_, -1);
  bell_ = other.bell_;
  layer_ = std::move(other.layer_);
  end_ = other.end_;
  return *this;
}

Socket Socket::connect(std::uint16_t port, int receive_buffer) {
  Socket out(new_socket());
  if (receive_buffer > 0)
    ::setsockopt(out.fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  auto at = loopback(port);
  if (::connect(out.fd_, address(at), sizeof at) != 0) out.close();
  return out;
}

namespace {

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (path.size() >= sizeof at.sun_path) throw std::runtime_error("too long for a Unix socket: " + path);
  path.copy(at.sun_path, path.size());
  return at;
}

}  // namespace

Socket Socket::connect(const std::string& path) {
  Socket out(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto at = unix_address(path);
  if (::connect(out.fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) out.close();
  return out;
}

Socket Socket::listen(const std::string& path, const Bell* bell, int backlog) {
  Socket out(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), bell);
  auto at = unix_address(path);
  if (::bind(out.fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) fail("bind");
  if (::listen(out.fd_, backlog) != 0) fail("listen");
  return out;
}

// Two sockets may have a port as long as both say so and neither listens yet.
Socket Socket::bind(std::uint16_t port, const Bell* bell) {
  Socket out(new_socket(), bell);
  int one = 1;
  ::setsockopt(out.fd_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  auto at = loopback(port);
  if (::bind(out.fd_, address(at), sizeof at) != 0) fail("bind");
  return out;
}

Socket Socket::reserve() { return bind(0, nullptr); }

Socket Socket::listen(std::uint16_t port, const Bell* bell, int backlog) {
  Socket out = bind(port, bell);
  if (::listen(out.fd_, backlog) != 0) fail("listen");
  return out;
}

// Waits for the bell alone as long as it takes: an upstream may idle while a test is busy elsewhere.
Socket Socket::accept(const Bell* bell) {
  pollfd entries[] = {{fd_, POLLIN, 0}, {bell_->fd(), POLLIN, 0}};
  while (::poll(entries, 2, -1) < 0 && errno == EINTR) {
  }
  if (entries[1].revents != 0) return {};
  int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
  return fd < 0 ? Socket() : Socket(fd, bell);
}

std::uint16_t Socket::port() const noexcept {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
  return ntohs(at.sin_port);
}

bool Socket::wait(short events, std::chrono::milliseconds patience) noexcept {
  pollfd entries[] = {{fd_, events, 0}, {bell_ ? bell_->fd() : -1, POLLIN, 0}};
  int ready;
  while ((ready = ::poll(entries, 2, static_cast<int>(patience.count()))) < 0 && errno == EINTR) {
  }
  if (entries[0].revents != 0) return true;
  if (patience == kPatience) end_ = ready == 0 ? End::overdue : End::rung;
  return false;
}

bool Socket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!open()) return false;
    auto n = layer_ ? layer_->send(bytes.data(), bytes.size())
                    : ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    if (n >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN || !wait(POLLOUT)) return false;
  }
  return true;
}

std::size_t Socket::send_some(std::string_view bytes) {
  constexpr std::chrono::milliseconds kAWhile{300};
  while (open()) {
    auto n = layer_ ? layer_->send(bytes.data(), bytes.size())
                    : ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) return static_cast<std::size_t>(n);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0 || errno != EAGAIN || !wait(POLLOUT, kAWhile)) break;
  }
  return 0;
}

bool Socket::receive(std::string& to) {
  char buffer[64 * 1024];
  while (open() && end_ == End::open) {
    auto n =
        layer_ ? layer_->receive(buffer, sizeof buffer) : ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n > 0) {
      to.append(buffer, static_cast<std::size_t>(n));
      return true;
    }
    if (n == 0) end_ = End::closed;
    if (n >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN) {
      end_ = End::reset;
    } else {
      wait(POLLIN);
    }
  }
  return false;
}

void Socket::half_close() noexcept {
  if (layer_) layer_->end();
  ::shutdown(fd_, SHUT_WR);
}

void Socket::close() noexcept {
  if (layer_ && fd_ >= 0) layer_->end();
  layer_.reset();
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void Socket::reset() noexcept {
  linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  layer_.reset();
  close();
}

}  // namespace sluice::test

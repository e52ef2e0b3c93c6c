// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/inherited.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/base/strings.h"

namespace sluice::net {
namespace {

constexpr int kFirst = 3;              // SD_LISTEN_FDS_START
constexpr std::uint64_t kMost = 4096;  // more than any unit has

int option(int fd, int which) noexcept {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, which, &value, &size) == 0 ? value : -1;
}

bool listening_stream(int fd) noexcept {
  int family = option(fd, SO_DOMAIN);
  return (family == AF_INET || family == AF_INET6 || family == AF_UNIX) &&
         option(fd, SO_TYPE) == SOCK_STREAM && option(fd, SO_ACCEPTCONN) == 1;
}

// With the path of a Unix socket, which bound_to() leaves out.
Address listens_at(int fd) {
  sockaddr_un un{};
  socklen_t size = sizeof un;
  if (option(fd, SO_DOMAIN) == AF_UNIX && ::getsockname(fd, reinterpret_cast<sockaddr*>(&un), &size) == 0)
    if (auto named = Address::of_path(un.sun_path)) return *named;
  sockaddr_storage any{};
  size = sizeof any;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&any), &size);
  return Address::from(reinterpret_cast<sockaddr*>(&any), size);
}

void prepare(int fd) noexcept {
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  int one = 1;
  if (option(fd, SO_DOMAIN) != AF_UNIX) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

std::string_view environment(const char* name) noexcept {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

InheritedSockets InheritedSockets::from_environment() {
  auto pid = base::parse_decimal(environment("LISTEN_PID"));
  auto count = base::parse_decimal(environment("LISTEN_FDS"));
  bool ours = pid && *pid == static_cast<std::uint64_t>(::getpid()) && count && *count <= kMost;
  auto found = ours ? InheritedSockets(kFirst, static_cast<unsigned>(*count), environment("LISTEN_FDNAMES"))
                    : InheritedSockets();
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  return found;
}

InheritedSockets::InheritedSockets(int first, unsigned count, std::string_view names) {
  for (int fd = first; fd < first + static_cast<int>(count); ++fd) {
    auto colon = names.find(':');
    std::string name(names.substr(0, colon));
    names = colon == std::string_view::npos ? std::string_view() : names.substr(colon + 1);
    if (listening_stream(fd)) {
      prepare(fd);
      sockets_.push_back({fd, std::move(name), listens_at(fd), false, false});
    } else {
      base::log(base::Level::warning, "the inherited descriptor " + std::to_string(fd) + " (" + name +
                                          ") is no listening stream socket and is closed");
      ::close(fd);
    }
  }
}

InheritedSockets::InheritedSockets(std::vector<HandedSockets> handed) {
  for (const auto& h : handed)
    for (int fd : h.fds) {
      prepare(fd);
      sockets_.push_back({fd, h.name, listens_at(fd), true, h.owns_file});
    }
}

InheritedSockets& InheritedSockets::operator=(InheritedSockets&& other) noexcept {
  std::swap(sockets_, other.sockets_);
  return *this;
}

InheritedSockets::~InheritedSockets() {
  for (const auto& s : sockets_) ::close(s.fd);
}

std::optional<InheritedSockets::Taken> InheritedSockets::take(std::string_view name, const Address& at) {
  auto named = [&](const Socket& s) {
    return s.name == name && (!s.handed || s.at == at || (!at.is_unix() && at.port() == 0));
  };
  auto found = std::ranges::find_if(sockets_, named);
  if (found == sockets_.end()) found = std::ranges::find(sockets_, at, &Socket::at);
  if (found == sockets_.end()) return std::nullopt;
  const Socket first = *found;
  Taken out{{}, first.owns_file};
  std::erase_if(sockets_, [&](const Socket& s) {
    bool same = s.fd == first.fd || (first.handed && s.handed && s.name == first.name && s.at == first.at);
    if (same) out.fds.push_back(s.fd);
    return same;
  });
  return out;
}

InheritedSockets InheritedSockets::split(std::string_view name) {
  InheritedSockets out;
  std::erase_if(sockets_, [&](const Socket& s) {
    if (s.name == name) out.sockets_.push_back(s);
    return s.name == name;
  });
  return out;
}

std::size_t InheritedSockets::queues() const {
  std::size_t most = 0;
  for (const auto& s : sockets_) {
    if (!s.handed || s.at.is_unix()) continue;  // a Unix socket has one queue, whoever takes from it
    most = std::max(most, static_cast<std::size_t>(std::ranges::count(sockets_, s.name, &Socket::name)));
  }
  return most;
}

std::vector<std::string> InheritedSockets::drop_rest() {
  std::vector<std::string> out;
  for (const auto& s : std::exchange(sockets_, {})) {
    out.push_back((s.name.empty() ? "a socket" : s.name) + " on " + s.at.text());
    ::close(s.fd);
  }
  return out;
}

}  // namespace sluice::net

// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/syslog.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace sluice::observe {
namespace {

constexpr std::string_view kHere = "syslog", kScheme = "syslog://";
constexpr int kPriority = 16 * 8 + 6;  // facility local0, severity informational

// RFC 5424 section 6.1: what every receiver should take; and a path that takes no more than a packet of it.
constexpr std::size_t kAlways = 1200;

// RFC 5424 section 6.2.4: 1 to 255 printable characters of ASCII without blanks, or "-".
std::string host_name() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return "-";
  std::string out(name);
  bool good = std::all_of(out.begin(), out.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  return out.empty() || !good ? "-" : out.substr(0, 255);
}

base::Result<net::Address> of_host_and_port(std::string_view text) {
  auto colon = text.rfind(':');
  std::uint16_t port = 0;
  if (colon != std::string_view::npos) {
    auto digits = text.substr(colon + 1);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error == std::errc{} && end == digits.data() + digits.size() && port != 0)
      return net::Address::parse(text.substr(0, colon), port);
  }
  return base::fail(base::Reason::internal, fmt::format("`{}` has no port", text));
}

}  // namespace

std::optional<base::Result<net::Address>> Syslog::address(std::string_view to) {
  if (to == kHere) return net::Address::of_path("/dev/log");
  if (!to.starts_with(kScheme)) return std::nullopt;
  to.remove_prefix(kScheme.size());
  return to.starts_with('/') ? net::Address::of_path(to) : of_host_and_port(to);
}

Syslog::Syslog(const net::Address& to) : to_(to), host_(host_name()) {}

Syslog::~Syslog() {
  if (fd_ >= 0) close(fd_);
}

bool Syslog::open() noexcept {
  int fd = socket(to_.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  // Connected, so that poll() tells when there is room.
  if (connect(fd, to_.data(), to_.size()) != 0) {
    int why = errno;
    close(fd);
    errno = why;
    return false;
  }
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
  return true;
}

bool Syslog::try_send() noexcept {
  for (;;) {
    if (::send(fd_, message_.data(), message_.size(), MSG_NOSIGNAL) >= 0) return true;
    if (errno != EINTR) return false;
  }
}

Syslog::Sent Syslog::send(std::string_view line, base::WallTime now, std::chrono::milliseconds patience) {
  auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
  time_t second = milliseconds / 1000;
  tm t{};
  gmtime_r(&second, &t);
  message_.clear();
  fmt::format_to(std::back_inserter(message_),
                 "<{}>1 {:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z {} sluice {} access - ", kPriority,
                 t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec,
                 milliseconds % 1000, host_, getpid());
  message_.append(line.substr(0, kLongest));
  // It may have been started anew since, and what is said of UDP is about an earlier message.
  if (fd_ < 0 && !open()) return Sent::failed;
  if (try_send()) return Sent::yes;
  if (errno == EMSGSIZE && message_.size() > kAlways) {
    message_.resize(kAlways);
    if (try_send()) return Sent::yes;
  }
  if (errno == EAGAIN || errno == ENOBUFS) {
    pollfd entry{fd_, POLLOUT, 0};
    if (poll(&entry, 1, static_cast<int>(patience.count())) <= 0) return Sent::busy;
    if (try_send()) return Sent::yes;
    if (errno == EAGAIN || errno == ENOBUFS) return Sent::busy;
  }
  if (open() && try_send()) return Sent::yes;
  return errno == EAGAIN || errno == ENOBUFS ? Sent::busy : Sent::failed;
}

}  // namespace sluice::observe

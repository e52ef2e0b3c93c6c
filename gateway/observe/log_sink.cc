// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::observe {
namespace {

// Pipes, sockets and terminals wait for their reader; everything else takes what it is given.
bool has_reader(int fd) noexcept {
  struct stat status{};
  if (fstat(fd, &status) != 0) return false;
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(fd);
}

bool writable_within(int fd, std::chrono::milliseconds patience) noexcept {
  pollfd entry{fd, POLLOUT, 0};
  return poll(&entry, 1, static_cast<int>(patience.count())) > 0;
}

}  // namespace

LogSink::LogSink(std::string to) : to_(std::move(to)) {}

LogSink::LogSink(std::unique_ptr<OtlpQueue> collector)
    : to_(collector->wire().where()), collector_(std::move(collector)) {}

LogSink::~LogSink() {
  if (owned_) close(fd_);
}

base::Result<void> LogSink::open() {
  if (collector_) return {};
  if (auto address = Syslog::address(to_)) {
    if (!*address) return base::Unexpected{address->error()};
    if (!syslog_) syslog_ = std::make_unique<Syslog>(**address);
    if (syslog_->open()) return {};
    return base::fail(base::Reason::internal, fmt::format("cannot reach {}: {}", to_, std::strerror(errno)));
  }
  if (to_ == "stdout" || to_ == "stderr") {
    fd_ = to_ == "stdout" ? STDOUT_FILENO : STDERR_FILENO;
    if (fcntl(fd_, F_GETFD) < 0)
      return base::fail(base::Reason::internal, fmt::format("cannot write to {}: it is closed", to_));
  } else {
    int fd = ::open(to_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    if (fd < 0)
      return base::fail(base::Reason::internal, fmt::format("cannot open {}: {}", to_, std::strerror(errno)));
    if (owned_) close(fd_);
    fd_ = fd;
    owned_ = true;
  }
  waits_ = has_reader(fd_);
  return {};
}

std::size_t LogSink::write(std::string_view first, std::string_view second,
                           std::chrono::milliseconds patience) noexcept {
  error_ = 0;
  if (syslog_) return send_lines(first, second, patience);
  if (collector_) return collect_lines(first, second, patience);
  std::size_t total = first.size() + second.size();
  std::size_t written = 0;
  while (written < total) {
    iovec pieces[2];
    int count = 0;
    // What poll() promises is room for PIPE_BUF bytes; more could block.
    std::size_t room = waits_ ? PIPE_BUF : total;
    for (std::string_view text : {first.substr(std::min(written, first.size())),
                                  second.substr(written - std::min(written, first.size()))}) {
      auto take = std::min(text.size(), room);
      if (take == 0) continue;
      pieces[count++] = {const_cast<char*>(text.data()), take};
      room -= take;
    }
    if (waits_ && !writable_within(fd_, patience)) return written;
    auto n = writev(fd_, pieces, count);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return written;
    if (n <= 0) {
      error_ = n < 0 ? errno : ENOSPC;
      return written;
    }
    written += static_cast<std::size_t>(n);
  }
  return written;
}

template <class F>
std::size_t LogSink::each_line(std::string_view first, std::string_view second, F&& take) noexcept {
  std::size_t written = 0;
  while (!first.empty() || !second.empty()) {
    if (first.empty()) std::swap(first, second);
    auto end = first.find('\n');
    std::string_view line = first.substr(0, end);
    std::size_t taken = line.size() + 1;
    std::size_t of_second = 0;
    if (end == std::string_view::npos) {
      end = second.find('\n');
      if (end == std::string_view::npos) return written;
      of_second = end + 1;
      taken = first.size() + of_second;
      line = parted_.assign(first).append(second.substr(0, end));
    }
    if (!take(line)) return written;
    written += taken;
    first.remove_prefix(taken - of_second);
    second.remove_prefix(of_second);
  }
  return written;
}

std::size_t LogSink::send_lines(std::string_view first, std::string_view second,
                                std::chrono::milliseconds patience) noexcept {
  auto now = std::chrono::system_clock::now();
  return each_line(first, second, [&](std::string_view line) {
    auto sent = syslog_->send(line, now, patience);
    if (sent == Syslog::Sent::failed) error_ = errno;
    return sent == Syslog::Sent::yes;
  });
}

std::size_t LogSink::collect_lines(std::string_view first, std::string_view second,
                                   std::chrono::milliseconds patience) noexcept {
  return each_line(first, second, [&](std::string_view line) {
    if (collector_->take(line, std::chrono::steady_clock::now())) return true;
    // Both batches are full: the one on its way may be about to end.
    if (patience.count() == 0) return false;
    if (tick()) wait(std::exchange(patience, std::chrono::milliseconds(0)));
    tick();
    return collector_->take(line, std::chrono::steady_clock::now());
  });
}

bool LogSink::tick() {
  if (!collector_) return false;
  collector_->step(std::chrono::steady_clock::now());
  return collector_->under_way();
}

void LogSink::wait(std::chrono::milliseconds at_most) { collector_->wire().run(at_most); }

bool LogSink::finish() {
  if (!collector_) return true;
  collector_->close();
  tick();
  return collector_->holds_nothing();
}

std::uint64_t LogSink::abandon() noexcept { return collector_ ? collector_->abandon() : 0; }

void LogSink::add_losses(LogLosses& out) const noexcept {
  if (!collector_) return;
  out.refused += collector_->refused();
  out.unreachable += collector_->unreachable();
}

}  // namespace sluice::observe

// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/access_log.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "gateway/observe/log_writer.h"

namespace sluice::observe {

WriterBell::WriterBell() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

WriterBell::~WriterBell() { close(event_); }

void WriterBell::ring() noexcept {
  // A signal handler may be the caller.
  int before = errno;
  std::uint64_t one = 1;
  [[maybe_unused]] auto n = write(event_, &one, sizeof one);
  errno = before;
}

void WriterBell::wait(std::chrono::milliseconds at_most) noexcept {
  pollfd entry{event_, POLLIN, 0};
  if (poll(&entry, 1, static_cast<int>(at_most.count())) <= 0) return;
  std::uint64_t count = 0;
  [[maybe_unused]] auto n = read(event_, &count, sizeof count);
}

AccessLogLane::AccessLogLane(const AccessLogConfig& config, WriterBell& bell, unsigned worker)
    : claims_(config.claims),
      choice_(config, worker),
      formatter_(config),
      ring_(static_cast<std::size_t>(config.buffer.bytes)),
      bell_(bell),
      scratch_(std::make_unique_for_overwrite<char[]>(LineFormatter::kMaxLine)) {}

void AccessLogLane::write(const AccessRecord& record) noexcept {
  if (!choice_.wants(record)) return;
  bool wake = false;
  if (char* place = ring_.reserve(formatter_.bound(record))) {
    wake = ring_.commit(formatter_.format(record, place));
  } else {
    // Near the ring's end, or near to full: the bound is generous, the line itself may well fit.
    std::size_t size = formatter_.format(record, scratch_.get());
    if (!ring_.has_room(size)) return drop();
    wake = ring_.append({scratch_.get(), size});
  }
  if (wake) bell_.ring();
}

void AccessLogLane::drop() noexcept { dropped_.store(dropped() + 1, std::memory_order_relaxed); }

AccessLog::AccessLog(AccessLogConfig config, unsigned workers, std::unique_ptr<OtlpWire> wire)
    : config_(std::move(config)) {
  for (unsigned w = 0; w < workers; ++w) lanes_.push_back(std::make_unique<AccessLogLane>(config_, bell_, w));
  writer_ = std::make_unique<LogWriter>(config_, lanes_, bell_, std::move(wire));
}

AccessLog::~AccessLog() { stop(); }

base::Result<void> AccessLog::start() {
  if (auto opened = writer_->open(); !opened) return opened;
  // Signals are for the control thread, and a pipe whose reader left must not end the process.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] {
    writer_->run();
    closed_.store(true, std::memory_order_release);
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return {};
}

void AccessLog::reopen() noexcept { writer_->reopen(); }

void AccessLog::close(std::chrono::milliseconds patience) noexcept { writer_->stop(patience); }

void AccessLog::stop(std::chrono::milliseconds patience) noexcept {
  if (!thread_.joinable()) return;
  close(patience);
  thread_.join();
}

LogLosses AccessLog::losses() const noexcept { return writer_->losses(); }

}  // namespace sluice::observe

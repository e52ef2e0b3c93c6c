// SPDX-License-Identifier: Apache-2.0
// AccessLog: one line per request, off the request path. A worker formats the line into a ring of its own
// (AccessLogLane, no lock, no allocation, no system call); one background thread writes all rings to the sink
// in big pieces. A lane whose ring is full drops the line and counts it: a slow or full disk never slows a
// request. Used by the front layer (lanes) and the server layer (life cycle).
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/error.h"
#include "gateway/base/result.h"
#include "gateway/observe/access_log_config.h"
#include "gateway/observe/log_choice.h"
#include "gateway/observe/log_line.h"
#include "gateway/observe/log_losses.h"
#include "gateway/observe/log_ring.h"
#include "gateway/observe/otlp_queue.h"

namespace sluice::observe {

class AccessLog;

// Wakes the log writer before its time. Any thread, and a signal handler.
class WriterBell {
 public:
  WriterBell();
  WriterBell(const WriterBell&) = delete;
  WriterBell& operator=(const WriterBell&) = delete;
  ~WriterBell();
  void ring() noexcept;
  // Until rung, at most that long.
  void wait(std::chrono::milliseconds at_most) noexcept;

 private:
  int event_;
};

// One worker's way into the log; that worker's thread only.
class alignas(64) AccessLogLane {
 public:
  AccessLogLane(const AccessLogConfig& config, WriterBell& bell, unsigned worker = 0);

  // Formats and queues one line, or drops and counts it, if the record is to have one. Nothing of `record` is
  // kept.
  void write(const AccessRecord& record) noexcept;
  // Names of the claims that AccessRecord::claims is to hold.
  std::span<const std::string> claims() const noexcept { return claims_; }
  // Any thread.
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  friend class LogWriter;
  void drop() noexcept;

  const std::vector<std::string> claims_;
  LogChoice choice_;
  LineFormatter formatter_;
  LogRing ring_;
  WriterBell& bell_;
  std::unique_ptr<char[]> scratch_;  // a line that does not fit into the end of the ring in one piece
  std::atomic<std::uint64_t> dropped_{0};
};

class LogWriter;

class AccessLog {
 public:
  // `workers` lanes. Writes nothing before start(). `wire` is the way to the collector, if the configuration
  // names one.
  AccessLog(AccessLogConfig config, unsigned workers, std::unique_ptr<OtlpWire> wire = nullptr);
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  // As stop().
  ~AccessLog();

  // Opens the sink and starts the writer; once. The error names the file and what the system said.
  base::Result<void> start();
  AccessLogLane& lane(unsigned worker) noexcept { return *lanes_[worker]; }
  // Asks the writer to open the file again (after rotation); if that fails it says so and keeps the old one.
  // Any thread, and a signal handler.
  void reopen() noexcept;
  // How long the sink may take for what is queued at the end.
  static constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(5);
  // Has the writer write out what is queued, as far as the sink takes it within `patience`, and end; waits for
  // nothing. Workers must have stopped writing. Lines that could not be written count as dropped.
  void close(std::chrono::milliseconds patience = kPatience) noexcept;
  // Has the writer ended?
  bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
  // As close(), and waits for that.
  void stop(std::chrono::milliseconds patience = kPatience) noexcept;
  // Lines lost so far, all lanes. Any thread.
  LogLosses losses() const noexcept;
  std::uint64_t dropped() const noexcept { return losses().all(); }
  const AccessLogConfig& config() const noexcept { return config_; }

 private:
  AccessLogConfig config_;
  WriterBell bell_;
  std::vector<std::unique_ptr<AccessLogLane>> lanes_;
  std::unique_ptr<LogWriter> writer_;
  std::atomic<bool> closed_{false};
  std::thread thread_;
};

}  // namespace sluice::observe

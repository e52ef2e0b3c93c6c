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
#include <string_view>
#include <thread>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/error.h"
#include "gateway/base/result.h"
#include "gateway/observe/access_log_config.h"
#include "gateway/observe/log_line.h"
#include "gateway/observe/log_ring.h"
#include "gateway/observe/log_sink.h"

namespace sluice::observe {

// Wakes the writer early; shared by the lanes.
class WriterBell;

// One worker's way into the log; that worker's thread only.
class alignas(64) AccessLogLane {
 public:
  AccessLogLane(const AccessLogConfig& config, WriterBell& bell);

  // Formats and queues one line, or drops and counts it. Nothing of `record` is kept.
  void write(const AccessRecord& record) noexcept;
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }  // any thread

 private:
  friend class AccessLog;
  LineFormatter formatter_;
  LogRing ring_;
  WriterBell& bell_;
  std::atomic<std::uint64_t> dropped_{0};
};

class AccessLog {
 public:
  // `workers` lanes. Writes nothing before start().
  AccessLog(AccessLogConfig config, unsigned workers);
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  // As stop().
  ~AccessLog();

  // Opens the sink and starts the writer. The error names the file and what the system said.
  base::Result<void> start();
  AccessLogLane& lane(unsigned worker) noexcept { return *lanes_[worker]; }
  // Asks the writer to open the file again (after rotation); if that fails it says so and keeps the old one.
  // Any thread, and a signal handler.
  void reopen() noexcept;
  // Writes out what is queued, as far as the sink takes it within `patience`, and ends the writer. Workers
  // must have stopped writing. Lines that could not be written count as dropped.
  void stop(std::chrono::milliseconds patience = std::chrono::seconds(5)) noexcept;
  // Lines lost so far, all lanes. Any thread.
  std::uint64_t dropped() const noexcept;
  const AccessLogConfig& config() const noexcept { return config_; }

 private:
  void run() noexcept;
  bool drain() noexcept;
  bool drain(AccessLogLane& lane) noexcept;

  AccessLogConfig config_;
  std::unique_ptr<WriterBell> bell_;
  std::vector<std::unique_ptr<AccessLogLane>> lanes_;
  LogSink sink_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> reopening_{false};
};

}  // namespace sluice::observe

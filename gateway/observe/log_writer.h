// SPDX-License-Identifier: Apache-2.0
// LogWriter: the background half of AccessLog: empties the lanes' rings into the sink, on a thread of its
// own. Says in the gateway's log, once per trouble, that lines are being lost, and when that is over.
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/observe/access_log.h"
#include "gateway/observe/log_sink.h"

namespace sluice::observe {

class LogWriter {
 public:
  // `wire` is for a collector, if there is one.
  LogWriter(const AccessLogConfig& config, std::vector<std::unique_ptr<AccessLogLane>>& lanes,
            WriterBell& bell, std::unique_ptr<OtlpWire> wire);

  base::Result<void> open() { return sink_.open(); }
  // The thread's function; returns after stop().
  void run() noexcept;
  // Any thread; reopen() a signal handler too.
  void reopen() noexcept;
  void stop(std::chrono::milliseconds patience) noexcept;
  // All lanes' lines that nobody has got. Any thread.
  LogLosses losses() const noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  // True when every ring is empty.
  bool drain() noexcept;
  bool drain(AccessLogLane& lane) noexcept;
  void reopen_now() noexcept;
  void drain_until(Clock::time_point deadline) noexcept;
  void abandon(AccessLogLane& lane) noexcept;
  void report() noexcept;
  void rest() noexcept;
  // Lines that were queued but never written.
  std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }
  std::uint64_t all_dropped() const noexcept;

  std::vector<std::unique_ptr<AccessLogLane>>& lanes_;
  WriterBell& bell_;
  LogSink sink_;
  AccessLogLane* unfinished_ = nullptr;  // its last line was written in part: nothing may come between
  std::size_t next_ = 0;                 // lane to begin with
  bool failing_ = false;                 // the last write failed; said so
  std::uint64_t reported_ = 0;           // drops that were spoken of
  Clock::time_point last_report_{};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<bool> reopening_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> patience_ms_{0};
};

}  // namespace sluice::observe

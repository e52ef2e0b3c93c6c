// SPDX-License-Identifier: Apache-2.0
// LogSink: where log lines go: standard output, standard error, a file, syslog, or a collector of
// OpenTelemetry. Used by the log writer's thread alone. It never waits long: a pipe whose reader stopped
// reading is reported as busy.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/observe/log_losses.h"
#include "gateway/observe/otlp_queue.h"
#include "gateway/observe/syslog.h"

namespace sluice::observe {

class LogSink {
 public:
  explicit LogSink(std::string to);
  explicit LogSink(std::unique_ptr<OtlpQueue> collector);
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;
  ~LogSink();

  // Opens, or opens again; on failure the descriptor opened before stays in use.
  base::Result<void> open();
  // Writes as much of both texts, one after the other, as it can without waiting longer than `patience` for a
  // reader. Returns the bytes written; 0 with error() == 0 means busy.
  std::size_t write(std::string_view first, std::string_view second,
                    std::chrono::milliseconds patience) noexcept;
  // Does it go to a collector?
  bool collects() const noexcept { return collector_ != nullptr; }
  // Goes on with what was begun; to be called every now and then. True if there is something whose end to
  // wait for, which wait() does.
  bool tick();
  void wait(std::chrono::milliseconds at_most);
  // There will be no more lines. False while some that were taken are not where they belong.
  bool finish();
  // Gives up those, and returns how many they were.
  std::uint64_t abandon() noexcept;
  // Adds the lines that it has lost after it had taken them. Any thread.
  void add_losses(LogLosses& out) const noexcept;
  // errno of the last write(), 0 if it did not fail.
  int error() const noexcept { return error_; }
  const std::string& to() const noexcept { return to_; }

 private:
  std::size_t collect_lines(std::string_view first, std::string_view second,
                            std::chrono::milliseconds patience) noexcept;
  // Line by line, so that what it returns ends with one. take(line) is false where there is no room for more.
  template <class F>
  std::size_t each_line(std::string_view first, std::string_view second, F&& take) noexcept;
  // The same, over syslog.
  std::size_t send_lines(std::string_view first, std::string_view second,
                         std::chrono::milliseconds patience) noexcept;

  std::string to_;
  std::unique_ptr<Syslog> syslog_;        // in place of the descriptor
  std::unique_ptr<OtlpQueue> collector_;  // likewise
  std::string parted_;                    // the line that lies in both texts
  int fd_ = -1;
  bool owned_ = false;  // we opened it, and close it
  bool waits_ = false;  // a pipe, socket or terminal: it may have to wait for its reader
  int error_ = 0;
};

}  // namespace sluice::observe

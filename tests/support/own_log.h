// SPDX-License-Identifier: Apache-2.0
// OwnLog: what the gateway of a test says in its own log, on standard error otherwise. One at a time.
#pragma once
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/log.h"

#include "tests/support/socket.h"

namespace sluice::test {

// The lines of the gateway's own log while this lives.
class OwnLog {
 public:
  OwnLog() {
    base::set_log_sink([this](base::Level, std::string_view line) {
      std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
      grown_.notify_all();
    });
  }
  OwnLog(const OwnLog&) = delete;
  ~OwnLog() { base::set_log_sink(nullptr); }
  // Waits for a line that holds this.
  bool says(std::string_view text) {
    std::unique_lock lock(mutex_);
    return grown_.wait_for(lock, kPatience, [&] {
      return std::ranges::any_of(lines_, [&](const auto& line) { return line.find(text) != line.npos; });
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable grown_;
  std::vector<std::string> lines_;
};

}  // namespace sluice::test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/closing_logs.h"

#include <utility>

#include "gateway/server/later.h"

namespace sluice::server {
namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(100);

}  // namespace

void ClosingLogs::add(std::unique_ptr<observe::AccessLog> log, std::chrono::milliseconds patience) {
  log->close(patience);
  logs_.push_back(std::move(log));
  look_later();
}

observe::LogLosses ClosingLogs::losses() const noexcept {
  auto out = gone_;
  for (const auto& log : logs_) out += log->losses();
  return out;
}

void ClosingLogs::give_up_closed() noexcept {
  std::erase_if(logs_, [this](const auto& log) {
    if (!log->closed()) return false;
    gone_ += log->losses();
    return true;
  });
}

void ClosingLogs::look_later() {
  looking_ = later(control_, kLookAgain, [this] {
    give_up_closed();
    if (!logs_.empty()) look_later();
  });
}

}  // namespace sluice::server

// SPDX-License-Identifier: Apache-2.0
// ClosingLogs: access logs that a reload has replaced, while they write out what they still hold: their sink
// may be slow or dead, and nobody waits for it. Control thread.
#pragma once
#include <chrono>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gateway/observe/access_log.h"

namespace sluice::server {

class ClosingLogs {
 public:
  explicit ClosingLogs(boost::asio::io_context& control) : control_(control) {}
  ClosingLogs(const ClosingLogs&) = delete;

  // No worker writes to it any more. Closes it, with that patience, and gives it up when it has closed. Those
  // that are left are waited for in the destructor, until their patience is over.
  void add(std::unique_ptr<observe::AccessLog> log,
           std::chrono::milliseconds patience = observe::AccessLog::kPatience);
  std::size_t count() const noexcept { return logs_.size(); }
  // Of all that were added, those that are gone too.
  observe::LogLosses losses() const noexcept;

 private:
  void give_up_closed() noexcept;
  void look_later();

  boost::asio::io_context& control_;
  std::vector<std::unique_ptr<observe::AccessLog>> logs_;
  observe::LogLosses gone_;  // lost by those that are gone
  std::shared_ptr<void> looking_;
};

}  // namespace sluice::server

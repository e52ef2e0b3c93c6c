// SPDX-License-Identifier: Apache-2.0
// Syslog: log lines as messages of RFC 5424, each in a datagram of its own: to this machine's syslog over a
// Unix socket, or to another machine's over UDP (RFC 5426). Used by the log writer's thread alone, through
// LogSink.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/net/address.h"

namespace sluice::observe {

class Syslog {
 public:
  // Longer lines are cut: no more fits into a datagram.
  static constexpr std::size_t kLongest = 60'000;

  // None: `to` is no syslog. "syslog" is /dev/log, "syslog:///path" another socket of this machine,
  // "syslog://10.0.0.5:514" one of another; an Error says what is wrong.
  static std::optional<base::Result<net::Address>> address(std::string_view to);

  explicit Syslog(const net::Address& to);
  Syslog(const Syslog&) = delete;
  Syslog& operator=(const Syslog&) = delete;
  ~Syslog();

  // A socket to it; again after it has gone. On failure errno says why.
  bool open() noexcept;
  enum class Sent : unsigned char { yes, busy, failed };
  // One line, without its end. `failed`: errno says why, and the next call tries to reach it anew. Over UDP
  // nobody says whether it arrived.
  Sent send(std::string_view line, base::WallTime now, std::chrono::milliseconds patience);

 private:
  bool try_send() noexcept;

  net::Address to_;
  std::string host_;     // as messages name this machine
  std::string message_;  // kept for its memory
  int fd_ = -1;
};

}  // namespace sluice::observe

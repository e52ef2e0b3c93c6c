// SPDX-License-Identifier: Apache-2.0
// UpstreamLog: all that a test's Upstream saw. Its threads write it, the test asks and waits. Any thread.
#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/message.h"

namespace sluice::test {

class UpstreamLog {
 public:
  // --- From the upstream. The value is the connection's number, counted from 0.
  std::size_t opened();
  void received(std::size_t connection, std::string_view bytes);
  void ended(std::size_t connection);
  void add(Request request);

  // --- For the test.
  // Whole requests in the order of their ends, but for the first `from`.
  std::vector<Request> requests(std::size_t from) const;
  std::size_t request_count() const;
  // The n-th of them, waiting for it.
  Request request(std::size_t n) const;
  std::size_t connections() const;
  // Every byte of a connection, so far.
  std::string received(std::size_t connection) const;
  // The number of bytes of each connection, so far.
  std::vector<std::size_t> received_bytes() const;
  // Waits until a scripted or autonomous connection is over.
  bool closed(std::size_t connection) const;
  // Waits until so many connections were made and so many have ended; then it knows all that was sent on
  // those.
  bool has_seen(std::size_t opened, std::size_t closed) const;

 private:
  struct Seen {
    std::string bytes;
    bool closed = false;
  };
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Seen> connections_;
  std::vector<Request> requests_;
};

}  // namespace sluice::test

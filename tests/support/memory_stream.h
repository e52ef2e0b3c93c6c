// SPDX-License-Identifier: Apache-2.0
// MemoryStream: a connection in memory for tests: two ends, each a net::Transport, without sockets and
// without time of its own. Behaves as a TCP connection under an edge-triggered loop does: what one end does
// becomes an event at the other, and events are delivered by deliver() alone, never from inside a call. Can
// be told to fail at the n-th try, to hand bytes over in pieces and to say `again` where a socket might.
//
//   auto [client, server] = MemoryStream::pair(wheel);
//   client->put("GET / HTTP/1.1\r\n\r\n");
//   deliver();
//   EXPECT_EQ(client->take(), "HTTP/1.1 200 OK\r\n\r\n");
#pragma once
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/net/transport.h"

namespace sluice::test {

class MemoryStream final : public net::Transport {
 public:
  using Pair = std::pair<std::unique_ptr<MemoryStream>, std::unique_ptr<MemoryStream>>;
  // `capacity`: bytes that each direction holds until they are read.
  static Pair pair(net::Wheel& wheel, std::size_t capacity = 64 * 1024);
  ~MemoryStream() override;

  net::Io try_read(std::span<char> into) noexcept override;
  net::Io try_write(std::span<const iovec> from) noexcept override;
  void shutdown_write() noexcept override;
  void reset_on_close() noexcept override { reset_ = true; }

  // --- How this end misbehaves from now on.
  // The n-th try from now, counted from 1, fails with this errno value, and so does every later one.
  void fail_at(unsigned n, int error) noexcept;
  // Reading gives these many bytes at a time, each as an event of its own; the last size is for all further
  // reads.
  void read_in_pieces(std::vector<std::size_t> sizes) { read_pieces_ = std::move(sizes); }
  void write_in_pieces(std::vector<std::size_t> sizes) { write_pieces_ = std::move(sizes); }
  // Every other try says `again` although it could succeed, and an event follows.
  void stutter() noexcept { stutter_ = true; }
  // Tries so far: to find out how many places there are at which to fail.
  unsigned tries() const noexcept { return tries_; }

  // --- The test playing this end's part, without tries, pieces and events at this end.
  void put(std::string_view bytes);
  // All that has arrived.
  std::string take();
  // Has the other end finished sending (and has take() seen it all)?
  bool at_end() const noexcept;
  // Has the other end dropped the connection with a reset?
  bool was_reset() const noexcept { return broken_ == kReset; }

 private:
  friend bool deliver() noexcept;
  static constexpr int kReset = ECONNRESET;
  MemoryStream(net::Wheel& wheel, std::size_t capacity) noexcept
      : net::Transport(wheel), capacity_(capacity) {
    can_write_ = true;
  }
  // Counts a try; the answer if it does not get to work.
  bool refused(net::Io& answer, bool reading) noexcept;
  static std::size_t next_piece(std::vector<std::size_t>& sizes, std::size_t at_most) noexcept;
  void notify(bool read, bool write, bool hangup) noexcept;

  MemoryStream* other_ = nullptr;  // null once that end is gone
  std::size_t capacity_;
  std::string arrived_;      // written by the other end, not read yet
  bool other_done_ = false;  // the other end sends nothing more
  bool done_ = false;        // nor does this one
  bool reset_ = false;
  int broken_ = 0;  // errno of everything from now on
  unsigned tries_ = 0, fail_at_ = 0;
  int fail_with_ = 0;
  bool stutter_ = false, stuttered_ = false;
  std::vector<std::size_t> read_pieces_, write_pieces_;
  bool event_read_ = false, event_write_ = false, event_hangup_ = false;
  bool listed_ = false;  // among the streams with events
};

// Delivers events, and resumes what they make ready, until nothing is left. True if anything happened.
// Streams of the calling thread.
bool deliver() noexcept;

}  // namespace sluice::test

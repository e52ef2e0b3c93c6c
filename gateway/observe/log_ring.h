// SPDX-License-Identifier: Apache-2.0
// LogRing: a byte queue from one worker to the log writer. Exactly one producing and one consuming thread;
// neither locks nor waits. Whole lines go in, so that what is readable always ends with a line's end.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace sluice::observe {

class LogRing {
 public:
  // Rounded up to a power of two, at least 4 KiB.
  explicit LogRing(std::size_t capacity);

  std::size_t capacity() const noexcept { return mask_ + 1; }

  // Producer: a place for up to `size` bytes in one piece, or null if there is none now.
  char* reserve(std::size_t size) noexcept;
  // Producer: the first `size` bytes of the reserved place are a line. Returns whether the ring has just
  // become half full.
  bool commit(std::size_t size) noexcept;
  // Producer: room for `size` bytes, in one or two pieces?
  bool has_room(std::size_t size) noexcept;
  // Producer: copies a line for which there is room. Returns as commit().
  bool append(std::string_view line) noexcept;

  // Consumer: what may be read, in one or two pieces. Stays valid until consumed.
  std::pair<std::string_view, std::string_view> readable() const noexcept;
  void consume(std::size_t size) noexcept {
    tail_.store(tail_.load(std::memory_order_relaxed) + size, std::memory_order_release);
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t mask_;
  // Positions count up for ever; apart, so that the two threads do not share a cache line.
  alignas(64) std::atomic<std::size_t> head_{0};  // end of what was produced
  std::size_t seen_tail_ = 0;                     // producer's last look at tail_
  bool announced_ = false;                        // half full was reported, and not been left since
  alignas(64) std::atomic<std::size_t> tail_{0};  // end of what was consumed
};

}  // namespace sluice::observe

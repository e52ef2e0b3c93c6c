// SPDX-License-Identifier: Apache-2.0
// Memory of coroutine frames: per-thread free lists in classes of 16 bytes, so that a warm worker starts
// coroutines without the allocator. A frame must be freed on the thread that made it.
#pragma once
#include <cstddef>

namespace sluice::base {

class FramePool {
 public:
  static void* get(std::size_t size);
  static void put(void* frame, std::size_t size) noexcept;
  // Gives this thread's free frames back to the system; call when a worker's thread ends.
  static void release() noexcept;
  // Frames that had to come from the system on this thread so far; constant once warm.
  static std::size_t misses() noexcept;
};

}  // namespace sluice::base

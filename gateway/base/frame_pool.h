// SPDX-License-Identifier: Apache-2.0
// Memory of coroutine frames: per-thread free lists in classes of 16 bytes, so that a warm worker starts
// coroutines without the allocator. A frame must be freed on the thread that made it.
//
// The usual way is here and not in the source: the size of a frame is known where its coroutine is begun and
// where it ends, so that a class is no computation.
#pragma once
#include <cstddef>
#include <new>

namespace sluice::base {

class FramePool {
 public:
  static void* get(std::size_t size) {
    const std::size_t c = class_of(size);
    if (!kPooling || c > kClasses) return make(c);
    Free* f = lists_[c];
    if (!f) [[unlikely]]
      return make(c);
    lists_[c] = f->next;
    return f;
  }
  static void put(void* frame, std::size_t size) noexcept {
    const std::size_t c = class_of(size);
    if (!kPooling || c > kClasses) return ::operator delete(frame);
    lists_[c] = new (frame) Free{lists_[c]};
  }
  // Gives this thread's free frames back to the system; call when a worker's thread ends.
  static void release() noexcept;
  // Frames that had to come from the system on this thread so far; constant once warm.
  static std::size_t misses() noexcept;

 private:
#ifdef SLUICE_ASAN
  static constexpr bool kPooling = false;  // so that the sanitizer sees a frame used after its end
#else
  static constexpr bool kPooling = true;
#endif
  // Classes are what the C library has room for in its own blocks, which come in steps of 16 bytes of which
  // it keeps 8 for itself: idle connections are little else than frames.
  static constexpr std::size_t kStep = 16;
  static constexpr std::size_t kOdd = 8;
  static constexpr std::size_t kClasses = 256;  // frames over 4 KiB go to the system
  static constexpr std::size_t class_of(std::size_t size) noexcept {
    return (size + kStep - 1 - kOdd) / kStep;
  }

  struct Free {
    Free* next;
  };
  static void* make(std::size_t frame_class);

  static inline constinit thread_local Free* lists_[kClasses + 1] = {};
};

}  // namespace sluice::base

// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/frame_pool.h"

#include <new>
#include <utility>

namespace sluice::base {
namespace {

// Classes are what the C library has room for in its own blocks, which come in steps of 16 bytes of which it
// keeps 8 for itself: idle connections are little else than frames.
constexpr std::size_t kStep = 16;
constexpr std::size_t kOdd = 8;
constexpr std::size_t kClasses = 256;  // frames over 4 KiB go to the system

constexpr std::size_t class_of(std::size_t size) { return (size + kStep - 1 - kOdd) / kStep; }
static_assert(class_of(24) == 1 && class_of(25) == 2 && class_of(40) == 2);

#ifdef SLUICE_ASAN
constexpr bool kPooling = false;  // so that the sanitizer sees a frame used after its end
#else
constexpr bool kPooling = true;
#endif

struct Free {
  Free* next;
};
constinit thread_local Free* t_lists[kClasses + 1] = {};
constinit thread_local std::size_t t_misses = 0;

}  // namespace

void* FramePool::get(std::size_t size) {
  std::size_t c = class_of(size);
  if (kPooling && c <= kClasses) {
    if (Free* f = t_lists[c]) {
      t_lists[c] = f->next;
      return f;
    }
  }
  ++t_misses;
  return ::operator new(c * kStep + kOdd);
}

void FramePool::put(void* frame, std::size_t size) noexcept {
  std::size_t c = class_of(size);
  if (!kPooling || c > kClasses) {
    ::operator delete(frame);
    return;
  }
  auto* f = static_cast<Free*>(frame);
  f->next = t_lists[c];
  t_lists[c] = f;
}

void FramePool::release() noexcept {
  for (Free*& list : t_lists)
    while (list) ::operator delete(std::exchange(list, list->next));
}

std::size_t FramePool::misses() noexcept { return t_misses; }

}  // namespace sluice::base

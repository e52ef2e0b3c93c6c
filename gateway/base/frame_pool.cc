// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/frame_pool.h"

#include <new>
#include <utility>

namespace sluice::base {
namespace {

constexpr std::size_t kClass = 32;
constexpr std::size_t kClasses = 128;  // frames over 4 KiB go to the system

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SLUICE_ASAN
#endif

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
  std::size_t c = (size + kClass - 1) / kClass;
  if (kPooling && c <= kClasses) {
    if (Free* f = t_lists[c]) {
      t_lists[c] = f->next;
      return f;
    }
  }
  ++t_misses;
  return ::operator new(c * kClass);
}

void FramePool::put(void* frame, std::size_t size) noexcept {
  std::size_t c = (size + kClass - 1) / kClass;
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

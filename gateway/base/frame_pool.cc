// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/frame_pool.h"

#include <utility>

namespace sluice::base {
namespace {

constinit thread_local std::size_t t_misses = 0;

}  // namespace

void* FramePool::make(std::size_t frame_class) {
  static_assert(class_of(24) == 1 && class_of(25) == 2 && class_of(40) == 2);
  ++t_misses;
  return ::operator new(frame_class * kStep + kOdd);
}

void FramePool::release() noexcept {
  for (Free*& list : lists_)
    while (list) ::operator delete(std::exchange(list, list->next));
}

std::size_t FramePool::misses() noexcept { return t_misses; }

}  // namespace sluice::base

// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/frame_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace sluice::base::frame_pool_test {
namespace {

// Under AddressSanitizer nothing is pooled, so that it sees frames used after their end.
#ifdef SLUICE_ASAN
constexpr bool kPooling = false;
#else
constexpr bool kPooling = true;
#endif

TEST(FramePool, NeedsTheSystemOnlyUntilItIsWarm) {
  FramePool::release();
  void* first = FramePool::get(200);
  FramePool::put(first, 200);
  auto misses = FramePool::misses();
  void* second = FramePool::get(194);  // the same class of 16 bytes
  FramePool::put(second, 194);

  EXPECT_EQ(FramePool::misses(), kPooling ? misses : misses + 1);
}

TEST(FramePool, NeverLendsAFrameTwiceAtATime) {
  std::set<void*> lent;
  std::vector<std::pair<void*, std::size_t>> frames;
  for (std::size_t size : {1u, 31u, 32u, 33u, 63u, 64u, 65u, 4096u, 4097u, 100000u}) {
    for (int i = 0; i < 3; ++i) {
      void* frame = FramePool::get(size);
      std::memset(frame, 0x5a, size);
      EXPECT_TRUE(lent.insert(frame).second);
      frames.emplace_back(frame, size);
    }
  }
  for (auto [frame, size] : frames) FramePool::put(frame, size);
}

TEST(FramePool, AsksTheSystemForLargeFramesEachTime) {
  auto misses = FramePool::misses();
  FramePool::put(FramePool::get(10000), 10000);
  FramePool::put(FramePool::get(10000), 10000);

  EXPECT_EQ(FramePool::misses(), misses + 2);
}

TEST(FramePool, GivesEveryFreeFrameBackWhenAThreadEnds) {
  std::size_t misses = 0;
  std::thread([&] {
    FramePool::put(FramePool::get(128), 128);
    FramePool::release();
    FramePool::put(FramePool::get(128), 128);
    FramePool::release();
    misses = FramePool::misses();
  }).join();

  EXPECT_EQ(misses, 2u);
}

}  // namespace
}  // namespace sluice::base::frame_pool_test

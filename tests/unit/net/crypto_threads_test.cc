// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/crypto_threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

namespace sluice::net::crypto_threads_test {
namespace {

TEST(CryptoThreads, RunWorkBesideTheCaller) {
  std::promise<std::thread::id> where;
  CryptoThreads threads(2);
  ASSERT_TRUE(threads.submit([&] { where.set_value(std::this_thread::get_id()); }));

  EXPECT_NE(where.get_future().get(), std::this_thread::get_id());
}

TEST(CryptoThreads, RefuseWorkThatWouldWaitTooLong) {
  std::promise<void> busy, go;
  std::atomic<std::size_t> ran{0};
  auto gate = go.get_future().share();
  CryptoThreads threads(1);  // gone before what its work uses
  threads.submit([&] { busy.set_value(), gate.wait(); });
  busy.get_future().wait();
  for (std::size_t i = 0; i < CryptoThreads::kMaxWaiting; ++i) ASSERT_TRUE(threads.submit([&] { ++ran; }));

  EXPECT_FALSE(threads.submit([&] { ++ran; }));
  go.set_value();
}

TEST(CryptoThreads, DestroyWhatHasNotBegun) {
  auto held = std::make_shared<int>(1);
  {
    CryptoThreads threads(1);
    std::promise<void> busy;
    threads.submit([&, held] { busy.set_value(); });
    busy.get_future().wait();
    for (int i = 0; i < 100; ++i) threads.submit([held] {});
  }
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace sluice::net::crypto_threads_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/in_flight.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::stores::in_flight_test {
namespace {

TEST(InFlight, RefusesBeyondTheLimitUntilOneLeaves) {
  InFlight requests(100);
  auto one = requests.enter(1, "a", 2, 1), two = requests.enter(1, "a", 2, 1);
  EXPECT_TRUE(one.entered && two.entered);
  EXPECT_EQ(two.others, 1u);
  auto refused = requests.enter(1, "a", 2, 1);
  EXPECT_FALSE(refused.entered);
  InFlight::leave(refused);
  EXPECT_FALSE(requests.enter(1, "a", 2, 1).entered);
  EXPECT_TRUE(requests.enter(1, "b", 2, 1).entered);
  EXPECT_TRUE(requests.enter(2, "a", 2, 1).entered);

  InFlight::leave(one);

  EXPECT_TRUE(requests.enter(1, "a", 2, 1).entered);
}

TEST(InFlight, LetsPassUncountedWhatFindsNoCell) {
  InFlight requests(3);
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(requests.enter(1, std::to_string(i), 1, 1).entered);
  EXPECT_EQ(requests.uncounted(), 26u);
}

TEST(InFlight, NeverHasMoreThanTheLimitUnderManyThreads) {
  constexpr int kThreads = 4;
  constexpr std::uint64_t kLimit = 3;
  InFlight requests(8);
  std::atomic<std::uint64_t> now[4] = {};
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20'000; ++i) {
        auto which = static_cast<std::size_t>(i + t) % std::size(now);
        auto entry = requests.enter(1, std::to_string(which), kLimit, 1);
        if (!entry.entered) continue;
        if (now[which].fetch_add(1) >= kLimit) exceeded = true;
        now[which].fetch_sub(1);
        InFlight::leave(entry);
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(requests.uncounted(), 0u);
  EXPECT_EQ(requests.table().used(1), 0u);
}

}  // namespace
}  // namespace sluice::stores::in_flight_test

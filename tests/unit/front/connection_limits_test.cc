// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/connection_limits.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::front::connection_limits_test {
namespace {

net::Address ip(const char* text, std::uint16_t port = 1) { return *net::Address::parse(text, port); }

TEST(ConnectionCounts, RefuseOneMoreThanAllowed) {
  ConnectionCounts counts;

  EXPECT_TRUE(counts.enter(2));
  EXPECT_TRUE(counts.enter(2));
  EXPECT_FALSE(counts.enter(2));
  counts.leave();
  EXPECT_TRUE(counts.enter(2));
}

TEST(ConnectionCounts, CountEachClientForItself) {
  ConnectionCounts counts;

  EXPECT_TRUE(counts.enter_from(ip("192.0.2.1", 1), 1));
  EXPECT_FALSE(counts.enter_from(ip("192.0.2.1", 2), 1)) << "the port makes no other client";
  EXPECT_FALSE(counts.enter_from(ip("::ffff:192.0.2.1"), 1)) << "nor does IPv4 in IPv6";
  EXPECT_TRUE(counts.enter_from(ip("192.0.2.2"), 1));
  counts.leave_from(ip("192.0.2.1", 9));
  EXPECT_TRUE(counts.enter_from(ip("192.0.2.1"), 1));
}

TEST(ConnectionCounts, TakeTheNetworkOfAnIpv6ClientForTheClient) {
  ConnectionCounts counts;

  EXPECT_TRUE(counts.enter_from(ip("2001:db8:0:1::1"), 1));
  EXPECT_FALSE(counts.enter_from(ip("2001:db8:0:1:ffff::2"), 1));
  EXPECT_TRUE(counts.enter_from(ip("2001:db8:0:2::1"), 1));
}

TEST(ConnectionCounts, DoNotLimitUnixSocketsByClient) {
  ConnectionCounts counts;
  auto client = *net::Address::of_path("/run/x.sock");

  for (int i = 0; i < 10; ++i) EXPECT_TRUE(counts.enter_from(client, 1));
  counts.leave_from(client);
}

TEST(ConnectionCounts, ForgetClientsThatHaveLeft) {
  ConnectionCounts counts;
  for (int i = 0; i < 100; ++i) {
    auto client =
        net::Address::of_bytes(std::vector<unsigned char>{10, 0, 0, static_cast<unsigned char>(i)}, 1);
    EXPECT_TRUE(counts.enter_from(client, 2));
    EXPECT_TRUE(counts.enter_from(client, 2));
    counts.leave_from(client);
  }
  EXPECT_EQ(counts.clients(), 100u);
  for (int i = 0; i < 100; ++i)
    counts.leave_from(
        net::Address::of_bytes(std::vector<unsigned char>{10, 0, 0, static_cast<unsigned char>(i)}, 1));

  EXPECT_EQ(counts.clients(), 0u);
}

TEST(ConnectionCounts, AreSharedByThreads) {
  ConnectionCounts counts;
  std::atomic<int> most{0}, now{0};
  auto work = [&] {
    for (int i = 0; i < 10'000; ++i) {
      if (!counts.enter_from(ip("192.0.2.1"), 3)) continue;
      int here = ++now;
      for (int seen = most; here > seen && !most.compare_exchange_weak(seen, here);) {
      }
      --now;
      counts.leave_from(ip("192.0.2.1"));
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (auto& t : threads) t.join();

  EXPECT_LE(most, 3);
  EXPECT_EQ(counts.clients(), 0u);
}

TEST(ConnectionPlace, IsGivenUpAtItsEnd) {
  auto counts = std::make_shared<ConnectionCounts>();
  {
    ConnectionPlace first, second;
    EXPECT_TRUE(first.take(counts, 1));
    EXPECT_TRUE(first.take_from(counts, ip("192.0.2.1"), 1));
    EXPECT_FALSE(second.take(counts, 1));
    EXPECT_FALSE(second.take_from(counts, ip("192.0.2.1"), 1));
  }
  ConnectionPlace next;
  EXPECT_TRUE(next.take(counts, 1));
  EXPECT_TRUE(next.take_from(counts, ip("192.0.2.1"), 1));
}

}  // namespace
}  // namespace sluice::front::connection_limits_test

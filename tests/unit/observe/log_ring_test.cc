// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_ring.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace sluice::observe::log_ring_test {
namespace {

std::string read_all(LogRing& ring) {
  auto [first, second] = ring.readable();
  std::string out = std::string(first) + std::string(second);
  ring.consume(out.size());
  return out;
}

TEST(LogRing, RoundsItsCapacityUp) {
  EXPECT_EQ(LogRing(1).capacity(), 4096u);
  EXPECT_EQ(LogRing(4096).capacity(), 4096u);
  EXPECT_EQ(LogRing(5000).capacity(), 8192u);
}

TEST(LogRing, GivesBackWhatWasPutInInOrder) {
  LogRing ring(4096);
  ring.append("one\n");
  char* place = ring.reserve(100);
  ASSERT_NE(place, nullptr);
  std::memcpy(place, "two\n", 4);
  ring.commit(4);

  EXPECT_EQ(read_all(ring), "one\ntwo\n");
  EXPECT_EQ(read_all(ring), "");
}

TEST(LogRing, WrapsALineOverItsEnd) {
  LogRing ring(4096);
  ring.append(std::string(4000, 'a'));
  read_all(ring);
  std::string line = std::string(199, 'b') + "\n";

  EXPECT_EQ(ring.reserve(200), nullptr);
  ASSERT_TRUE(ring.has_room(200));
  ring.append(line);

  auto [first, second] = ring.readable();
  EXPECT_EQ(first.size(), 96u);
  EXPECT_EQ(second.size(), 104u);
  EXPECT_EQ(read_all(ring), line);
}

TEST(LogRing, RefusesWhatDoesNotFitUntilThereIsRoomAgain) {
  LogRing ring(4096);
  ring.append(std::string(4000, 'a'));

  EXPECT_FALSE(ring.has_room(97));
  EXPECT_TRUE(ring.has_room(96));
  EXPECT_EQ(ring.reserve(97), nullptr);
  ring.consume(1);
  EXPECT_TRUE(ring.has_room(97));
}

TEST(LogRing, CanBeFilledToTheLastByte) {
  LogRing ring(4096);

  ASSERT_TRUE(ring.has_room(4096));
  ring.append(std::string(4096, 'a'));

  EXPECT_FALSE(ring.has_room(1));
  EXPECT_EQ(read_all(ring).size(), 4096u);
}

TEST(LogRing, SaysOnceThatItIsHalfFull) {
  LogRing ring(4096);
  std::string kilobyte(1024, 'a');

  EXPECT_FALSE(ring.append(kilobyte));
  EXPECT_TRUE(ring.append(kilobyte));
  EXPECT_FALSE(ring.append(kilobyte));
  read_all(ring);
  EXPECT_FALSE(ring.append(kilobyte));
  EXPECT_TRUE(ring.append(kilobyte));
}

TEST(LogRing, SaysItAgainAfterItWasFull) {
  LogRing ring(4096);
  for (int i = 0; i < 4; ++i) ring.append(std::string(1024, 'a'));
  EXPECT_FALSE(ring.has_room(1024));
  read_all(ring);
  EXPECT_TRUE(ring.has_room(1024));

  EXPECT_FALSE(ring.append(std::string(1024, 'a')));
  EXPECT_TRUE(ring.append(std::string(1024, 'a')));
}

TEST(LogRing, PassesEveryByteFromOneThreadToAnother) {
  constexpr int kLines = 30'000;
  LogRing ring(4096);
  std::string received;
  std::thread writer([&] {
    while (true) {
      auto got = read_all(ring);
      received += got;
      if (received.ends_with("end\n")) return;
      if (got.empty()) std::this_thread::yield();
    }
  });

  std::string sent;
  auto send = [&](const std::string& line) {
    while (true) {
      if (char* place = ring.reserve(line.size() + 50)) {
        std::memcpy(place, line.data(), line.size());
        ring.commit(line.size());
        break;
      }
      if (ring.has_room(line.size())) {
        ring.append(line);
        break;
      }
      std::this_thread::yield();
    }
    sent += line;
  };
  for (int i = 0; i < kLines; ++i)
    send(std::string(static_cast<std::size_t>(i % 150), 'x') + std::to_string(i) + "\n");
  send("end\n");
  writer.join();

  EXPECT_TRUE(received == sent);
}

}  // namespace
}  // namespace sluice::observe::log_ring_test

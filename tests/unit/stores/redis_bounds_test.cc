// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_bounds.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/stores/redis_protocol.h"

namespace sluice::stores::redis_bounds_test {
namespace {

// What the reader makes of the bytes, fed as a whole and then one by one, which must be the same.
std::string fault_of(std::string_view bytes, RedisBounds::Most most = RedisBounds::kAnswer) {
  ReplyReader whole(most), slow(most);
  whole.feed(bytes);
  while (whole.next()) continue;
  for (char c : bytes) {
    slow.feed({&c, 1});
    while (slow.next()) continue;
  }
  EXPECT_EQ(whole.fault(), slow.fault());
  return std::string(whole.fault());
}

TEST(RedisBounds, MakesNoRoomForWhatIsOnlyAnnounced) {
  EXPECT_EQ(fault_of("*2000000000\r\n"), "a reply with a list of 2000000000 elements is larger than 1024");
  EXPECT_EQ(fault_of("*1025\r\n"), "a reply with a list of 1025 elements is larger than 1024");
  EXPECT_EQ(fault_of("*1024\r\n"), "");
  EXPECT_EQ(fault_of("$500000000\r\n"), "a reply with a text of 500000000 bytes is longer than 65536 bytes");
  EXPECT_EQ(fault_of("*2\r\n:1\r\n$500000000\r\n"),
            "a reply with a text of 500000000 bytes is longer than 65536 bytes");
  EXPECT_EQ(fault_of("*1000000\r\n", RedisBounds::kTopology),
            "a reply with a list of 1000000 elements is larger than 524288");
}

TEST(RedisBounds, CountsAllThatIsInAReply) {
  std::string nested = "*1000\r\n";
  for (int i = 0; i < 24; ++i) nested += "*1\r\n:1\r\n";
  EXPECT_EQ(fault_of(nested), "");
  EXPECT_EQ(fault_of(nested + "*1\r\n:1\r\n"), "a reply with a list of 1 elements is larger than 1024");
  std::string texts = "*7\r\n";
  for (int i = 0; i < 7; ++i) texts += "$10000\r\n" + std::string(10'000, 'x') + "\r\n";
  EXPECT_EQ(fault_of(texts), "a reply with a text of 10000 bytes is longer than 65536 bytes");
  EXPECT_EQ(fault_of("+" + std::string(70'000, 'x')), "a reply of more than 65536 bytes");
}

TEST(RedisBounds, TakesAnyNumberOfRepliesThatAreWithinTheBounds) {
  std::string many;
  for (int i = 0; i < 3000; ++i)
    many += "*3\r\n:1\r\n$-1\r\n$20\r\n*2000000000\r\n12345\r\n\r\n*-1\r\n*0\r\n";
  ReplyReader reader;
  ASSERT_TRUE(reader.feed(many)) << reader.fault();
  int replies = 0;
  while (reader.next()) ++replies;
  EXPECT_EQ(replies, 9000);
  EXPECT_EQ(reader.fault(), "");
}

// Bytes that this reader and that of the library could take for different replies.
TEST(RedisBounds, LeavesNoDoubtWhereALineEnds) {
  for (std::string_view doubtful : {"+x\n$14\r\n*2000000000\r\n", "$-2\r\n", "$ 1\r\n", "*1x\r\n", "$\r\n",
                                    "\n", "%2000000000\r\n", "$99999999999999999999\r\n"})
    EXPECT_EQ(fault_of(doubtful), "not the protocol of Redis") << doubtful;
}

}  // namespace
}  // namespace sluice::stores::redis_bounds_test

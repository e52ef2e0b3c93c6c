// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::stores::redis_slots_test {
namespace {

RedisReply reply(std::string_view bytes) {
  ReplyReader reader;
  EXPECT_TRUE(reader.feed(bytes));
  return reader.next();
}

// The check value of the specification, and what a redis-server answers to CLUSTER KEYSLOT.
TEST(RedisSlot, IsWhatTheSpecificationSays) {
  EXPECT_EQ(crc16("123456789"), 0x31c3);
  EXPECT_EQ(crc16(""), 0);
  EXPECT_EQ(redis_slot("foo"), 12182);
  EXPECT_EQ(redis_slot("somekey"), 11058);
  EXPECT_EQ(redis_slot(""), 0);
}

TEST(RedisSlot, IsThatOfTheHashTag) {
  EXPECT_EQ(redis_slot("foo{hash_tag}"), 2515);
  EXPECT_EQ(redis_slot("{user1000}.following"), redis_slot("{user1000}.followers"));
  EXPECT_EQ(redis_slot("{user1000}.following"), redis_slot("user1000"));
  EXPECT_EQ(redis_slot("foo{}{bar}"), crc16("foo{}{bar}") % 16384);
  EXPECT_EQ(redis_slot("foo{{bar}}zap"), redis_slot("{bar"));
  EXPECT_EQ(redis_slot("foo{bar}{zap}"), redis_slot("bar"));
  EXPECT_EQ(redis_slot("foo{bar"), crc16("foo{bar") % 16384);
}

TEST(RedisRedirect, SaysWhereToAsk) {
  auto moved = redirect_of("MOVED 3999 127.0.0.1:6381");
  ASSERT_TRUE(moved);
  EXPECT_FALSE(moved->ask);
  EXPECT_EQ(moved->slot, 3999);
  EXPECT_EQ(moved->host, "127.0.0.1");
  EXPECT_EQ(moved->port, 6381);

  auto ask = redirect_of("ASK 16383 ::1:7000");
  ASSERT_TRUE(ask);
  EXPECT_TRUE(ask->ask);
  EXPECT_EQ(ask->host, "::1");
  EXPECT_EQ(redirect_of("MOVED 1 :7000")->host, "");
}

TEST(RedisRedirect, IsNoOtherError) {
  for (const char* error :
       {"", "MOVED", "MOVED 3999", "MOVED x 127.0.0.1:1", "MOVED 16384 127.0.0.1:1", "MOVED 1 127.0.0.1:0",
        "MOVED 1 127.0.0.1:65536", "MOVED 1 127.0.0.1", "ERR MOVED 1 127.0.0.1:1",
        "CLUSTERDOWN Hash slot not served", "TRYAGAIN Multiple keys request during rehashing of slot"})
    EXPECT_FALSE(redirect_of(error)) << error;
}

TEST(SlotRanges, TellTheMasters) {
  auto ranges =
      slot_ranges(*reply("*2\r\n"
                         "*4\r\n:0\r\n:5460\r\n"
                         "*4\r\n$9\r\n127.0.0.1\r\n:7000\r\n$2\r\nid\r\n*0\r\n"
                         "*3\r\n$9\r\n127.0.0.1\r\n:7003\r\n$2\r\nid\r\n"
                         "*3\r\n:5461\r\n:16383\r\n*3\r\n$-1\r\n:7001\r\n$2\r\nid\r\n"));
  ASSERT_TRUE(ranges);
  ASSERT_EQ(ranges->size(), 2u);
  EXPECT_EQ((*ranges)[0].last, 5460);
  EXPECT_EQ((*ranges)[0].host, "127.0.0.1");
  EXPECT_EQ((*ranges)[0].port, 7000);
  EXPECT_EQ((*ranges)[1].first, 5461);
  EXPECT_EQ((*ranges)[1].host, "");
  EXPECT_TRUE(slot_ranges(*reply("*0\r\n"))->empty());
}

TEST(SlotRanges, AreNotTakenOutOfOtherReplies) {
  for (const char* bytes :
       {"+OK\r\n", ":1\r\n", "*1\r\n:1\r\n", "*1\r\n*2\r\n:0\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n",
        "*1\r\n*3\r\n:5\r\n:4\r\n*2\r\n$1\r\na\r\n:1\r\n", "*1\r\n*3\r\n:-1\r\n:4\r\n*2\r\n$1\r\na\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:4\r\n*2\r\n$1\r\n?\r\n:1\r\n", "*1\r\n*3\r\n:0\r\n:4\r\n*2\r\n$1\r\na\r\n:0\r\n",
        "*1\r\n*3\r\n:0\r\n:4\r\n*1\r\n$1\r\na\r\n", "*1\r\n*3\r\n:0\r\n:4\r\n$1\r\na\r\n"})
    EXPECT_FALSE(slot_ranges(*reply(bytes))) << bytes;
}

}  // namespace
}  // namespace sluice::stores::redis_slots_test

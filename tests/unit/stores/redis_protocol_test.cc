// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_protocol.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/stores/redis_script.h"

namespace sluice::stores::redis_protocol_test {
namespace {

TEST(RedisProtocol, WritesCommandsWithAnyBytes) {
  std::string out;
  write_command(out, {"GET", std::string_view("a\r\n\0b", 5)});
  EXPECT_EQ(out, std::string("*2\r\n$3\r\nGET\r\n$5\r\na\r\n\0b\r\n", 24));
  write_command(out, {"PING"});
  EXPECT_TRUE(out.ends_with("*1\r\n$4\r\nPING\r\n"));
}

TEST(RedisProtocol, ReadsRepliesInWhateverPiecesTheyCome) {
  constexpr std::string_view kReplies = "+PONG\r\n*2\r\n:1\r\n$2\r\nab\r\n-NOSCRIPT no\r\n$-1\r\n";
  ReplyReader reader;
  std::vector<RedisReply> replies;
  for (char c : kReplies) {
    ASSERT_TRUE(reader.feed({&c, 1}));
    while (RedisReply reply = reader.next()) replies.push_back(std::move(reply));
  }
  ASSERT_EQ(replies.size(), 4u);
  EXPECT_EQ(replies[1]->elements, 2u);
  EXPECT_EQ(replies[1]->element[0]->integer, 1);
  EXPECT_EQ(error_of(*replies[2]), "NOSCRIPT no");
  EXPECT_EQ(error_of(*replies[0]), "");
  EXPECT_EQ(replies[3]->type, REDIS_REPLY_NIL);
  EXPECT_EQ(reader.fault(), "");
}

TEST(RedisProtocol, KnowsAReplicaByItsErrors) {
  EXPECT_TRUE(is_replica("READONLY You can't write against a read only replica."));
  EXPECT_TRUE(
      is_replica("ERR Error running script (call to f_ab): @user_script:1: @user_script: 1: -READONLY You "
                 "can't write against a read only replica."));
  EXPECT_FALSE(
      is_replica("ERR Error running script (call to f_ab): @user_script:1: -OOM command not allowed"));
  EXPECT_FALSE(is_replica("ERR unknown command '-READONLY '"));
  EXPECT_FALSE(is_replica(""));
}

TEST(RedisProtocol, StaysBrokenOnceItIsNone) {
  ReplyReader reader;
  reader.feed("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_EQ(reader.next(), nullptr);
  EXPECT_NE(reader.fault(), "");
  EXPECT_FALSE(reader.feed("+PONG\r\n"));
  EXPECT_EQ(reader.next(), nullptr);
}

TEST(RedisScript, IsKnownByItsDigest) {
  EXPECT_NE(limit_script().sha(), quota_script().sha());
  EXPECT_EQ(limit_script().sha().size(), 40u);
  EXPECT_EQ(limit_script().sha().find_first_not_of("0123456789abcdef"), std::string_view::npos);
}

}  // namespace
}  // namespace sluice::stores::redis_protocol_test

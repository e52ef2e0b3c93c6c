// SPDX-License-Identifier: Apache-2.0
// What is said to Redis and what comes back (RESP). Commands are written by us, replies are read by hiredis,
// which knows the protocol; the connection is ours.
#pragma once
#include <hiredis/hiredis.h>

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/stores/redis_bounds.h"

namespace sluice::stores {

struct FreeReply {
  void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};
using RedisReply = std::unique_ptr<redisReply, FreeReply>;

// Appends one command. Arguments may hold any bytes.
void write_command(std::string& to, std::span<const std::string_view> arguments);
inline void write_command(std::string& to, std::initializer_list<std::string_view> arguments) {
  write_command(to, std::span(arguments.begin(), arguments.size()));
}

// The text of an error reply, "" of any other.
inline std::string_view error_of(const redisReply& reply) noexcept {
  return reply.type == REDIS_REPLY_ERROR ? std::string_view(reply.str, reply.len) : std::string_view();
}

// Does an error say that the server is a replica of another one? Before version 7, what a script is told stands
// in the middle: "ERR Error running script (call to f_...): @user_script:1: -READONLY You can't write ...".
bool is_replica(std::string_view error) noexcept;

// Replies out of received bytes, none of them beyond its bounds.
class ReplyReader {
 public:
  explicit ReplyReader(RedisBounds::Most most = RedisBounds::kAnswer)
      : reader_(redisReaderCreate()), bounds_(most) {}

  // Takes the bytes; false once what came was no Redis protocol, or too much.
  bool feed(std::string_view bytes) noexcept;
  // The next complete reply, null for none yet or after a fault.
  RedisReply next() noexcept;
  // What was wrong with the bytes; "" if nothing.
  std::string_view fault() const noexcept { return fault_; }

 private:
  struct Free {
    void operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }
  };
  std::unique_ptr<redisReader, Free> reader_;
  RedisBounds bounds_;
  std::string fault_;
};

}  // namespace sluice::stores

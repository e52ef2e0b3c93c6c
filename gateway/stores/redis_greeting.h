// SPDX-License-Identifier: Apache-2.0
// What is said on a new connection to a Redis server or a sentinel before anybody else may speak there.
#pragma once
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/task.h"
#include "gateway/net/transport.h"
#include "gateway/stores/redis_protocol.h"

namespace sluice::stores {

struct RedisOptions {
  std::string username, password;  // of no use without a password
  unsigned database = 0;
  base::Duration connect_timeout{};
  base::Duration timeout{};                       // until a reply
  RedisBounds::Most most = RedisBounds::kAnswer;  // of a reply
};

// Commands that go out together; each has a reply.
struct RedisCommands {
  std::string text;
  std::size_t count = 0;
  void add(std::initializer_list<std::string_view> arguments) {
    write_command(text, arguments);
    ++count;
  }
};

// Presents user, password and database.
RedisCommands hello(const RedisOptions& options);

// Sends the commands and gives their replies, in order; none of them is an error reply: that, and whatever
// else goes wrong, is the error (Reason::internal). Nothing else may be under way on the connection.
base::Task<base::Result<std::vector<RedisReply>>> converse(net::Transport& transport, ReplyReader& reader,
                                                           RedisCommands commands, base::Duration timeout);

}  // namespace sluice::stores

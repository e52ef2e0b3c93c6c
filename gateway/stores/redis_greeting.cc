// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_greeting.h"

#include <array>
#include <system_error>

#include "gateway/net/write.h"

namespace sluice::stores {
namespace {

base::Unexpected failed(std::string why) { return base::fail(base::Reason::internal, std::move(why)); }

}  // namespace

RedisCommands hello(const RedisOptions& options) {
  RedisCommands out;
  if (!options.password.empty() && options.username.empty()) out.add({"AUTH", options.password});
  if (!options.password.empty() && !options.username.empty())
    out.add({"AUTH", options.username, options.password});
  if (options.database) out.add({"SELECT", std::to_string(options.database)});
  return out;
}

base::Task<base::Result<std::vector<RedisReply>>> converse(net::Transport& transport, ReplyReader& reader,
                                                           RedisCommands commands, base::Duration timeout) {
  iovec bytes[] = {net::piece(commands.text)};
  std::uint64_t sent = 0;
  auto written = co_await net::write_all(transport, bytes, timeout, sent);
  if (!written) co_return failed("it takes no bytes");
  std::vector<RedisReply> out;
  std::array<char, 4096> buffer;
  while (out.size() < commands.count) {
    net::Io io = transport.try_read(buffer);
    if (io.kind == net::Io::Kind::again) {
      base::Outcome outcome = co_await transport.readable(timeout);
      if (outcome != base::Outcome::ready) co_return failed("no answer to PING in time");
      continue;
    }
    if (io.kind == net::Io::Kind::closed) co_return failed("it closed the connection");
    if (io.kind == net::Io::Kind::failed) co_return failed(std::generic_category().message(io.error));
    if (!reader.feed({buffer.data(), io.bytes})) co_return failed(std::string(reader.fault()));
    while (RedisReply reply = reader.next()) {
      if (auto error = error_of(*reply); !error.empty()) co_return failed(std::string(error));
      out.push_back(std::move(reply));
    }
    if (!reader.fault().empty()) co_return failed(std::string(reader.fault()));
  }
  co_return out;
}

}  // namespace sluice::stores

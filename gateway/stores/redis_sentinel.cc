// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_sentinel.h"

#include "gateway/base/strings.h"
#include "gateway/upstream/dial.h"

namespace sluice::stores {
namespace {

using base::Reason;
using base::Result;
using base::Task;

// The reply to SENTINEL GET-MASTER-ADDR-BY-NAME: nil, or host and port.
Result<net::Address> address_in(const redisReply& reply, const std::string& master) {
  if (reply.type == REDIS_REPLY_NIL)
    return base::fail(Reason::internal, "it knows no master `" + master + "`");
  bool fits = reply.type == REDIS_REPLY_ARRAY && reply.elements == 2 &&
              reply.element[0]->type == REDIS_REPLY_STRING && reply.element[1]->type == REDIS_REPLY_STRING;
  if (!fits) return base::fail(Reason::internal, "its answer is not the address of a master");
  std::string_view host(reply.element[0]->str, reply.element[0]->len);
  auto port = base::parse_decimal({reply.element[1]->str, reply.element[1]->len});
  auto address = net::Address::parse(host, static_cast<std::uint16_t>(port.value_or(0)));
  if (!address || !port || *port == 0 || *port > 0xffff)
    return base::fail(Reason::internal,
                      "it tells no IP address of the master, but `" + std::string(host) + "`");
  return *address;
}

}  // namespace

Task<Result<net::Address>> RedisSentinel::ask(net::Loop& loop, upstream::Target& sentinel) {
  auto dialled = co_await upstream::dial(loop, sentinel, options_.connect_timeout);
  if (!dialled) co_return base::fail(Reason::internal, dialled.error().detail);
  RedisCommands commands = hello(options_);
  commands.add({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", master_});
  ReplyReader reader;
  Task<Result<std::vector<RedisReply>>> asking =
      converse(*dialled->transport, reader, std::move(commands), options_.connect_timeout);
  auto replies = co_await asking;
  if (!replies) co_return base::Unexpected{replies.error()};
  co_return address_in(*replies->back(), master_);
}

Task<std::string> RedisSentinel::locate(net::Loop& loop, upstream::Target& target) {
  std::string why = "there is no sentinel";
  std::size_t first = first_.load(std::memory_order_relaxed);
  base::Scope* scope = co_await base::this_scope();
  for (std::size_t i = 0; i < sentinels_.size() && !scope->cancelled(); ++i) {
    std::size_t at = (first + i) % sentinels_.size();
    Task<Result<net::Address>> asking = ask(loop, *sentinels_[at]);
    auto found = co_await asking;
    if (found) {
      first_.store(at, std::memory_order_relaxed);
      target.publish(std::vector{*found});
      co_return std::string();
    }
    why = "sentinel " + sentinels_[at]->text() + ": " + found.error().detail;
  }
  co_return why;
}

}  // namespace sluice::stores

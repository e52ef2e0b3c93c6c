// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_servers.h"

namespace sluice::stores {

using base::Result;
using base::Task;

Result<RedisReply> judged(Result<RedisReply> reply, RedisHealth& health) {
  if (!reply) return reply;
  std::string_view error = error_of(**reply);
  if (error.empty() || error.starts_with("NOSCRIPT")) {
    health.redis_answers();
    return reply;
  }
  std::string why(error);
  health.redis_failed(why);
  return base::fail(base::Reason::internal, std::move(why));
}

RedisLink& OneRedis::link(Asker asker) {
  auto& slot = target_->slot(asker.worker);
  if (!slot) slot = std::make_unique<RedisLink>(asker.loop, *target_, options_, health_, locator_);
  return static_cast<RedisLink&>(*slot);
}

Task<Result<RedisReply>> OneRedis::ask(Asker asker, std::string /*key*/, std::string command) {
  RedisLink& redis = link(asker);
  auto reply = co_await redis.ask(command);
  // It has become the replica of another one, to which a new connection may lead.
  if (reply && is_replica(error_of(**reply))) redis.give_up(std::string(error_of(**reply)));
  co_return judged(std::move(reply), *health_);
}

}  // namespace sluice::stores

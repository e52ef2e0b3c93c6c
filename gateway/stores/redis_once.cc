// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_once.h"

namespace sluice::stores {

base::Task<Once> RedisOnce::see(Asker asker, std::string name, base::Duration keep) {
  std::string key = client_->settings().prefix + "once:{" + name + "}";
  auto milliseconds = std::to_string(std::chrono::ceil<std::chrono::milliseconds>(keep).count());
  std::string command;
  write_command(command, {"SET", key, "1", "NX", "PX", milliseconds});
  base::Task<base::Result<RedisReply>> asking = client_->ask(asker, std::move(key), std::move(command));
  auto reply = co_await asking;
  if (reply && (*reply)->type == REDIS_REPLY_STATUS) co_return Once::first;
  if (reply && (*reply)->type == REDIS_REPLY_NIL) co_return Once::again;
  if (reply) client_->servers().misunderstood("an answer of another form than SET gives");
  switch (client_->settings().on_error) {
    case OnError::local:
      co_return Once::alone;
    case OnError::allow:
      co_return Once::first;
    case OnError::deny:
      co_return Once::unavailable;
  }
  co_return Once::unavailable;
}

}  // namespace sluice::stores

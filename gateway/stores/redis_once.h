// SPDX-License-Identifier: Apache-2.0
// RedisOnce: what may happen once, remembered in Redis by a key that expires.
#pragma once
#include <memory>

#include "gateway/stores/once.h"
#include "gateway/stores/redis_client.h"

namespace sluice::stores {

class RedisOnce final : public OnceStore {
 public:
  explicit RedisOnce(std::shared_ptr<RedisClient> client) : client_(std::move(client)) {}
  base::Task<Once> see(Asker asker, std::string name, base::Duration keep) override;

 private:
  const std::shared_ptr<RedisClient> client_;
};

}  // namespace sluice::stores

// SPDX-License-Identifier: Apache-2.0
// RedisQuotas: what callers have used up, counted for several processes in Redis, under one key for each
// period: whoever's clock is set finds again what was counted in the period that it comes to. While the store
// does not answer the configured policy decides; a process that then counts alone does so by its share, from
// nothing, and what it counted is not told to the store afterwards, but forgotten once all of the store answers
// all workers that have counted there.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "gateway/stores/quota_book.h"
#include "gateway/stores/redis_client.h"

namespace sluice::stores {

class RedisQuotas final : public QuotaStore {
 public:
  explicit RedisQuotas(std::shared_ptr<RedisClient> client) : client_(std::move(client)) {}

  base::Task<Taken> spend(Asker asker, const QuotaWant& want) override;

 private:
  base::Task<Taken> ask(Asker asker, QuotaWant want, std::string owner, std::string key);
  Taken without_store(Asker asker, const QuotaWant& want);
  Taken spend_alone(Asker asker, QuotaWant want);
  void store_counts(Asker asker);

  const std::shared_ptr<RedisClient> client_;
  QuotaBook alone_;
  // A bit for each worker that has charged there since the store last took a charge of its own: one worker's
  // connection may be gone while those of others are good. Workers beyond 64 share bits.
  std::atomic<std::uint64_t> away_{0};
};

}  // namespace sluice::stores

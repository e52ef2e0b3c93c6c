// SPDX-License-Identifier: Apache-2.0
// RedisCounters: counters that several processes share through a Redis server, or one that speaks its
// protocol. Exact mode asks it about every request, by one script in one round trip; batched mode takes
// leases of several tokens for a key and asks again when they are used up, see RedisLeases. When the server
// fails, the configured policy decides; requests never fail for it.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "gateway/stores/memory_counters.h"
#include "gateway/stores/redis_client.h"
#include "gateway/stores/redis_leases.h"

namespace sluice::stores {

class RedisCounters final : public Counters {
 public:
  // Any thread.
  RedisCounters(std::shared_ptr<RedisClient> client, std::shared_ptr<MemoryCounters> local);

  base::Task<Taken> take(Asker asker, const Want& want) override;
  base::Task<Taken> correct(Asker asker, const Correction& correction) override;
  std::shared_ptr<QuotaStore> quotas() override { return quotas_; }
  std::shared_ptr<OnceStore> once() override { return once_; }

  RedisClient& client() noexcept { return *client_; }

 private:
  base::Task<Taken> ask(Asker asker, Want want, std::string key, RedisLeases::Question question);
  base::Task<Taken> ask_to_correct(Asker asker, Want want, std::int64_t more, Instant at);
  static std::vector<std::string> keys_of(const Want& want, const std::string& key);
  // `since`: nanoseconds since what the cost gives back was charged.
  static std::vector<std::string> arguments_of(const Want& want, std::string cost, std::uint64_t most,
                                               bool anyway, std::uint64_t since);
  Taken without_store(Asker asker, const Want& want, std::string_view key_text) const;
  // What this process counts alone of it: the limits, divided, are put into `shares`.
  using Shares = std::array<Limit, 8>;
  Want share_of(const Want& want, std::string_view key_text, Shares& shares) const;

  const std::shared_ptr<RedisClient> client_;
  const RedisSettings& settings_;
  const std::shared_ptr<MemoryCounters> local_;
  const std::shared_ptr<QuotaStore> quotas_;
  const std::shared_ptr<OnceStore> once_;
  base::KeyHash hash_;
  RedisLeases leases_;
};

}  // namespace sluice::stores

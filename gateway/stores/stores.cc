// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/stores.h"

#include "gateway/stores/redis_counters.h"

namespace sluice::stores {

const std::shared_ptr<MemoryCounters>& Stores::memory() {
  if (!memory_) memory_ = std::make_shared<MemoryCounters>(kKeys);
  return memory_;
}

const std::shared_ptr<InFlight>& Stores::in_flight() {
  if (!in_flight_) in_flight_ = std::make_shared<InFlight>(kKeysInFlight);
  return in_flight_;
}

std::shared_ptr<Counters> Stores::redis(const std::string& name, const StoreConfig& config,
                                        upstream::TargetTable& targets,
                                        std::shared_ptr<const upstream::TargetTls> tls,
                                        observe::SeriesStore& series) {
  auto& known = redis_[name];
  auto living = known.counters.lock();
  if (!living || known.config != config) {
    // A target of its own: what workers keep there was made with these settings.
    auto group = targets.group("store " + name + " #" + std::to_string(++generation_));
    auto target = targets.target(group, config.redis.url.target);
    living = std::make_shared<RedisCounters>(config.settings(name), std::move(target), memory(), series);
    known = {config, living};
  }
  if (tls) living->use_tls(std::move(tls));
  return living;
}

std::vector<Stores::TableReport> Stores::tables(Instant now) const {
  std::vector<TableReport> out;
  if (memory_) out.push_back({kMemory, memory_->table().used(now), memory_->table().evictions()});
  if (in_flight_) out.push_back({"in_flight", in_flight_->table().used(now), in_flight_->uncounted()});
  return out;
}

std::uint64_t salt_of(std::string_view owner, std::string_view limit) noexcept {
  std::uint64_t salt = KeyHash(0, 0)(limit, KeyHash(0, 0)(owner));
  return salt ? salt : 1;
}

}  // namespace sluice::stores

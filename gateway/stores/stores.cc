// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/stores.h"

#include "gateway/stores/redis_cluster.h"
#include "gateway/stores/redis_counters.h"
#include "gateway/stores/redis_sentinel.h"

namespace sluice::stores {
namespace {

using Group = std::shared_ptr<upstream::TargetGroup>;

std::shared_ptr<RedisServers> master_of_sentinels(const std::string& name, const StoreConfig& config,
                                                  const Group& group, upstream::TargetTable& targets) {
  const SentinelConfig& written = *config.redis.sentinel;
  std::vector<std::shared_ptr<upstream::Target>> sentinels;
  for (const auto& url : written.at) sentinels.push_back(targets.target(group, url.target));
  RedisOptions options = config.redis.options();
  options.username = written.username;
  options.password = written.password.value;
  auto locator = std::make_shared<RedisSentinel>(written.master, std::move(sentinels), std::move(options));
  upstream::TargetUrl url{written.master, 0, {}, config.redis.uses_tls()};
  auto health = std::make_shared<RedisHealth>(name, "master `" + written.master + "`", config.on_error);
  return std::make_shared<OneRedis>(config.redis.options(), targets.found_elsewhere(group, url),
                                    std::move(health), std::move(locator));
}

std::shared_ptr<RedisServers> servers_of(const std::string& name, const StoreConfig& config,
                                         const Group& group, upstream::TargetTable& targets) {
  if (config.redis.sentinel) return master_of_sentinels(name, config, group, targets);
  if (!config.redis.cluster.empty()) {
    std::vector<std::shared_ptr<upstream::Target>> seeds;
    for (const auto& url : config.redis.cluster) seeds.push_back(targets.target(group, url.target));
    auto anchor = targets.found_elsewhere(group, {"cluster " + name, 0});
    return std::make_shared<RedisCluster>(name, config.redis.options(), config.on_error, std::move(seeds),
                                          std::move(anchor), targets.loops());
  }
  auto target = targets.target(group, config.redis.url.target);
  auto health = std::make_shared<RedisHealth>(name, target->text(), config.on_error);
  return std::make_shared<OneRedis>(config.redis.options(), std::move(target), std::move(health));
}

}  // namespace

const std::shared_ptr<MemoryCounters>& Stores::memory() {
  if (!memory_) memory_ = std::make_shared<MemoryCounters>(kKeys);
  return memory_;
}

const std::shared_ptr<InFlight>& Stores::in_flight() {
  if (!in_flight_) in_flight_ = std::make_shared<InFlight>(kKeysInFlight);
  return in_flight_;
}

const std::shared_ptr<QuotaBook>& Stores::quotas() {
  if (!quotas_) quotas_ = std::make_shared<QuotaBook>();
  return quotas_;
}

void Stores::let_go() {
  lent_ = kept_in();
  file_.reset();
}

base::Result<void> Stores::take_back() {
  auto directory = std::exchange(lent_, std::nullopt).value_or("");
  auto wanted = std::exchange(wanted_, {});
  if (directory.empty()) return keep(wanted);
  auto opened = QuotaFile::open(directory, quotas_, QuotaFile::Known::book);
  if (!opened) return std::move(opened).unexpected();
  file_ = std::move(*opened);
  return {};
}

base::Result<void> Stores::keep(const std::string& directory) {
  if (lent_) wanted_ = directory;
  if (!quotas_ || file_ || lent_ || directory.empty()) return {};
  auto opened = QuotaFile::open(directory, quotas_);
  if (!opened) return std::move(opened).unexpected();
  file_ = std::move(*opened);
  return {};
}

// A policy is built for every chain that it is in: they are looked through only where they would need more
// memory.
void Stores::announce(const std::shared_ptr<const QuotaPlan>& plan) {
  auto& known = plans_[plan->owner];
  if (known.size() == known.capacity()) std::erase_if(known, [](const auto& weak) { return weak.expired(); });
  known.push_back(plan);
}

std::vector<std::shared_ptr<const QuotaPlan>> Stores::plans() const {
  std::vector<std::shared_ptr<const QuotaPlan>> out;
  for (const auto& [owner, known] : plans_) {
    std::shared_ptr<const QuotaPlan> plan;
    for (auto at = known.rbegin(); at != known.rend() && !plan; ++at) plan = at->lock();
    if (plan) out.push_back(std::move(plan));
  }
  return out;
}

std::shared_ptr<Counters> Stores::redis(const std::string& name, const StoreConfig& config,
                                        upstream::TargetTable& targets,
                                        std::shared_ptr<const upstream::TargetTls> tls,
                                        observe::SeriesStore& series) {
  auto found = living(name, config);
  if (!found) {
    // Targets of its own: what workers keep there was made with these settings.
    auto group = targets.group("store " + name + " #" + std::to_string(++generation_));
    auto client = std::make_shared<RedisClient>(config.settings(name),
                                                servers_of(name, config, group, targets), series);
    found = std::make_shared<RedisCounters>(std::move(client), memory());
    auto& known = redis_[name];
    std::erase_if(known, [](const Shared& s) { return s.counters.expired(); });
    known.push_back({config, found});
  }
  if (tls) found->client().servers().use_tls(std::move(tls));
  return found;
}

void Stores::renew_tls(const std::string& name, const StoreConfig& config,
                       std::shared_ptr<const upstream::TargetTls> tls) const {
  if (auto found = living(name, config)) found->client().servers().use_tls(std::move(tls));
}

std::shared_ptr<RedisCounters> Stores::living(const std::string& name, const StoreConfig& config) const {
  auto known = redis_.find(name);
  if (known == redis_.end()) return nullptr;
  for (const Shared& s : known->second)
    if (auto counters = s.config == config ? s.counters.lock() : nullptr) return counters;
  return nullptr;
}

std::vector<Stores::TableReport> Stores::tables(Instant now) const {
  std::vector<TableReport> out;
  if (memory_) out.push_back({kMemory, memory_->table().used(now), memory_->table().evictions()});
  if (in_flight_) out.push_back({"in_flight", in_flight_->table().used(now), in_flight_->uncounted()});
  if (quotas_) out.push_back({"quotas", quotas_->size(), quotas_->uncounted()});
  return out;
}

std::vector<std::string> Stores::troubles() const {
  constexpr std::string_view kThen[] = {"local", "allow", "deny"};
  std::vector<std::string> out;
  for (const auto& [name, known] : redis_)
    for (const Shared& s : known) {
      auto counters = s.counters.lock();
      if (!counters || counters->client().servers().up()) continue;
      out.push_back("store " + name + " does not answer, on_error decides: " +
                    std::string(kThen[static_cast<std::size_t>(s.config.on_error)]));
      break;  // other settings of the same one are not in force
    }
  return out;
}

std::uint64_t salt_of(std::string_view owner, std::string_view limit) noexcept {
  std::uint64_t salt = base::KeyHash(0, 0)(limit, base::KeyHash(0, 0)(owner));
  return salt ? salt : 1;
}

}  // namespace sluice::stores

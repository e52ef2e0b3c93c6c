// SPDX-License-Identifier: Apache-2.0
// RedisCounters: counters that several processes share through a Redis server, or one that speaks its
// protocol. Exact mode asks it about every request, by one script in one round trip; batched mode takes a
// lease of several tokens for a key and asks again when they are used up. When the server fails, the
// configured policy decides; requests never fail for it.
//
// In batched mode a process holds at most one lease of a key at a time, for at most kLease. Leased tokens
// were charged when they were taken: what is used of them later may fall into another period. So what passes
// in any period is at most the limit and one lease for each process.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "gateway/observe/series.h"
#include "gateway/stores/memory_counters.h"
#include "gateway/stores/redis_link.h"

namespace sluice::stores {

// What to do when the store does not answer.
enum class OnError : std::uint8_t { local, allow, deny };

struct RedisSettings {
  std::string name;  // of the store
  RedisOptions options;
  std::string prefix = "sluice:";
  std::uint64_t lease = 1;  // 1: exact
  OnError on_error = OnError::local;
  std::uint64_t replicas = 1;  // among which a limit is divided while each counts alone
};

// Whether the server answers, as far as is known; said in the log once, whatever the number of workers.
class RedisHealth final : public RedisObserver {
 public:
  RedisHealth(std::string store, std::string server, OnError on_error)
      : store_(std::move(store)), server_(std::move(server)), on_error_(on_error) {}

  void redis_failed(const std::string& why) noexcept override;
  void redis_answers() noexcept override;
  bool up() const noexcept { return !down_.load(std::memory_order_relaxed); }

 private:
  const std::string store_, server_;
  const OnError on_error_;
  std::atomic<bool> down_{false}, said_{false};
  std::atomic<base::Duration::rep> last_said_{0};
};

class RedisCounters final : public Counters {
 public:
  static constexpr base::Duration kLease = std::chrono::seconds(1);
  static constexpr std::uint64_t kMostLeased = 1000;

  // Any thread; `series` outlives it.
  RedisCounters(RedisSettings settings, std::shared_ptr<upstream::Target> target,
                std::shared_ptr<MemoryCounters> local, observe::SeriesStore& series);

  base::Task<Taken> take(Asker asker, const Want& want) override;

  // For connections that are made from now on; only where the URL says TLS. Control thread.
  void use_tls(std::shared_ptr<const upstream::TargetTls> tls) { target_->use_tls(std::move(tls)); }
  bool up() const noexcept { return health_->up(); }

 private:
  struct Lease {
    std::uint64_t cell = 0;  // 0: none is taken
    std::uint64_t most = 0;
  };

  RedisLink& link(Asker asker);
  base::Task<Taken> ask(Asker asker, Want want, std::string key, Lease lease);
  base::Task<base::Result<RedisReply>> run_script(RedisLink& link, const std::vector<std::string>& arguments);
  std::string key_of(const Want& want) const;
  std::vector<std::string> arguments_of(const Want& want, const std::string& key, std::uint64_t most) const;
  bool take_leased(const Want& want, Instant now, std::uint64_t cell, Taken& out, Lease& lease);
  void end_lease(const Lease& lease, Instant now, std::uint64_t left);
  Taken without_store(Asker asker, const Want& want, std::string_view key_text) const;
  void observe(Asker asker, base::Duration took) noexcept;

  RedisSettings settings_;
  std::shared_ptr<upstream::Target> target_;
  std::shared_ptr<MemoryCounters> local_;
  KeyHash hash_;
  CellTable leases_;
  std::shared_ptr<RedisHealth> health_;
  std::atomic<std::uint64_t> errors_{0};
  std::vector<observe::OverheadCells> seconds_;  // by worker, made when first used
  observe::SeriesRef seconds_series_;
  observe::ScrapeRegistration up_shown_, errors_shown_;
};

}  // namespace sluice::stores

// SPDX-License-Identifier: Apache-2.0
// Stores: the stores of the process as they live: found again at every load, so that counts outlive a reload.
// One per process, used by the control thread when it builds a snapshot; what it hands out is for all
// workers.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/stores/in_flight.h"
#include "gateway/stores/memory_counters.h"
#include "gateway/stores/quota_file.h"
#include "gateway/stores/store_config.h"
#include "gateway/upstream/target_table.h"

namespace sluice::stores {

// Name of the store that is there without being configured.
inline constexpr std::string_view kMemory = "memory";

class Stores {
 public:
  // How many keys may be in use at the same time.
  static constexpr std::size_t kKeys = 1'000'000, kKeysInFlight = 100'000;

  // The counters of this process; made when first asked for.
  const std::shared_ptr<MemoryCounters>& memory();
  // What is under way; likewise.
  const std::shared_ptr<InFlight>& in_flight();

  // The counters of a store as it is configured: the same ones as long as anybody holds them and the settings
  // stay the same. `tls` is set where the URL says so.
  std::shared_ptr<Counters> redis(const std::string& name, const StoreConfig& config,
                                  upstream::TargetTable& targets,
                                  std::shared_ptr<const upstream::TargetTls> tls,
                                  observe::SeriesStore& series);
  // TLS of these settings, of files that are new: for connections that are made from now on.
  void renew_tls(const std::string& name, const StoreConfig& config,
                 std::shared_ptr<const upstream::TargetTls> tls) const;

  // What callers have used up, counted by this process; made when first asked for. Kept nowhere until keep().
  const std::shared_ptr<QuotaBook>& quotas();
  // Where it would be kept, "" for nowhere: what filters that are built from now on may rely on. Whether what
  // is built is put in force is not known yet.
  void state_directory(std::string directory) { state_directory_ = std::move(directory); }
  const std::string& state_directory() const noexcept { return state_directory_; }
  // Begins to keep it in that directory, if it is in use and not kept yet; not for "". The error is for
  // people.
  base::Result<void> keep(const std::string& directory);
  // Keeps it there no more, and lets another process have the place until take_back(): keep() does nothing
  // meanwhile.
  void let_go();
  // Keeps it again where it was. What was counted meanwhile counts, not what the file says.
  base::Result<void> take_back();
  // Where it is kept; "" while it is not.
  std::string kept_in() const { return file_ ? file_->directory() : std::string(); }

  // A policy with quotas that was built; and of each the newest one that lives: that of a load which was
  // rejected does not.
  void announce(const std::shared_ptr<const QuotaPlan>& plan);
  std::vector<std::shared_ptr<const QuotaPlan>> plans() const;

  // Of each table that is in use: its name, keys and evictions. Control thread.
  struct TableReport {
    std::string_view store;
    std::size_t keys;
    std::uint64_t evictions;
  };
  std::vector<TableReport> tables(Instant now) const;
  // For people, of each store that does not answer, as far as is known: "store shared does not answer, ...".
  // Control thread.
  std::vector<std::string> troubles() const;

 private:
  std::shared_ptr<MemoryCounters> memory_;
  std::shared_ptr<InFlight> in_flight_;
  std::shared_ptr<QuotaBook> quotas_;
  std::string state_directory_;
  std::optional<std::string> lent_;  // where it was kept, while another process may have the place
  std::string wanted_;               // by the last keep() meanwhile
  std::unique_ptr<QuotaFile> file_;
  std::map<std::string, std::vector<std::weak_ptr<const QuotaPlan>>> plans_;  // by owner, the newest last
  struct Shared {
    StoreConfig config;
    std::weak_ptr<RedisCounters> counters;
  };
  std::shared_ptr<RedisCounters> living(const std::string& name, const StoreConfig& config) const;

  // By name; with other settings those of a load that is rejected may live beside those that are in force.
  std::map<std::string, std::vector<Shared>> redis_;
  std::uint64_t generation_ = 0;
};

// Tells the counters of one limit from those of others, in every process alike: of texts that name it.
std::uint64_t salt_of(std::string_view owner, std::string_view limit) noexcept;

}  // namespace sluice::stores

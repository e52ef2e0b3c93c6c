// SPDX-License-Identifier: Apache-2.0
// QuotaBook: what callers have used up, counted by this process for all its workers. Entries are found under
// the lock of one of many shards, held for a lookup; QuotaFile takes what has changed from time to time. Keys
// are kept for good until there is little room left; if there is none a new key passes uncounted: nobody is
// refused because others are many.
#pragma once
#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/base/key_hash.h"
#include "gateway/stores/quota_state.h"
#include "gateway/stores/quotas.h"

namespace sluice::stores {

class QuotaBook final : public QuotaStore {
 public:
  static constexpr std::size_t kKeys = 1'000'000;
  explicit QuotaBook(std::size_t most = kKeys) : most_(most) {}

  using States = std::array<QuotaState, kCalendarUnits>;  // by unit
  // A caller's, as kept: of a policy, under its key as it is stored.
  struct Entry {
    std::string owner, key;
    States states;
  };

  base::Task<Taken> spend(Asker, const QuotaWant& want) override { return spend_now(want); }
  // Any thread, as all of these.
  Taken spend_now(const QuotaWant& want);

  void restore(const Entry& entry);
  // What was charged since the last call.
  std::vector<Entry> changed();
  std::vector<Entry> all() const;
  // Those of a policy, the first ones by key; with `key` that one alone.
  std::vector<Entry> of(std::string_view owner, std::string_view key, std::size_t most) const;
  // Forgets those that counted nothing in these periods or later ones, if more than half of the room is
  // taken.
  void make_room(const std::array<std::int64_t, kCalendarUnits>& since);
  // Forgets all of them.
  void clear();

  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  // Charges that were not counted.
  std::uint64_t uncounted() const noexcept { return uncounted_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kShards = 64;
  struct Value {
    States states;
    bool changed = false;
  };
  using Map = std::unordered_map<std::string, Value, base::TextHash>;
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    Map map;
    std::vector<Map::value_type*> changed;
  };

  Shard& shard(const std::string& name) noexcept {
    return shards_[base::TextHash()(name) >> 32 & (kShards - 1)];
  }
  Value* find_or_make(Shard& shard, const std::string& name, bool make);

  std::array<Shard, kShards> shards_;
  const std::size_t most_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> uncounted_{0};
};

// Charges to a state; pure.
Taken spend_of(const QuotaWant& want, QuotaBook::States& states);

}  // namespace sluice::stores

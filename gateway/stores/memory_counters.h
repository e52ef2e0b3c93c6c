// SPDX-License-Identifier: Apache-2.0
// MemoryCounters: counters in this process, exact across its workers. Never waits.
#pragma once
#include <memory>

#include "gateway/base/key_hash.h"
#include "gateway/stores/cell_table.h"
#include "gateway/stores/counters.h"

namespace sluice::stores {

class MemoryCounters final : public Counters {
 public:
  explicit MemoryCounters(std::size_t keys, base::KeyHash hash = base::KeyHash())
      : table_(keys), hash_(hash) {}

  base::Task<Taken> take(Asker asker, const Want& want) override {
    return take_now(instant(asker.loop.now()), want);
  }
  Taken take_now(Instant now, const Want& want);
  base::Task<Taken> correct(Asker asker, const Correction& correction) override {
    return correct_now(instant(asker.loop.now()), correction);
  }
  Taken correct_now(Instant now, const Correction& correction);

  CellTable& table() noexcept { return table_; }
  const CellTable& table() const noexcept { return table_; }

 private:
  Charged charge_one(const Limit& limit, std::uint64_t cell, Instant now, std::uint64_t cost);
  Charged ask_one(const Limit& limit, std::uint64_t cell, Instant now, std::uint64_t cost);
  Taken take_several(Instant now, const Want& want);

  CellTable table_;
  base::KeyHash hash_;
};

}  // namespace sluice::stores

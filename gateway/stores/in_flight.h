// SPDX-License-Identifier: Apache-2.0
// InFlight: how many requests of a key are under way in this process, in cells that are shared by all workers
// and never given away while they count anything. If a key finds no cell because all that it could have are
// held by others, its request passes uncounted: nobody is refused for what others do.
#pragma once
#include <string_view>

#include "gateway/base/key_hash.h"
#include "gateway/stores/cell_table.h"

namespace sluice::stores {

class InFlight {
 public:
  explicit InFlight(std::size_t keys, base::KeyHash hash = base::KeyHash()) : table_(keys), hash_(hash) {}

  // One request under way; each that was entered must leave, once. Any thread.
  struct Entry {
    bool entered = false;  // false: there are `limit` already
    CellTable::Word* cell = nullptr;
    std::uint64_t others = 0;  // that were under way before
  };
  Entry enter(std::uint64_t salt, std::string_view key, std::uint64_t limit, Instant now) {
    Entry out;
    std::uint64_t hash = hash_(key, salt);
    out.cell = table_.update(hash ? hash : 1, CellTable::kHeld, now,
                             [&](std::uint64_t others) -> std::optional<std::uint64_t> {
                               out.others = others;
                               out.entered = others < limit;
                               if (!out.entered) return std::nullopt;
                               return others + 1;
                             });
    if (!out.cell) {
      uncounted_.fetch_add(1, std::memory_order_relaxed);
      out.entered = true;
    }
    return out;
  }
  static void leave(const Entry& entry) noexcept {
    if (entry.entered && entry.cell) CellTable::lower(*entry.cell);
  }

  // Requests that passed uncounted.
  std::uint64_t uncounted() const noexcept { return uncounted_.load(std::memory_order_relaxed); }
  const CellTable& table() const noexcept { return table_; }

 private:
  CellTable table_;
  base::KeyHash hash_;
  std::atomic<std::uint64_t> uncounted_{0};
};

}  // namespace sluice::stores

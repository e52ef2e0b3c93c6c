// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/keyed_cells.h"

namespace sluice::observe {
namespace {

// Fibonacci hashing: the keys are packed small numbers, whose low bits alone would collide.
std::size_t slot_of(std::uint32_t key, std::size_t slots) noexcept {
  return static_cast<std::size_t>((key * 2654435769u) >> 16) & (slots - 1);
}

}  // namespace

Cell* KeyedCells::find_in_table(std::uint32_t key) const noexcept {
  if (table_.empty()) return nullptr;
  for (std::size_t i = slot_of(key, table_.size());; i = (i + 1) & (table_.size() - 1)) {
    const Entry& entry = table_[i];
    if (!entry.cell) return nullptr;
    if (entry.key == key) {
      last_ = entry;
      return entry.cell;
    }
  }
}

void KeyedCells::insert(std::uint32_t key, Cell* cell) {
  // At most half full, so a search ends soon.
  if ((used_ + 1) * 2 > table_.size()) {
    std::vector<Entry> old(table_.empty() ? 8 : table_.size() * 2);
    old.swap(table_);
    for (const Entry& entry : old)
      if (entry.cell) place(entry);
  }
  place({key, cell});
  ++used_;
}

void KeyedCells::place(Entry entry) noexcept {
  std::size_t i = slot_of(entry.key, table_.size());
  while (table_[i].cell) i = (i + 1) & (table_.size() - 1);
  table_[i] = entry;
}

}  // namespace sluice::observe

// SPDX-License-Identifier: Apache-2.0
// KeyedCells: finds the cell for a combination of label values, packed into a number, on the request path: a
// small open-addressed table that starts empty and holds only what was met. One worker's thread only; does
// not own the cells.
#pragma once
#include <cstdint>
#include <vector>

#include "gateway/observe/cells.h"

namespace sluice::observe {

class KeyedCells {
 public:
  // Null if `key` was never inserted.
  Cell* find(std::uint32_t key) const noexcept {
    if (key == last_.key && last_.cell) return last_.cell;
    return find_in_table(key);
  }
  // `key` must not be there yet.
  void insert(std::uint32_t key, Cell* cell);

 private:
  struct Entry {
    std::uint32_t key = 0;
    Cell* cell = nullptr;  // null: the entry is free
  };
  Cell* find_in_table(std::uint32_t key) const noexcept;
  void place(Entry entry) noexcept;

  mutable Entry last_;  // requests of a route mostly end alike
  std::vector<Entry> table_;
  std::size_t used_ = 0;
};

}  // namespace sluice::observe

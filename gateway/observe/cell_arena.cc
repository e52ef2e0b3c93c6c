// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/cell_arena.h"

#include "gateway/base/assert.h"

namespace sluice::observe {

Cell* CellArena::take(std::size_t count) {
  SLUICE_ASSERT(count > 0 && count <= kBlock);
  std::lock_guard lock(mutex_);
  auto& free = free_[count];
  if (!free.empty()) {
    Cell* cells = free.back();
    free.pop_back();
    return cells;
  }
  std::size_t at = count < kLine ? used_ : (used_ + kLine - 1) / kLine * kLine;
  if (at + count > kBlock) {
    blocks_.push_back(std::make_unique<Block>());
    at = 0;
  }
  used_ = at + count;
  return &blocks_.back()->cells[at];
}

void CellArena::give_back(Cell* cells, std::size_t count) noexcept {
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < count; ++i) cells[i].clear();
  free_[count].push_back(cells);
}

std::size_t CellArena::held() const {
  std::lock_guard lock(mutex_);
  return blocks_.size() * kBlock;
}

}  // namespace sluice::observe

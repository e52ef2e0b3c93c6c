// SPDX-License-Identifier: Apache-2.0
// CellArena: memory for the cells of one worker, so that workers never share a cache line. Cells that are
// given back are used again. Any thread, but one at a time per call: it locks; only for making and ending
// series.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "gateway/observe/cells.h"

namespace sluice::observe {

class CellArena {
 public:
  // `count` neighbouring cells, all 0; at most kBlock. Those of a histogram begin a cache line.
  Cell* take(std::size_t count);
  // Nobody may use them any more.
  void give_back(Cell* cells, std::size_t count) noexcept;
  // Cells held from the system, for tests.
  std::size_t held() const;

 private:
  static constexpr std::size_t kBlock = 512;
  static constexpr std::size_t kLine = 64 / sizeof(Cell);
  struct alignas(64) Block {
    Cell cells[kBlock];
  };

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::size_t used_ = kBlock;  // of the last block
  std::map<std::size_t, std::vector<Cell*>> free_;
};

}  // namespace sluice::observe

// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/cell_arena.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice::observe::cell_arena_test {
namespace {

TEST(CellArena, GivesEachItsOwnCells) {
  CellArena arena;
  std::set<Cell*> seen;

  for (int i = 0; i < 2000; ++i) {
    Cell* cells = arena.take(3);
    for (int k = 0; k < 3; ++k) EXPECT_TRUE(seen.insert(cells + k).second);
  }
}

TEST(CellArena, BeginsHistogramsOnACacheLine) {
  CellArena arena;
  arena.take(1);

  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.take(16)) % 64, 0u);
    arena.take(1);
  }
}

TEST(CellArena, UsesReturnedCellsAgainWithoutTheirCounts) {
  CellArena arena;
  Cell* first = arena.take(12);
  first[11].add(7);

  arena.give_back(first, 12);
  Cell* second = arena.take(12);

  EXPECT_EQ(second, first);
  EXPECT_EQ(second[11].value(), 0u);
}

TEST(CellArena, DoesNotGrowWhenSeriesComeAndGo) {
  CellArena arena;
  arena.give_back(arena.take(16), 16);
  auto before = arena.held();

  for (int i = 0; i < 10'000; ++i) arena.give_back(arena.take(16), 16);

  EXPECT_EQ(arena.held(), before);
}

}  // namespace
}  // namespace sluice::observe::cell_arena_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/keyed_cells.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::observe::keyed_cells_test {
namespace {

TEST(KeyedCells, FindNothingWhenEmpty) {
  KeyedCells cells;
  EXPECT_EQ(cells.find(0), nullptr);
  EXPECT_EQ(cells.find(17), nullptr);
}

TEST(KeyedCells, FindWhatWasInserted) {
  KeyedCells table;
  Cell a, b;

  table.insert(0, &a);
  table.insert(5, &b);

  EXPECT_EQ(table.find(0), &a);
  EXPECT_EQ(table.find(5), &b);
  EXPECT_EQ(table.find(0), &a);
  EXPECT_EQ(table.find(1), nullptr);
}

TEST(KeyedCells, KeepEveryKeyWhenTheyGrow) {
  KeyedCells table;
  std::vector<Cell> cells(3000);

  for (std::uint32_t i = 0; i < cells.size(); ++i) table.insert(i * 8192, &cells[i]);

  for (std::uint32_t i = 0; i < cells.size(); ++i) EXPECT_EQ(table.find(i * 8192), &cells[i]);
  EXPECT_EQ(table.find(8191), nullptr);
}

}  // namespace
}  // namespace sluice::observe::keyed_cells_test

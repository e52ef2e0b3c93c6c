// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/cells.h"

#include <gtest/gtest.h>

namespace sluice::observe::cells_test {
namespace {

using namespace std::chrono_literals;

TEST(Cells, PutAValueOnABoundIntoTheBucketOfThatBound) {
  EXPECT_EQ(bucket_of(kDurationBounds, 0), 0u);
  EXPECT_EQ(bucket_of(kDurationBounds, 1'000'000), 0u);
  EXPECT_EQ(bucket_of(kDurationBounds, 1'000'001), 1u);
  EXPECT_EQ(bucket_of(kDurationBounds, 2'500'000), 1u);
  EXPECT_EQ(bucket_of(kDurationBounds, 30'000'000'000), 13u);
  EXPECT_EQ(bucket_of(kDurationBounds, 30'000'000'001), 14u);
  EXPECT_EQ(bucket_of(kDurationBounds, ~std::uint64_t{0}), 14u);
  EXPECT_EQ(bucket_of(kOverheadBounds, 10'000), 0u);
  EXPECT_EQ(bucket_of(kOverheadBounds, 100'000'001), 10u);
}

TEST(Cells, AHistogramCountsABucketAndTheSum) {
  Cell cells[DurationCells::kCells];
  DurationCells histogram(cells);

  histogram.observe(2ms);
  histogram.observe(2ms);
  histogram.observe(1min);

  EXPECT_EQ(cells[1].value(), 2u);
  EXPECT_EQ(cells[14].value(), 1u);
  EXPECT_EQ(cells[15].value(), 60'004'000'000u);
}

TEST(Cells, ATimeThatRanBackwardsCountsAsNone) {
  Cell cells[OverheadCells::kCells];
  OverheadCells histogram(cells);

  histogram.observe(-5s);

  EXPECT_EQ(cells[0].value(), 1u);
  EXPECT_EQ(cells[OverheadCells::kCells - 1].value(), 0u);
}

TEST(Cells, AHistogramWithoutCellsSaysSo) {
  EXPECT_FALSE(DurationCells());
  Cell cells[DurationCells::kCells];
  EXPECT_TRUE(DurationCells(cells));
}

}  // namespace
}  // namespace sluice::observe::cells_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/strain_levels.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::server::strain_levels_test {
namespace {

using namespace std::chrono_literals;
using net::Strain;

constexpr std::uint64_t kLimit = 1000;

// The strain after each reading, a digit each.
std::string after(MemoryLevels& levels, const std::vector<std::uint64_t>& readings) {
  std::string out;
  for (auto used : readings) out += std::to_string(static_cast<int>(levels.read(used, kLimit)));
  return out;
}
std::string after(LagLevels& levels, std::vector<base::Duration> lags) {
  std::string out;
  for (auto lag : lags) out += std::to_string(static_cast<int>(levels.read(lag, 200ms)));
  return out;
}
std::vector<base::Duration> times(unsigned n, base::Duration lag) { return std::vector(n, lag); }

TEST(MemoryLevels, RiseAtTheirShareOfTheLimit) {
  MemoryLevels levels;
  EXPECT_EQ(after(levels, {0, 849, 850, 919, 920, 969, 970, 2000}), "00112233");
}

TEST(MemoryLevels, RiseOverSeveralAtOnce) {
  MemoryLevels levels;
  EXPECT_EQ(after(levels, {10, 990}), "03");
}

TEST(MemoryLevels, FallOnlyWithRoomToSpareAndOneByOne) {
  MemoryLevels levels;
  EXPECT_EQ(after(levels, {990, 930, 920, 919, 875, 870, 869, 810, 800, 799}), "3332221110");

  MemoryLevels at_once;
  EXPECT_EQ(after(at_once, {990, 0, 0, 0, 0}), "32100");
}

TEST(MemoryLevels, DoNotFlutterAroundABound) {
  MemoryLevels levels;
  EXPECT_EQ(after(levels, {850, 845, 851, 844, 850, 801}), "111111");
}

TEST(MemoryLevels, AreNoneWithoutALimit) {
  MemoryLevels levels;
  after(levels, {990});
  EXPECT_EQ(levels.read(990, 0), Strain::none);
}

TEST(LagLevels, RiseAfterSeveralLateTicksInARow) {
  LagLevels levels;
  EXPECT_EQ(after(levels, times(4, 201ms)), "0000");
  EXPECT_EQ(after(levels, {0ms, 300ms, 300ms, 300ms, 300ms, 300ms}), "000001");
}

TEST(LagLevels, AreHigherWhereTicksAreVeryLate) {
  LagLevels levels;
  EXPECT_EQ(after(levels, times(6, 1001ms)), "000022");
}

TEST(LagLevels, FallWhenTicksHaveBeenInTimeForLong) {
  LagLevels levels;
  after(levels, times(5, 2s));
  EXPECT_EQ(after(levels, times(19, 50ms)), std::string(19, '2'));
  EXPECT_EQ(after(levels, {150ms}), "2");  // not late, but no calm either
  EXPECT_EQ(after(levels, times(21, 0ms)), std::string(19, '2') + "11");
  EXPECT_EQ(after(levels, times(19, 0ms)), std::string(18, '1') + "0");
}

TEST(LagLevels, AreNoneWithoutALimit) {
  LagLevels levels;
  after(levels, times(5, 2s));
  EXPECT_EQ(levels.read(2s, 0ms), Strain::none);
}

}  // namespace
}  // namespace sluice::server::strain_levels_test

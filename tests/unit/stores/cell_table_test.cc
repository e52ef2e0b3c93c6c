// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/cell_table.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::stores::cell_table_test {
namespace {

constexpr std::uint8_t kBucket = CellTable::kTokenBucket;

// Spreads numbers over the table as hashes do.
std::uint64_t key(std::uint64_t n) {
  n = (n + 1) * 0x9e3779b97f4a7c15u;
  n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9u;
  n = (n ^ n >> 27) * 0x94d049bb133111ebu;
  return n ^ n >> 31;
}

CellTable::Word* set(CellTable& table, std::uint64_t k, std::uint64_t state, Instant now,
                     std::uint8_t cell_class = kBucket) {
  return table.update(k, cell_class, now, [&](std::uint64_t) { return std::optional(state); });
}

TEST(CellTable, FindsWhatWasPutThere) {
  CellTable table(100);
  EXPECT_EQ(table.peek(key(1)), 0u);
  set(table, key(1), 500, 1);
  set(table, key(2), 600, 1);
  EXPECT_EQ(table.peek(key(1)), 500u);
  EXPECT_EQ(table.peek(key(2)), 600u);
  EXPECT_EQ(table.used(1), 2u);
  EXPECT_EQ(table.used(550), 1u);
}

TEST(CellTable, HoldsAMillionKeysInLessThanAHundredBytesEach) {
  constexpr std::size_t kKeys = 1'000'000;
  CellTable table(kKeys);
  for (std::uint64_t i = 0; i < kKeys; ++i) set(table, key(i), 1000 + i, 1);

  for (std::uint64_t i = 0; i < kKeys; ++i) ASSERT_EQ(table.peek(key(i)), 1000 + i);
  EXPECT_EQ(table.evictions(), 0u);
  EXPECT_LE(table.bytes() / kKeys, 100u);
  EXPECT_NEAR(static_cast<double>(table.used(1)), kKeys, kKeys / 20);
}

TEST(CellTable, GivesExpiredCellsToNewKeys) {
  CellTable table(1000);
  for (std::uint64_t i = 0; i < 100'000; ++i) set(table, key(i), i + 500, i);

  EXPECT_EQ(table.evictions(), 0u);
  EXPECT_LE(table.used(100'000), 500u);
}

TEST(CellTable, ForgetsTheOneThatExpiresSoonestWhenItIsFull) {
  CellTable table(3);  // two buckets, so that every key may be in either
  for (std::uint64_t i = 0; i < 14; ++i) set(table, key(i), 1000 + i, 1);
  EXPECT_EQ(table.evictions(), 0u);

  for (std::uint64_t i = 14; i < 20; ++i) set(table, key(i), 2000 + i, 1);

  EXPECT_EQ(table.evictions(), 6u);
  for (std::uint64_t i = 14; i < 20; ++i) EXPECT_EQ(table.peek(key(i)), 2000 + i);
  EXPECT_EQ(table.used(1), 14u);
}

TEST(CellTable, KeepsWhatIsHeldAndSaysWhenThereIsNoRoom) {
  CellTable table(3);
  std::vector<CellTable::Word*> held;
  for (std::uint64_t i = 0; i < 14; ++i) held.push_back(set(table, key(i), 1, 1, CellTable::kHeld));
  EXPECT_EQ(set(table, key(99), 1, 1, CellTable::kHeld), nullptr);

  for (auto* word : held) CellTable::lower(*word);

  EXPECT_NE(set(table, key(99), 1, 1, CellTable::kHeld), nullptr);
  EXPECT_EQ(table.used(1), 1u);
}

// Whoever knew the secret of the hash could make keys meet. Each is still one look at two buckets, and
// counters that expire later than theirs stay.
TEST(CellTable, TakesNoLongerForKeysThatMeet) {
  CellTable table(10'000);
  constexpr std::uint64_t kOthers = 1000, kMeeting = 100'000, kHigh = std::uint64_t{0x5A5A5} << 44;
  for (std::uint64_t i = 0; i < kOthers; ++i) set(table, key(i), 1'000'000 + i, 1);
  std::uint64_t changes = 0;

  for (std::uint64_t i = 1; i <= kMeeting; ++i) {
    auto* word = table.update(kHigh | i, kBucket, 1, [&](std::uint64_t) {
      ++changes;
      return std::optional<std::uint64_t>(1000 + i);
    });
    ASSERT_TRUE(word);
    ASSERT_EQ(table.peek(kHigh | i), 1000 + i);
  }

  EXPECT_EQ(changes, kMeeting);
  EXPECT_GT(table.evictions(), 0u);
  for (std::uint64_t i = 0; i < kOthers; ++i) ASSERT_EQ(table.peek(key(i)), 1'000'000 + i);
}

TEST(CellTable, KnowsAPeriodByItsClass) {
  CellTable table(3);
  auto second = table.window_class(1'000'000'000), minute = table.window_class(60'000'000'000);
  EXPECT_NE(*second, *minute);
  EXPECT_EQ(*table.window_class(1'000'000'000), *second);
  for (std::uint64_t p = 1; p <= 252; ++p) EXPECT_TRUE(table.window_class(p));
  EXPECT_FALSE(table.window_class(777));
  EXPECT_TRUE(table.window_class(252));
}

// Many threads count the same few keys while others come and go in the same buckets: no count may be lost,
// and no key get two cells.
TEST(CellTable, CountsExactlyWhileCellsChangeHands) {
  constexpr int kThreads = 4;
  constexpr std::uint64_t kRounds = 20'000, kKeys = 8;
  CellTable table(64);
  auto up = [&](std::uint64_t k) {
    return table.update(key(k), CellTable::kHeld, 1, [](std::uint64_t n) { return std::optional(n + 1); });
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < kRounds; ++i) {
        up(i % kKeys);
        CellTable::lower(*up(1000 + i * kThreads + static_cast<std::uint64_t>(t)));
      }
    });
  for (auto& t : threads) t.join();

  std::uint64_t sum = 0;
  for (std::uint64_t k = 0; k < kKeys; ++k) sum += table.peek(key(k));
  EXPECT_EQ(sum, kThreads * kRounds);
  EXPECT_EQ(table.used(1), kKeys);
}

}  // namespace
}  // namespace sluice::stores::cell_table_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/arena_pool.h"

#include <gtest/gtest.h>

#include <optional>

namespace sluice::base::arena_pool_test {
namespace {

TEST(ArenaPool, LendsAnArenaThatWasGivenBackAgainAndEmpty) {
  ArenaLease::trim(0);
  const Arena* first = nullptr;
  {
    ArenaLease lease;
    lease->chars(10);
    for (int i = 0; i < 100; ++i) lease->chars(Arena::kFirstBlock);
    first = &*lease;
  }
  ArenaLease again;

  EXPECT_EQ(&*again, first);
  EXPECT_LT(again->held(), 2 * Arena::kFirstBlock);
}

TEST(ArenaPool, LendsDifferentArenasAtATime) {
  ArenaLease a;
  ArenaLease b;

  EXPECT_NE(&*a, &*b);
}

TEST(ArenaPool, KeepsTheArenaWhereItIsWhenItsLeaseMoves) {
  ArenaLease first;
  const Arena* arena = &*first;
  std::string_view text = first->copy("text");

  ArenaLease second(std::move(first));

  EXPECT_EQ(&*second, arena);
  EXPECT_EQ(text, "text");
}

TEST(ArenaPool, TrimsTheFreeArenasToWhatIsToBeKept) {
  if (!Arena::kKeepsFirstBlock) GTEST_SKIP() << "an arena of this build is as empty as a new one";
  ArenaLease::trim(0);
  {
    ArenaLease a, b;
    a->chars(1);
    b->chars(1);
  }
  ArenaLease::trim(1);
  std::optional<ArenaLease> kept, fresh;
  kept.emplace();
  fresh.emplace();

  EXPECT_GT((*kept)->held(), 0u);
  EXPECT_EQ((*fresh)->held(), 0u);
}

}  // namespace
}  // namespace sluice::base::arena_pool_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/pool_slot.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/upstream/targets.h"

namespace sluice::upstream::pool_slot_test {
namespace {

class PoolSlotsTest : public testing::Test {
 protected:
  struct Slot final : PoolSlot {
    Slot(PoolSlots& all, const Target& target, unsigned worker, std::uint32_t unused)
        : PoolSlot(all, target, worker) {
      set_unused(unused);
    }
    bool give_up_unused() noexcept override {
      if (unused() == 0) return false;
      set_unused(unused() - 1);
      return true;
    }
  };
  const Target* target(std::size_t i) const { return targets_.all[i].get(); }

  Targets targets_{{1, 1}};
  PoolSlots slots_;
};

TEST_F(PoolSlotsTest, GivesUpAnUnusedConnectionOfThatWorkerWhereItHasMost) {
  Slot one(slots_, *target(0), 0, 1), most(slots_, *target(1), 0, 2), other(slots_, *target(1), 1, 3);

  EXPECT_TRUE(slots_.give_up_unused(0, nullptr));
  EXPECT_EQ(most.unused(), 1u);
  EXPECT_TRUE(slots_.give_up_unused(0, nullptr));
  EXPECT_TRUE(slots_.give_up_unused(0, nullptr));

  EXPECT_FALSE(slots_.give_up_unused(0, nullptr));
  EXPECT_EQ(one.unused() + most.unused(), 0u);
  EXPECT_EQ(other.unused(), 3u);
}

TEST_F(PoolSlotsTest, GivesUpNoneToOthersThanTheTargetThatHasTooManyOfThem) {
  Slot full(slots_, *target(0), 0, 0), other(slots_, *target(1), 0, 2);

  EXPECT_FALSE(slots_.give_up_unused(0, target(0)));
  EXPECT_TRUE(slots_.give_up_unused(0, target(1)));

  EXPECT_EQ(other.unused(), 1u);
}

TEST_F(PoolSlotsTest, KnowsWhichOtherWorkerHasOne) {
  Slot own(slots_, *target(0), 0, 1), none(slots_, *target(0), 1, 0), other(slots_, *target(1), 2, 1);

  EXPECT_EQ(slots_.other_with_unused(0, nullptr), 2u);
  EXPECT_EQ(slots_.other_with_unused(0, target(0)), std::nullopt);
  EXPECT_EQ(slots_.other_with_unused(2, target(0)), 0u);
}

TEST_F(PoolSlotsTest, LeavesTheTargetsThatAreNotNamedOnThatWorker) {
  Slot kept(slots_, *target(0), 0, 2), left(slots_, *target(1), 0, 2), other(slots_, *target(1), 1, 2);
  const Target* these[] = {target(0)};

  slots_.keep_only(0, these);

  EXPECT_EQ(kept.unused(), 2u);
  EXPECT_EQ(left.unused(), 0u);
  EXPECT_EQ(other.unused(), 2u);
}

TEST_F(PoolSlotsTest, ForgetsPoolsThatAreGone) {
  std::optional<Slot> pool(std::in_place, slots_, *target(0), 1U, 1U);
  ASSERT_EQ(slots_.other_with_unused(0, nullptr), 1u);

  pool.reset();

  EXPECT_EQ(slots_.other_with_unused(0, nullptr), std::nullopt);
  EXPECT_FALSE(slots_.give_up_unused(1, nullptr));
}

}  // namespace
}  // namespace sluice::upstream::pool_slot_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/pace.h"

#include <gtest/gtest.h>

namespace sluice::net::pace_test {
namespace {

using namespace std::chrono_literals;

class PaceTest : public testing::Test {
 protected:
  // A wait of so long, with so many bytes moved before it; what it may take.
  std::optional<base::Duration> wait(base::Duration takes, std::uint64_t moved,
                                     base::Duration timeout = 30s) {
    auto limit = pace.begin_wait(timeout, moved);
    clock.advance(takes);
    loop.run_once(base::Duration::zero());
    pace.end_wait();
    return limit;
  }
  base::VirtualClock clock;
  Loop loop{clock};
  Pace pace{{100, 5s}, loop};
};

TEST_F(PaceTest, LeavesTimeoutsAloneWithoutARate) {
  Pace none({}, loop);
  EXPECT_EQ(none.begin_wait(30s, 0), 30s);
  EXPECT_EQ(none.begin_wait(0s, 0), 0s);
}

TEST_F(PaceTest, ShortensWaitsToWhatTheRateAllows) {
  EXPECT_EQ(wait(1s, 7), 5s);  // the first wait: what moved before does not count
  EXPECT_EQ(wait(1s, 107), 4s);
  EXPECT_EQ(wait(1s, 1007), 8s);  // 1000 bytes may take 10 s
  EXPECT_EQ(wait(1s, 100'007), 30s);
  EXPECT_EQ(wait(1s, 100'007, 0s), 996s);
}

TEST_F(PaceTest, TellsWhoIsTooSlow) {
  EXPECT_EQ(wait(4s, 0), 5s);
  EXPECT_EQ(wait(1s, 1), 1s);
  EXPECT_EQ(wait(1s, 2), std::nullopt);
}

TEST_F(PaceTest, CountsOnlyTheTimeOfWaits) {
  EXPECT_EQ(wait(1s, 0), 5s);
  clock.advance(100s);
  loop.run_once(base::Duration::zero());
  EXPECT_EQ(wait(1s, 0), 4s);
}

TEST_F(PaceTest, LetsNoWaitLastPastTheDeadline) {
  Pace whole({}, loop);
  EXPECT_FALSE(whole.any());
  whole.end_by(loop.now() + 10s);

  EXPECT_TRUE(whole.any());
  EXPECT_EQ(whole.begin_wait(30s, 0), 10s);
  EXPECT_EQ(whole.begin_wait(0s, 0), 10s);
  EXPECT_EQ(whole.begin_wait(1s, 0), 1s);
  clock.advance(10s);
  loop.run_once(base::Duration::zero());
  EXPECT_EQ(whole.begin_wait(1s, 1'000'000), std::nullopt);
}

TEST_F(PaceTest, KeepsRateAndDeadlineTogether) {
  pace.end_by(loop.now() + 4s);

  EXPECT_EQ(wait(1s, 0), 4s);
  pace.end_by(loop.now() + 60s);
  EXPECT_EQ(wait(1s, 0), 4s);  // of the grace
}

}  // namespace
}  // namespace sluice::net::pace_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/health.h"

#include <gtest/gtest.h>

#include <vector>

#include "gateway/upstream/random.h"

namespace sluice::upstream::health_test {
namespace {

using namespace std::chrono_literals;

class HealthTest : public testing::Test {
 protected:
  HealthTest() { health_.begin(); }
  // 'u' when the target became healthy, 'd' unhealthy, '.' when nothing changed.
  char take(bool passed, std::string cause = {}) {
    now_ += 1s;
    Finding finding{passed ? CheckResult::passed : CheckResult::failed, std::move(cause)};
    auto change = health_.take(finding, limits_, now_);
    if (!change) return '.';
    EXPECT_EQ(change->healthy, health_.healthy());
    return change->healthy ? 'u' : 'd';
  }
  // The same for a sequence of "+" and "-".
  std::string take_all(std::string_view findings) {
    std::string out;
    for (char c : findings) out += take(c == '+');
    return out;
  }

  Health health_;
  HealthLimits limits_{3, 2};
  base::WallTime now_{1000s};
};

TEST_F(HealthTest, BeginsHealthy) {
  EXPECT_TRUE(health_.healthy());
  EXPECT_EQ(health_.last(), nullptr);
  EXPECT_EQ(health_.cause(), "");
}

TEST_F(HealthTest, LetsTheFirstFindingOfANewTargetDecideAlone) { EXPECT_EQ(take_all("-"), "d"); }

TEST_F(HealthTest, ChangesAfterEnoughFindingsInARow) { EXPECT_EQ(take_all("+---++"), "...d.u"); }

TEST_F(HealthTest, BeginsToCountAgainWhenAFindingFits) {
  EXPECT_EQ(take_all("+--+--+---+-+-++"), ".........d.....u");
}

TEST_F(HealthTest, HasAProvedTargetFailSeveralTimesWhenItsChecksBegin) {
  Health proved;
  proved.end(now_);
  proved.begin();
  health_ = proved;

  EXPECT_EQ(take_all("---"), "..d");
}

TEST_F(HealthTest, IsHealthyWhenItIsNotCheckedAnyMore) {
  take_all("-");

  auto change = health_.end(now_ + 5s);

  EXPECT_TRUE(health_.healthy());
  ASSERT_TRUE(change);
  EXPECT_EQ(change->cause, "not checked any more");
  EXPECT_EQ(health_.since(), now_ + 5s);
}

TEST_F(HealthTest, HearsNothingWhileItIsNotChecked) {
  take_all("+");
  health_.end(now_);

  EXPECT_EQ(take_all("-----"), ".....");
  EXPECT_EQ(health_.last(), nullptr);
}

TEST_F(HealthTest, KeepsItsStateAndCountsWhenChecksBeginThatHaveBegun) {
  take_all("+--");

  health_.begin();

  EXPECT_EQ(take_all("-"), "d");
}

TEST_F(HealthTest, SaysSinceWhenAndWhy) {
  take(true);
  auto first = now_;
  EXPECT_EQ(health_.since(), first);
  take(false, "status 500"), take(false, "status 501");
  EXPECT_EQ(health_.since(), first);

  take(false, "status 502");

  EXPECT_EQ(health_.since(), now_);
  EXPECT_EQ(health_.cause(), "status 502");
  EXPECT_EQ(health_.last()->cause, "status 502");
}

// The rule once more in its plainest form: looks at all findings since the last change.
TEST_F(HealthTest, DoesWhatItsModelDoes) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    health_ = {};
    health_.begin();
    limits_ = {static_cast<std::uint32_t>(1 + random.below(4)),
               static_cast<std::uint32_t>(1 + random.below(4))};
    bool model = true, first = true;
    std::vector<bool> since_change;
    for (int i = 0; i < 100; ++i) {
      bool passed = random.below(2) == 1;
      since_change.push_back(passed);
      std::size_t in_a_row = 0;
      for (auto it = since_change.rbegin(); it != since_change.rend() && *it != model; ++it) ++in_a_row;
      if (in_a_row >= (first ? 1 : model ? limits_.unhealthy_after : limits_.healthy_after)) {
        model = !model;
        since_change.clear();
      }
      first = false;

      take(passed);

      ASSERT_EQ(health_.healthy(), model) << "seed " << seed << ", finding " << i;
    }
  }
}

}  // namespace
}  // namespace sluice::upstream::health_test

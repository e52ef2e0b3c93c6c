// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/peak_ewma.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "tests/unit/upstream/targets.h"

namespace sluice::upstream::peak_ewma_test {
namespace {

using namespace std::chrono_literals;

class PeakEwmaTest : public testing::Test {
 protected:
  // How often each is picked when requests end at once.
  std::vector<int> picks(const Targets& targets, int n) {
    std::vector<int> counts(targets.all.size());
    for (int i = 0; i < n; ++i) ++counts.at(pick(targets).index);
    return counts;
  }
  const Candidate& pick(const Targets& targets) {
    return balancer_.pick(targets.candidates, {.hash = {}, .wanted = nullptr, .now = now_});
  }

  base::SteadyTime now_{1000h};
  PeakEwma balancer_{Random(1)};
};

TEST_F(PeakEwmaTest, TakesTheQuickerOfTwo) {
  Targets targets({1, 1});
  targets.all[0]->latency().observe(20ms, now_);
  targets.all[1]->latency().observe(10ms, now_);

  EXPECT_EQ(picks(targets, 100), (std::vector{0, 100}));
}

TEST_F(PeakEwmaTest, MeasuresTimeAgainstRequestsInFlightAndWeight) {
  Targets targets({1, 1});
  targets.all[0]->latency().observe(25ms, now_);
  targets.all[1]->latency().observe(10ms, now_);
  std::deque<ActiveRequest> busy;
  busy.emplace_back(*targets.all[1]);
  EXPECT_EQ(picks(targets, 100), (std::vector{0, 100})) << "10 ms after 10 ms is still sooner";

  busy.emplace_back(*targets.all[1]);
  EXPECT_EQ(picks(targets, 100), (std::vector{100, 0}));

  Targets weighted({4, 1});  // one in flight weighs as much as 5/8 and 5/2 at even weights
  for (const auto& t : weighted.all) t->latency().observe(10ms, now_);
  std::deque<ActiveRequest> one_each;
  for (const auto& t : weighted.all) one_each.emplace_back(*t);
  EXPECT_EQ(picks(weighted, 100), (std::vector{100, 0}));
}

TEST_F(PeakEwmaTest, GoesByWeightAmongTargetsThatAreAlike) {
  Targets targets({3, 1});
  for (const auto& t : targets.all) t->latency().observe(10ms, now_);

  EXPECT_NEAR(picks(targets, 10'000)[0], 7'500, 300);
}

TEST_F(PeakEwmaTest, ProbesANewTargetWithOneRequestAtATime) {
  Targets targets({1, 1});
  targets.all[0]->latency().observe(10ms, now_);

  EXPECT_EQ(pick(targets).index, 1u);
  ActiveRequest probe(*targets.all[1]);
  EXPECT_EQ(picks(targets, 100), (std::vector{100, 0})) << "nothing is known yet";

  targets.all[1]->latency().observe(1ms, now_);
  EXPECT_EQ(picks(targets, 100), (std::vector{0, 100}));
}

TEST_F(PeakEwmaTest, SpreadsOverTargetsOfWhichNothingIsKnown) {
  Targets targets({1, 1, 1, 1});
  std::deque<ActiveRequest> busy;

  for (int i = 0; i < 400; ++i) busy.emplace_back(*pick(targets).target);

  for (const auto& t : targets.all) EXPECT_NEAR(t->active(), 100, 10);
}

TEST_F(PeakEwmaTest, GivesATargetThatWasSlowAnotherChance) {
  Targets targets({1, 1});
  targets.all[0]->latency().observe(1s, now_);
  int picks_until = 0;

  for (; picks_until < 1000; ++picks_until, now_ += 1s) {
    targets.all[1]->latency().observe(10ms, now_);
    if (pick(targets).index == 0) break;
  }

  EXPECT_NEAR(picks_until, 46, 2) << "10 s times ln(100)";
}

// Ten targets, one ten times slower, and few requests at a time.
TEST_F(PeakEwmaTest, LeavesTheSlowOneAloneButForATryNowAndThen) {
  Targets targets(std::vector<std::uint32_t>(10, 1));
  struct Running {
    std::unique_ptr<ActiveRequest> active;
    std::size_t index;
    base::SteadyTime began, ends;
  };
  std::deque<Running> running;
  std::vector<int> counts(10);
  for (int tick = 0; tick < 20'000; ++tick, now_ += 1ms) {
    for (auto it = running.begin(); it != running.end();) {
      if (it->ends > now_) {
        ++it;
        continue;
      }
      targets.all[it->index]->latency().observe(now_ - it->began, now_);
      it = running.erase(it);
    }
    const Candidate& c = pick(targets);
    ++counts[c.index];
    auto took = c.index == 0 ? 100ms : 10ms;
    running.push_back({std::make_unique<ActiveRequest>(*c.target), c.index, now_, now_ + took});
  }

  EXPECT_GE(counts[0], 2);
  EXPECT_LT(counts[0], 100) << "an even share would be 2000";
  for (std::size_t i = 1; i < 10; ++i) EXPECT_NEAR(counts[i], 2200, 500);
}

}  // namespace
}  // namespace sluice::upstream::peak_ewma_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/latency.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>
#include <vector>

namespace sluice::upstream::latency_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;

class LatencyTest : public testing::Test {
 protected:
  base::SteadyTime now_{1000h};
  Latency latency_;
};

TEST_F(LatencyTest, KnowsNothingAtFirst) { EXPECT_LT(latency_.at(now_), 0); }

TEST_F(LatencyTest, TakesTheFirstSampleAsItIs) {
  latency_.observe(20ms, now_);

  EXPECT_FLOAT_EQ(latency_.at(now_), 20'000);
}

TEST_F(LatencyTest, RisesAtOnceAndFallsSlowly) {
  latency_.observe(10ms, now_);
  latency_.observe(80ms, now_);
  EXPECT_FLOAT_EQ(latency_.at(now_), 80'000);

  now_ += Latency::kDecay;
  latency_.observe(10ms, now_);

  EXPECT_NEAR(latency_.at(now_), 80'000 / M_E + 10'000 * (1 - 1 / M_E), 10);
}

TEST_F(LatencyTest, ForgetsWhatIsLongAgo) {
  latency_.observe(100ms, now_);

  EXPECT_NEAR(latency_.at(now_ + 10s), 100'000 / M_E, 10);
  EXPECT_LT(latency_.at(now_ + 100s), 10);
  EXPECT_GE(latency_.at(now_ + 1h), 0) << "but not that there was something";
}

TEST_F(LatencyTest, BearsAClockThatIsALittleBehind) {
  latency_.observe(10ms, now_);

  EXPECT_FLOAT_EQ(latency_.at(now_ - 5ms), 10'000);
}

TEST_F(LatencyTest, KeepsTimeWhenItsClockBeginsAnew) {
  base::SteadyTime late{std::chrono::milliseconds((std::uint64_t{1} << 32) - 1000)};
  latency_.observe(10ms, late);

  EXPECT_NEAR(latency_.at(late + 10s), 10'000 / M_E, 5);
}

TEST_F(LatencyTest, TakesAFailureForASlowAnswer) {
  learn_latency(latency_, 0, Reason::upstream_connect_failed, 1ms, now_);

  EXPECT_FLOAT_EQ(latency_.at(now_), 1e6);
  learn_latency(latency_, 0, Reason::timeout_first_byte, 3s, now_);
  EXPECT_FLOAT_EQ(latency_.at(now_), 3e6);
}

TEST_F(LatencyTest, IsNotFlatteredByAQuick503) {
  learn_latency(latency_, 503, Reason::none, 1ms, now_);

  EXPECT_FLOAT_EQ(latency_.at(now_), 1e6);
}

TEST_F(LatencyTest, BlamesTheTargetForNothingElse) {
  learn_latency(latency_, 0, Reason::stale_connection, 1ms, now_);
  learn_latency(latency_, 0, Reason::overload, 1ms, now_);

  EXPECT_LT(latency_.at(now_), 0);
}

TEST_F(LatencyTest, LearnsFromAClientThatLeftOnlyThatItWasSlow) {
  learn_latency(latency_, 0, Reason::client_closed, 1ms, now_);
  EXPECT_LT(latency_.at(now_), 0);
  learn_latency(latency_, 200, Reason::none, 50ms, now_);

  learn_latency(latency_, 0, Reason::client_closed, 1ms, now_);
  EXPECT_FLOAT_EQ(latency_.at(now_), 50'000);
  learn_latency(latency_, 0, Reason::client_closed, 2s, now_);
  EXPECT_FLOAT_EQ(latency_.at(now_), 2e6);
}

TEST_F(LatencyTest, MayBeToldByManyAtOnce) {
  std::vector<std::thread> workers;
  for (int w = 1; w <= 4; ++w)
    workers.emplace_back([&, w] {
      for (int i = 0; i < 10'000; ++i) latency_.observe(w * 1ms, now_ + i * 1ms);
    });
  for (auto& w : workers) w.join();

  EXPECT_GE(latency_.at(now_ + 10s), 1000 - 1);
  EXPECT_LE(latency_.at(now_ + 10s), 4000 + 1);
}

}  // namespace
}  // namespace sluice::upstream::latency_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/circuit.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::upstream::circuit_test {
namespace {

using namespace std::chrono_literals;
using State = Circuit::State;

class CircuitTest : public testing::Test {
 protected:
  // What it lets try stays unjudged until trials_ let go of it.
  bool admits() {
    bool changed = false;
    Circuit::Trial trial;
    bool admitted = circuit_.admit(config_, clock_.steady(), trial, changed);
    trials_.push_back(std::move(trial));
    return admitted;
  }
  int admitted(int of) {
    int n = 0;
    for (int i = 0; i < of; ++i) n += admits();
    return n;
  }
  bool succeeds() { return circuit_.succeeded(config_, clock_.steady(), clock_.steady()); }
  bool fails() { return circuit_.failed(config_, clock_.steady(), clock_.steady()); }
  void open() {
    for (int i = 0; i < 20; ++i) fails();
    ASSERT_EQ(circuit_.state(), State::open);
  }

  base::VirtualClock clock_;
  CircuitConfig config_;  // 50 % of at least 20 in 10 s, open 5 s, probes 10 %
  Circuit circuit_;
  std::vector<Circuit::Trial> trials_;
};

TEST_F(CircuitTest, LetsAllPassWhileFewFail) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(admits());
    if (i % 3 == 0) {
      EXPECT_FALSE(fails());
    } else {
      EXPECT_FALSE(succeeds());
    }
  }
  EXPECT_EQ(circuit_.state(), State::closed);
}

TEST_F(CircuitTest, OpensWhenHalfOfTwentyFail) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(fails());
    if (i < 9) {
      EXPECT_FALSE(succeeds());
    }
  }
  EXPECT_EQ(circuit_.state(), State::closed) << "19 are too few";

  EXPECT_TRUE(fails());

  EXPECT_EQ(circuit_.state(), State::open);
  EXPECT_FALSE(admits());
}

TEST_F(CircuitTest, IsOpenForItsTime) {
  open();
  EXPECT_EQ(circuit_.left(config_, clock_.steady()) + 100ns > 5s, true);
  clock_.advance(4s);
  EXPECT_FALSE(admits());
  EXPECT_LE(circuit_.left(config_, clock_.steady()), 1s);

  clock_.advance(1s);

  EXPECT_TRUE(admits());
  EXPECT_EQ(circuit_.state(), State::trying);
  EXPECT_EQ(circuit_.left(config_, clock_.steady()), 0s);
}

TEST_F(CircuitTest, LetsATenthTryAtFirst) {
  open();
  clock_.advance(5s);

  EXPECT_EQ(admitted(100), 10);
}

TEST_F(CircuitTest, OpensAgainWhenTheFirstToTryFails) {
  open();
  clock_.advance(5s);
  EXPECT_TRUE(admits());

  EXPECT_TRUE(fails());

  EXPECT_EQ(circuit_.state(), State::open);
  EXPECT_FALSE(admits());
}

TEST_F(CircuitTest, LetsTheNextOneTryInPlaceOfOneThatSaidNothing) {
  open();
  clock_.advance(5s);
  EXPECT_TRUE(admits());
  EXPECT_FALSE(admits());

  trials_.clear();

  EXPECT_TRUE(admits());
  EXPECT_FALSE(admits());
}

TEST_F(CircuitTest, LetsNobodyTryInPlaceOfOneThatWasJudged) {
  open();
  clock_.advance(5s);
  EXPECT_TRUE(admits());

  trials_.front().judged();
  trials_.clear();

  EXPECT_FALSE(admits());
}

TEST_F(CircuitTest, LetsOneTryInPlaceOfOneThatWasMovedAndReplaced) {
  open();
  clock_.advance(5s);
  EXPECT_TRUE(admits());
  Circuit::Trial moved(std::move(trials_.front()));
  trials_.clear();
  EXPECT_FALSE(admits());

  moved = {};

  EXPECT_TRUE(admits());
}

// A worker goes by the time at which its round began.
TEST_F(CircuitTest, LetsOneTryInPlaceOfOneWhoseRoundBeganBeforeOthersTried) {
  open();
  clock_.advance(5s);
  auto round = clock_.steady();
  clock_.advance(1ms);
  EXPECT_TRUE(admits());
  trials_.front() = {};
  Circuit::Trial trial;
  bool changed = false;
  EXPECT_TRUE(circuit_.admit(config_, round, trial, changed));
  EXPECT_FALSE(admits());

  trial = {};

  EXPECT_TRUE(admits());
}

TEST_F(CircuitTest, LetsNobodyTryInPlaceOfAttemptsOfBefore) {
  open();
  clock_.advance(5s);
  EXPECT_TRUE(admits());
  EXPECT_TRUE(fails());
  clock_.advance(5s);
  EXPECT_TRUE(admits());

  trials_.front() = {};

  EXPECT_FALSE(admits());
}

TEST_F(CircuitTest, LetsMorePassOnceOneSucceeded) {
  open();
  clock_.advance(5s);
  EXPECT_TRUE(admits());
  EXPECT_TRUE(succeeds());
  EXPECT_EQ(circuit_.state(), State::ramping);

  EXPECT_NEAR(admitted(100), 10, 1);
  clock_.advance(2500ms);
  EXPECT_NEAR(admitted(100), 55, 1);
  clock_.advance(2500ms);
  EXPECT_EQ(admitted(100), 100);
  EXPECT_EQ(circuit_.state(), State::closed);
}

TEST_F(CircuitTest, OpensAgainWhenTooManyFailMeanwhile) {
  open();
  clock_.advance(5s);
  admits();
  succeeds();
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(succeeds());
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(fails()) << i;

  EXPECT_TRUE(fails());

  EXPECT_EQ(circuit_.state(), State::open);
}

TEST_F(CircuitTest, DoesNotListenToAttemptsOfBefore) {
  auto before = clock_.steady();
  open();
  clock_.advance(5s);
  EXPECT_TRUE(admits());

  EXPECT_FALSE(circuit_.failed(config_, before, clock_.steady()));
  EXPECT_FALSE(circuit_.succeeded(config_, before, clock_.steady()));

  EXPECT_EQ(circuit_.state(), State::trying);
}

TEST_F(CircuitTest, ForgetsFailuresOfBeforeOnceItIsClosed) {
  open();
  clock_.advance(5s);
  admits();
  succeeds();
  clock_.advance(5s);
  EXPECT_TRUE(admits());

  for (int i = 0; i < 19; ++i) EXPECT_FALSE(fails()) << i;
  EXPECT_TRUE(fails());
}

TEST_F(CircuitTest, ChangesOnceHoweverManyAskAtOnce) {
  std::vector<std::thread> workers;
  std::atomic<int> opened = 0;
  for (int w = 0; w < 4; ++w)
    workers.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) opened += fails();
    });
  for (auto& w : workers) w.join();

  EXPECT_EQ(opened, 1);
  EXPECT_EQ(circuit_.state(), State::open);
}

}  // namespace
}  // namespace sluice::upstream::circuit_test

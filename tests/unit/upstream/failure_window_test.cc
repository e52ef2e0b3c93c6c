// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/failure_window.h"

#include <gtest/gtest.h>

namespace sluice::upstream::failure_window_test {
namespace {

using namespace std::chrono_literals;

class FailureWindowTest : public testing::Test {
 protected:
  // So many requests that succeed, then one that fails.
  bool fails(std::uint32_t after_successes = 0) {
    ended_ += after_successes + 1;
    return window_.failed(rule_, ended_, clock_.steady());
  }
  base::VirtualClock clock_;
  FailureWindow::Rule rule_{10s, 20, 50};
  FailureWindow window_;
  std::uint32_t ended_ = 0;
};

TEST_F(FailureWindowTest, SaysNothingOfFewRequests) {
  for (int i = 0; i < 19; ++i) EXPECT_FALSE(fails()) << i;
  EXPECT_TRUE(fails());
}

TEST_F(FailureWindowTest, GoesByTheShare) {
  for (int i = 0; i < 30; ++i) EXPECT_FALSE(fails(2)) << i;
}

TEST_F(FailureWindowTest, CountsWhatEndedSinceTheWindowBegan) {
  ended_ = 1000;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(fails()) << i;
  EXPECT_TRUE(fails(9)) << "11 of 20";
}

TEST_F(FailureWindowTest, BeginsAnewAfterItsTime) {
  for (int i = 0; i < 19; ++i) EXPECT_FALSE(fails());
  clock_.advance(10s);
  for (int i = 0; i < 19; ++i) EXPECT_FALSE(fails()) << i;
  EXPECT_TRUE(fails());
}

TEST_F(FailureWindowTest, BeginsAnewWhenToldTo) {
  for (int i = 0; i < 19; ++i) EXPECT_FALSE(fails());
  window_.clear();
  EXPECT_FALSE(fails());
}

TEST_F(FailureWindowTest, IsNotConfusedWhenTheCountWraps) {
  ended_ = ~std::uint32_t{0} - 5;
  for (int i = 0; i < 19; ++i) EXPECT_FALSE(fails()) << i;
  EXPECT_TRUE(fails());
}

}  // namespace
}  // namespace sluice::upstream::failure_window_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/ejection.h"

#include <gtest/gtest.h>

namespace sluice::upstream::ejection_test {
namespace {

using namespace std::chrono_literals;

class EjectionTest : public testing::Test {
 protected:
  base::Duration begin() {
    auto length = ejection_.begin(config_, "5 failures in a row", clock_.steady());
    clock_.advance(length);
    ejection_.end(clock_.steady());
    return length;
  }
  base::VirtualClock clock_;
  OutlierConfig config_;  // 30 s, at most 300 s
  Ejection ejection_;
};

TEST_F(EjectionTest, KeepsATargetOutForItsTime) {
  ejection_.begin(config_, "5 failures in a row", clock_.steady());

  EXPECT_TRUE(ejection_.out());
  EXPECT_EQ(ejection_.until(), clock_.steady() + 30s);
  EXPECT_EQ(ejection_.cause(), "5 failures in a row");
  EXPECT_EQ(ejection_.times(), 1u);
  ejection_.end(clock_.steady());
  EXPECT_FALSE(ejection_.out());
}

TEST_F(EjectionTest, LastsLongerEachTime) {
  EXPECT_EQ(begin(), 30s);
  EXPECT_EQ(begin(), 60s);
  EXPECT_EQ(begin(), 90s);
}

TEST_F(EjectionTest, LastsNotLongerThanTheLongest) {
  config_.max_ejection = 45s;
  EXPECT_EQ(begin(), 30s);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(begin(), 45s);
}

TEST_F(EjectionTest, ForgivesWithTime) {
  for (int i = 0; i < 3; ++i) begin();

  clock_.advance(30s);
  EXPECT_EQ(begin(), 90s) << "two are left of three";
  clock_.advance(1h);
  EXPECT_EQ(begin(), 30s);
}

TEST_F(EjectionTest, ForgivesQuicklyHoweverOftenItWas) {
  for (int i = 0; i < 100; ++i) begin();

  clock_.advance(300s);

  EXPECT_EQ(begin(), 30s);
}

}  // namespace
}  // namespace sluice::upstream::ejection_test

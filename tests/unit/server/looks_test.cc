// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/looks.h"

#include <gtest/gtest.h>

namespace sluice::server::looks_test {
namespace {

using namespace std::chrono_literals;

TEST(Looks, GoesOnOnceItHasBegun) {
  boost::asio::io_context control;
  int looks = 0;
  Looks watch(control, [&] { ++looks; }, 0ms);

  watch.begin();
  control.run_one();
  control.run_one();

  EXPECT_EQ(looks, 2);
}

TEST(Looks, DoesNotBeginAnewInBetween) {
  boost::asio::io_context control;
  int looks = 0;
  Looks watch(control, [&] { ++looks; }, 0ms);
  watch.begin();
  watch.begin();

  control.run_one();

  EXPECT_EQ(looks, 1);
}

}  // namespace
}  // namespace sluice::server::looks_test

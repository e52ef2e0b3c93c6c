// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/later.h"

#include <gmock/gmock.h>

namespace sluice::server::later_test {
namespace {

using namespace std::chrono_literals;

TEST(Later, CallsOnce) {
  boost::asio::io_context control;
  int calls = 0;
  auto hold = later(control, 0s, [&] { ++calls; });
  EXPECT_EQ(calls, 0);

  control.run();

  EXPECT_EQ(calls, 1);
}

TEST(Later, CallsNothingThatWasLetGoWhileItWaitedForItsTurn) {
  boost::asio::io_context control;
  std::shared_ptr<void> holds[2];
  int calls = 0;
  for (auto& hold : holds) hold = later(control, 0s, [&] { ++calls, holds[0].reset(), holds[1].reset(); });

  control.run();  // both are due at once

  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace sluice::server::later_test

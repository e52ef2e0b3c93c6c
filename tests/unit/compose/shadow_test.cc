// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/shadow.h"

#include <gtest/gtest.h>

namespace sluice::compose::shadow_test {
namespace {

TEST(Shadow, MakesNoMoreThanAllowedAtATimeAndNoneWhileMemoryIsShort) {
  observe::SeriesStore series{observe::MetricsOptions{}};
  auto metrics = std::make_shared<CallMetrics>(series, "page", "copy");
  Shadow shadow(nullptr, metrics);

  EXPECT_FALSE(shadow.enter(0, true));
  for (std::uint32_t i = 0; i < Shadow::kMost; ++i) EXPECT_TRUE(shadow.enter(0, false));
  EXPECT_FALSE(shadow.enter(0, false));
  shadow.ended(0, chain::Mirrored::answered);
  EXPECT_TRUE(shadow.enter(0, false));
}

}  // namespace
}  // namespace sluice::compose::shadow_test

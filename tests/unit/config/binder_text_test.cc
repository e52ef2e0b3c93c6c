// SPDX-License-Identifier: Apache-2.0
// What values should look like, in words.
#include <gtest/gtest.h>

#include "gateway/config/binder.h"

#include "tests/unit/config/sample.h"

namespace sluice::config::binder_text_test {
namespace {

TEST(Expectation, IsAPhraseThatFollowsExpected) {
  EXPECT_EQ(expectation(shape_of<Duration>()), "a duration such as 250ms");
  EXPECT_EQ(expectation(shape_of<sample::Balance>()), "one of round_robin, power_of_two");
  EXPECT_EQ(expectation(shape_of<std::vector<int>>()), "a list");
  EXPECT_EQ(expectation(shape_of<ByName<int>>()), "a mapping from names");
  EXPECT_EQ(expectation(shape_of<Json>()), "any value");
  EXPECT_EQ(expectation(shape_of<std::optional<sample::Timeouts>>()), "a mapping (timeouts)");
  EXPECT_EQ(expectation(shape_of<sample::Health>()), "a text or a mapping (health)");
  EXPECT_EQ(expectation(shape_of<sample::Retry>()), "`none`, `safe` or a mapping (retry)");
}

TEST(HideSecrets, CoversEveryKeyThatTheDescriptionCallsSecret) {
  Diagnostics diagnostics;
  diagnostics.sources().add("a", "pin: 1\npassword: 2\nname: 3\n");
  hide_secrets<sample::Root>(diagnostics);

  EXPECT_EQ(diagnostics.sources().excerpt({1, 1, 1}).line, "pin: ***");
  EXPECT_EQ(diagnostics.sources().excerpt({1, 2, 1}).line, "password: ***");
  EXPECT_EQ(diagnostics.sources().excerpt({1, 3, 1}).line, "name: 3");
}

}  // namespace
}  // namespace sluice::config::binder_text_test

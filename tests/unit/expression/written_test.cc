// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/written.h"

#include <gtest/gtest.h>

namespace sluice::expression::written_test {
namespace {

TEST(Complaint, TellsWhereTheFaultIs) {
  auto said = complaint({4, "`x` is unknown", "a hint"});

  EXPECT_EQ(said.message, "`x` is unknown (at character 5)");
  EXPECT_EQ(said.hint, "a hint");
}

}  // namespace
}  // namespace sluice::expression::written_test

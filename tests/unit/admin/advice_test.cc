// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/advice.h"

#include <gtest/gtest.h>

namespace sluice::admin::advice_test {
namespace {

TEST(Advice, IsThereForEveryReason) {
  for (const auto& row : base::reason_rows()) {
    EXPECT_EQ(advice(row.reason).reason, row.name);
    EXPECT_FALSE(advice(row.reason).text.empty()) << row.name << ": add a line to gateway/admin/advice.def";
  }
}

TEST(Advice, HasNothingToSayWhereNothingFailed) { EXPECT_TRUE(advice(base::Reason::none).text.empty()); }

}  // namespace
}  // namespace sluice::admin::advice_test

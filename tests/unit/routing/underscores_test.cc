// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/underscores.h"

#include <gtest/gtest.h>

namespace sluice::routing::underscores_test {
namespace {

struct UnderscoresTest : testing::Test {
  base::Arena arena;
  http::Fields fields{arena};
};

TEST_F(UnderscoresTest, AreLeftOutWithTheirFields) {
  fields.add("X-User", "a");
  fields.add("X_User", "b");
  fields.add("_", "c");
  fields.beware_of_lookalikes();
  EXPECT_TRUE(has_underscores(fields));

  drop_underscores(fields);

  EXPECT_FALSE(has_underscores(fields));
  EXPECT_TRUE(fields.find("X-User"));
  EXPECT_FALSE(fields.find("X_User"));
  EXPECT_FALSE(fields.find("_"));
}

TEST_F(UnderscoresTest, AreNotLookedForWhereNobodySawAny) {
  fields.add("X-User", "a");
  EXPECT_FALSE(has_underscores(fields));
  drop_underscores(fields);
  EXPECT_TRUE(fields.find("X-User"));
}

}  // namespace
}  // namespace sluice::routing::underscores_test

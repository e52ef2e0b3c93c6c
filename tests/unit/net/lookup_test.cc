// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/lookup.h"

#include <gtest/gtest.h>

namespace sluice::net::lookup_test {
namespace {

TEST(Answer, TellsAFailureFromTheKnowledgeThatThereIsNothing) {
  EXPECT_TRUE(Answer{}.good());

  auto failed = failed_answer("timeout");
  EXPECT_FALSE(failed.good());
  EXPECT_FALSE(failed.none);
  EXPECT_EQ(failed.addresses.error().reason, base::Reason::upstream_resolve_failed);
  EXPECT_EQ(failed.addresses.error().detail, "timeout");

  EXPECT_FALSE(no_answer("no such name").good());
  EXPECT_TRUE(no_answer("no such name").none);
}

}  // namespace
}  // namespace sluice::net::lookup_test

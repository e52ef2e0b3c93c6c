// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/targets_page.h"

#include <gtest/gtest.h>

namespace sluice::admin::targets_page_test {
namespace {

TEST(TargetsPage, IsFoundByTheNameOfItsUpstream) {
  EXPECT_EQ(upstream_of_targets("/upstreams/orders/targets"), "orders");
  EXPECT_EQ(upstream_of_targets("/upstreams/the%20orders/targets"), "the orders");
  for (const char* other : {"/upstreams", "/upstreams//targets", "/upstreams/targets",
                            "/upstreams/a/b/targets", "/upstreams/a/targets/", "/upstreams/a"})
    EXPECT_EQ(upstream_of_targets(other), std::nullopt) << other;
}

TEST(TargetsPage, PersistsWhenItIsAskedTo) {
  EXPECT_EQ(persist_asked(""), false);
  EXPECT_EQ(persist_asked("?"), false);
  EXPECT_EQ(persist_asked("?persist=false"), false);
  EXPECT_EQ(persist_asked("?persist=true"), true);
  for (const char* other : {"?persist", "?persist=1", "?persist=", "?perist=true", "?persist=true&x=1"})
    EXPECT_EQ(persist_asked(other), std::nullopt) << other;
}

}  // namespace
}  // namespace sluice::admin::targets_page_test

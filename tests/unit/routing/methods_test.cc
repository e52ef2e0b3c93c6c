// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/methods.h"

#include <gtest/gtest.h>

namespace sluice::routing::methods_test {
namespace {

using http::Method;

TEST(Methods, HaveABitEach) {
  MethodNames names;

  EXPECT_EQ(names.add("GET"), bit(Method::get));
  EXPECT_EQ(names.find(Method::get, "GET"), bit(Method::get));
  EXPECT_NE(bit(Method::get), bit(Method::post));
}

TEST(Methods, GiveExtensionsABitOfTheirOwn) {
  MethodNames names;
  auto purge = names.add("PURGE");
  auto brew = names.add("BREW");

  ASSERT_TRUE(purge && brew);
  EXPECT_NE(*purge, *brew);
  EXPECT_EQ(names.add("PURGE"), purge);
  EXPECT_EQ(names.find(Method::other, "PURGE"), *purge);
}

TEST(Methods, KnowNoOtherExtension) {
  MethodNames names;
  names.add("PURGE");

  EXPECT_EQ(names.find(Method::other, "BREW"), 0u);
  EXPECT_EQ(names.find(Method::other, "purge"), 0u);
}

TEST(Methods, RefuseMoreExtensionsThanThereAreBits) {
  MethodNames names;
  for (std::size_t i = 0; i < MethodNames::kMaxExtensions; ++i)
    ASSERT_TRUE(names.add("X" + std::to_string(i))) << i;

  EXPECT_FALSE(names.add("ONE-MORE"));
  EXPECT_TRUE(names.add("GET"));
  EXPECT_TRUE(names.add("X0"));
}

TEST(Methods, AreListedInAFixedOrder) {
  MethodNames names;
  auto set = *names.add("PURGE") | *names.add("POST") | *names.add("GET");

  EXPECT_EQ(names.text(set), "GET, POST, PURGE");
  EXPECT_EQ(names.text(0), "");
}

TEST(Methods, AllowHeadWithGetAndAlwaysOptions) {
  MethodNames names;

  EXPECT_EQ(names.text(MethodNames::allowed(bit(Method::get))), "GET, HEAD, OPTIONS");
  EXPECT_EQ(names.text(MethodNames::allowed(bit(Method::post))), "POST, OPTIONS");
}

}  // namespace
}  // namespace sluice::routing::methods_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/key_hash.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace sluice::base::key_hash_test {
namespace {

// The values are those of another implementation: hash() of Python 3.11 with PYTHONHASHSEED=0.
TEST(KeyHash, IsSipHash13) {
  KeyHash hash(0, 0);
  EXPECT_EQ(hash("a"), 0x407448d2b89b1813u);
  EXPECT_EQ(hash("12345678"), 0x3489982430560a87u);
  EXPECT_EQ(hash("the quick brown fox jumps"), 0x00c98b97e4f70042u);
}

TEST(KeyHash, TellsCountersApart) {
  KeyHash hash(1, 2);
  EXPECT_NE(hash("a", 1), hash("a", 2));
  EXPECT_NE(hash("a"), hash("a", 1));
  EXPECT_NE(hash("a"), hash(std::string_view("a\0", 2)));
}

TEST(KeyHash, HasASecretOfItsOwn) { EXPECT_NE(KeyHash()("a"), KeyHash()("a")); }

TEST(TextHash, IsOneSecretForTheProcess) {
  EXPECT_EQ(TextHash()("a"), TextHash()(std::string("a")));
  EXPECT_EQ(TextHash()(""), TextHash()(std::string_view()));
  EXPECT_NE(TextHash()("a"), TextHash()("b"));
  EXPECT_NE(TextHash()("a"), KeyHash(0, 0)("a"));
  EXPECT_NE(TextHash()("a"), std::hash<std::string_view>()("a"));
}

}  // namespace
}  // namespace sluice::base::key_hash_test

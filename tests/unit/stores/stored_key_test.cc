// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/stored_key.h"

#include <gtest/gtest.h>

namespace sluice::stores::stored_key_test {
namespace {

TEST(StoredKey, IsTheKeyIfAnybodyMayReadIt) { EXPECT_EQ(stored_key("ip=192.0.2.7", false), "ip=192.0.2.7"); }

TEST(StoredKey, IsADigestOfWhatIsConfidentialOrLong) {
  // printf '%s' a | sha256sum
  EXPECT_EQ(stored_key("a", true), "ca978112ca1bbdcafac231b39a23dc4d");
  EXPECT_EQ(stored_key(std::string(129, 'a'), false).size(), 32u);
  EXPECT_EQ(stored_key(std::string(128, 'a'), false).size(), 128u);
}

}  // namespace
}  // namespace sluice::stores::stored_key_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/digest.h"

#include <gtest/gtest.h>

#include "gateway/base/hex.h"

namespace sluice::jose::digest_test {
namespace {

// FIPS 180-4 and RFC 4231.
TEST(Digests, AreThoseOfTheStandards) {
  EXPECT_EQ(base::to_hex(view(sha256("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(base::to_hex(view(sha256(""))),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(base::to_hex(view(keyed_digest("Jefe", "what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(base::to_hex(view(keyed_digest(std::string(131, '\xaa'),
                                           "Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digests, AreReadFromHexadecimalOfEitherCase) {
  std::string hex = base::to_hex(view(sha256("abc")));
  std::string upper = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";

  EXPECT_EQ(digest_from_hex(hex), sha256("abc"));
  EXPECT_EQ(digest_from_hex(upper), sha256("abc"));
  EXPECT_FALSE(digest_from_hex(hex.substr(1)));
  EXPECT_FALSE(digest_from_hex("g" + hex.substr(1)));
  EXPECT_FALSE(digest_from_hex(""));
}

TEST(Digests, AreComparedAsAWhole) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace sluice::jose::digest_test

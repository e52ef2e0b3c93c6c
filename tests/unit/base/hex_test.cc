// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/hex.h"

#include <gtest/gtest.h>

namespace sluice::base::hex_test {
namespace {

TEST(Hex, HasTwoDigitsForEachByte) {
  EXPECT_EQ(to_hex(""), "");
  EXPECT_EQ(to_hex(std::string_view("\0\x0f\xa0\xff", 4)), "000fa0ff");
}

TEST(Hex, IsUpperCaseBehindAPercentSign) {
  char out[3];
  EXPECT_EQ(write_percent_encoded(out, 0xaf), out + 3);
  EXPECT_EQ(std::string_view(out, 3), "%AF");
}

TEST(Hex, HasAValueForDigitsOfEitherCaseAlone) {
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(hex_value(kHexDigits[i]), i);
    EXPECT_EQ(hex_value(kUpperHexDigits[i]), i);
  }
  for (char c : {'g', 'G', '@', '`', '/', ':', '\0', '\x10', '\xff'}) EXPECT_EQ(hex_value(c), -1);
}

}  // namespace
}  // namespace sluice::base::hex_test

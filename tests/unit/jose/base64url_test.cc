// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/base64url.h"

#include <gtest/gtest.h>

namespace sluice::jose {
namespace {

TEST(Base64url, ReadsWhatItWrites) {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(decode_base64url(encode_base64url(all)), all);
    all += static_cast<char>(i);
  }
}

TEST(Base64url, KnowsTheVectorsOfTheRfc) {
  EXPECT_EQ(encode_base64url(""), "");
  EXPECT_EQ(encode_base64url("f"), "Zg");
  EXPECT_EQ(encode_base64url("fo"), "Zm8");
  EXPECT_EQ(encode_base64url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode_base64url("\xfb\xff"), "-_8");
}

TEST(Base64url, RefusesEverySecondSpelling) {
  for (std::string_view bad :
       {"Zg==", "Zg=", "Z", "Zh", "Zm9", "-_9", "+/8", "Zm 8", "Zm8\n", "Zm8.", "\xc3\xa4"})
    EXPECT_EQ(decode_base64url(bad), std::nullopt) << bad;
}

TEST(Base64, IsPaddedAndHasAnAlphabetOfItsOwn) {
  EXPECT_EQ(encode_base64("f"), "Zg==");
  EXPECT_EQ(encode_base64("fo"), "Zm8=");
  EXPECT_EQ(encode_base64("\xfb\xff\xfe"), "+//+");
  EXPECT_EQ(decode_base64("+//+"), "\xfb\xff\xfe");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  for (std::string_view bad : {"Zg", "Zg=", "Zg===", "Zh==", "====", "-_8=", "Z===", "Zm9v="})
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace sluice::jose

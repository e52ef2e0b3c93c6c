// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/base64.h"

#include <gtest/gtest.h>

namespace sluice::base::base64_test {
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

TEST(Base64url, RefusesAForeignLetterWhereverItStands) {
  const std::string good = encode_base64url("0123456789a");
  for (std::size_t n = 1; n <= good.size(); ++n) {
    for (std::size_t i = 0; i < n; ++i) {
      for (char foreign : {'+', '=', '.', '\0', '\x80', '\xff'}) {
        std::string text = good.substr(0, n);
        text[i] = foreign;
        EXPECT_EQ(decode_base64url(text), std::nullopt) << n << ' ' << i;
      }
    }
  }
}

TEST(Base64, IsPaddedAndHasAnAlphabetOfItsOwn) {
  EXPECT_EQ(encode_base64("f"), "Zg==");
  EXPECT_EQ(encode_base64("fo"), "Zm8=");
  EXPECT_EQ(encode_base64("\xfb\xff\xfe"), "+//+");
  EXPECT_EQ(decode_base64("+//+"), "\xfb\xff\xfe");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  for (std::string_view bad : {"Zg", "Zg=", "Zg===", "Zh==", "====", "-_8=", "Z===", "Zm9v="}) {
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
    char room[8];
    EXPECT_EQ(decode_base64(bad, room), std::nullopt) << bad;
  }
}

TEST(Base64, IsReadAndWrittenInPlace) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (std::size_t n = 0; n <= all.size(); ++n) {
    std::string bytes = all.substr(0, n), text(base64_size(n), ' '), back(text.size() / 4 * 3, ' ');

    EXPECT_EQ(write_base64(text.data(), bytes), text.data() + text.size());
    EXPECT_EQ(text, encode_base64(bytes));
    EXPECT_EQ(decode_base64(text, back.data()), n);
    EXPECT_EQ(back.substr(0, n), bytes);
  }
}

TEST(Base64, MayLackItsPaddingWhereThatIsAskedFor) {
  for (std::string_view good : {"Zg==", "Zg=", "Zg"}) EXPECT_EQ(decode_base64_loosely_padded(good), "f");
  EXPECT_EQ(decode_base64_loosely_padded(""), "");
  for (std::string_view bad : {"Zh", "Z", "Zg===", "Z=g=", "-_8", "Zm9v\n"})
    EXPECT_EQ(decode_base64_loosely_padded(bad), std::nullopt) << bad;
}

TEST(Base64, HasAValueForEachDigit) {
  EXPECT_EQ(base64_value('A'), 0);
  EXPECT_EQ(base64_value('/'), 63);
  for (char c : {'=', '-', '_', '\0', '\xff'}) EXPECT_EQ(base64_value(c), -1);
}

}  // namespace
}  // namespace sluice::base::base64_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/basic_credentials.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::chain::basic_credentials_test {
namespace {

std::string read(std::string_view encoded) {
  base::Arena arena;
  auto given = parse_basic(encoded, arena);
  return given.fault.empty() ? std::string(given.user) + " / " + std::string(given.password)
                             : "refused: " + std::string(given.fault);
}

TEST(BasicCredentials, AreUserAndPassword) {
  EXPECT_EQ(read("QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "Aladdin / open sesame");  // RFC 7617 section 2
  EXPECT_EQ(read("dGVzdDoxMjPCow=="), "test / 123\xc2\xa3");
  EXPECT_EQ(read("YTpiOmM="), "a / b:c");
  EXPECT_EQ(read("YTo="), "a / ");
  EXPECT_EQ(read("Ojpi"), " / :b");
}

TEST(BasicCredentials, AreReadInOneWayOnly) {
  const std::string not_base64 = "refused: the credentials are not in Base64";
  for (const char* text : {"YTpi=", "YTo", "YTpiYw", "YTo=YTo=", "YT pi", "YTpi\r\n", "Y=Tp", "====", "YT_-",
                           "Y", "YTp=", "YTr="})
    EXPECT_NE(read(text).find("refused"), std::string::npos) << text;
  EXPECT_EQ(read("YTr="), not_base64) << "bits left over";
  EXPECT_EQ(read("YT_-"), not_base64) << "the other alphabet";
  EXPECT_EQ(read(""), "refused: the credentials behind `Basic` are missing");
  EXPECT_EQ(read("YWJj"), "refused: the credentials have no colon between user and password");
}

TEST(BasicCredentials, HoldNoControlCharacters) {
  EXPECT_EQ(read("YTpiAGM="), "refused: the credentials hold control characters");  // a:b NUL c
  EXPECT_EQ(read("YQA6Yg=="), "refused: the credentials hold control characters");  // a NUL :b
  EXPECT_EQ(read("YTpiCg=="), "refused: the credentials hold control characters");  // a:b LF
}

TEST(BasicCredentials, AreOfALengthThatPeopleHave) {
  EXPECT_EQ(read(std::string(16'000, 'A')), "refused: user and password are too long");
  // "a:" and 513 characters
  std::string long_password = "YTp4";
  for (int i = 0; i < 171; ++i) long_password += "eHh4";
  EXPECT_EQ(read(long_password), "refused: user and password are too long");
}

TEST(BasicCredentials, AreKnownByTheirScheme) {
  std::string_view rest;
  EXPECT_TRUE(has_scheme("basic  YTpi ", "Basic", rest));
  EXPECT_EQ(rest, "YTpi");
  EXPECT_TRUE(has_scheme("BASIC", "Basic", rest));
  EXPECT_EQ(rest, "");
  EXPECT_FALSE(has_scheme("Basically YTpi", "Basic", rest));
  EXPECT_FALSE(has_scheme("Bas", "Basic", rest));
  EXPECT_FALSE(has_scheme("", "Basic", rest));
}

}  // namespace
}  // namespace sluice::chain::basic_credentials_test

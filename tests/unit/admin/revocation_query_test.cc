// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/revocation_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::admin::revocation_query_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr base::WallTime kNow{1'800'000'000s};

std::string fault(std::string_view query) { return revocation_of(query, kNow).fault; }

TEST(RevocationQuery, IsAboutAToken) {
  auto asked = revocation_of("?issuer=https%3A%2F%2Fidp.example.com&jti=a+b%2B", kNow);
  EXPECT_EQ(asked.fault, "");
  EXPECT_EQ(asked.revocation.issuer, "https://idp.example.com");
  EXPECT_EQ(asked.revocation.jti, "a b+");
  EXPECT_EQ(asked.revocation.until, kNow + 7 * 24h);
}

TEST(RevocationQuery, IsAboutOlderTokensOfASubjectOrOfAll) {
  auto asked = revocation_of("?issuer=i&sub=s&before=2027-01-01&until=1900000000", kNow);
  EXPECT_EQ(asked.fault, "");
  EXPECT_EQ(asked.revocation.sub, "s");
  EXPECT_EQ(asked.revocation.before, base::WallTime(1'798'761'600s));
  EXPECT_EQ(asked.revocation.until, base::WallTime(1'900'000'000s));
  EXPECT_EQ(revocation_of("?issuer=i", kNow).revocation.before, kNow);
}

TEST(RevocationQuery, SaysWhatIsWrongWithIt) {
  EXPECT_THAT(fault(""), HasSubstr("`issuer` is missing"));
  EXPECT_THAT(fault("?jti=j"), HasSubstr("`issuer` is missing"));
  EXPECT_THAT(fault("?issuer=i&jit=j"), HasSubstr("no parameter `jit`"));
  EXPECT_THAT(fault("?issuer=i&jti="), HasSubstr("`jti` is empty"));
  EXPECT_THAT(fault("?issuer=i&issuer=j"), HasSubstr("there twice"));
  EXPECT_THAT(fault("?issuer=i&jti=j&sub=s"), HasSubstr("one token"));
  EXPECT_THAT(fault("?issuer=i&jti=j&before=2027-01-01"), HasSubstr("one token"));
  EXPECT_THAT(fault("?issuer=i&before=yesterday"), HasSubstr("no moment"));
  EXPECT_THAT(fault("?issuer=i&until=99999999999"), HasSubstr("no moment"));
  EXPECT_THAT(fault("?issuer=i&until=2020-01-01"), HasSubstr("over already"));
}

}  // namespace
}  // namespace sluice::admin::revocation_query_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/identity_fields.h"

#include <gtest/gtest.h>

#include "tests/support/fake_stream.h"

namespace sluice::chain::identity_fields_test {
namespace {

std::string left(const IdentityFields& told, bool lookalikes = false) {
  base::Arena arena;
  http::Fields fields(arena);
  for (const char* name : {"X-User", "x-user", "X_User", "X-Api-Key", "X-Other"}) fields.add(name, "1");
  fields.add(http::FieldId::referer, "r");
  fields.add(http::FieldId::authorization, "Basic x");
  if (lookalikes) fields.beware_of_lookalikes();
  told.remove_from(fields);
  return test::lines(fields);
}

TEST(IdentityFields, AreTakenFromEveryRequest) {
  IdentityFields told;
  told.tells_identity("x-USER");
  told.tells_identity("Referer");
  told.settle();

  EXPECT_EQ(left(told), "X_User: 1\nX-Api-Key: 1\nX-Other: 1\nAuthorization: Basic x\n");
  EXPECT_EQ(left(told, true), "X-Api-Key: 1\nX-Other: 1\nAuthorization: Basic x\n")
      << "nor what looks like one";
}

TEST(IdentityFields, LeaveThoseInWhichCredentialsAreRead) {
  IdentityFields told;
  told.tells_identity("X-Api-Key");
  told.reads_credential("x-api-key");
  told.tells_identity("Authorization");
  told.tells_identity("Cookie");
  told.settle();

  EXPECT_EQ(left(told).find("Authorization"), left(told).rfind("Authorization"));
  EXPECT_NE(left(told).find("X-Api-Key: 1\n"), std::string::npos);
  EXPECT_NE(left(told).find("Authorization: Basic x\n"), std::string::npos);
  EXPECT_TRUE(told.keeps("X-API-KEY"));
  EXPECT_TRUE(told.keeps("authorization"));
  EXPECT_FALSE(told.keeps("X-User"));
}

TEST(IdentityFields, AreNoneWhereNothingIsTold) {
  IdentityFields told;
  told.settle();

  EXPECT_NE(left(told).find("X-User: 1\n"), std::string::npos);
}

}  // namespace
}  // namespace sluice::chain::identity_fields_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/bearer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::chain::bearer_test {
namespace {

using test::FakeExchange;

class BearerTest : public testing::Test {
 protected:
  Bearer in(const TokenPlaceConfig& place) { return Bearer(place, "api", builder_); }
  test::FakeBuilder builder_;
};

TEST_F(BearerTest, IsInAuthorizationUnlessToldOtherwise) {
  Bearer bearer = in({});
  FakeExchange fake("/a?access_token=q");
  fake.request().fields.add("Authorization", "Basic abc");
  EXPECT_EQ(bearer.find(fake.ex).count, 0);

  fake.request().fields.add("authorization", "bEARER   tok.en ");
  EXPECT_EQ(bearer.find(fake.ex).token, "tok.en");

  bearer.remove(fake.ex);
  EXPECT_EQ(test::lines(fake.request().fields), "Authorization: Basic abc\n");
}

TEST_F(BearerTest, CountsAllThatThereAre) {
  Bearer bearer = in({"Authorization", "access", "access"});
  FakeExchange fake("/a?access=1&x=2&access=3");
  fake.request().fields.add("Authorization", "Bearer 4");
  fake.request().fields.add("Cookie", "access=5");

  EXPECT_EQ(bearer.find(fake.ex).count, 4);
  bearer.remove(fake.ex);
  EXPECT_EQ(test::lines(fake.request().fields), "");
  EXPECT_EQ(fake.request().query, "x=2");
}

TEST_F(BearerTest, IsNotLogged) {
  Bearer bearer = in({"", "", "token"});
  FakeExchange fake("/a?token=secret&b=1");

  EXPECT_EQ(bearer.find(fake.ex).token, "secret");

  EXPECT_EQ(fake.request().target, "/a?b=1");
}

TEST_F(BearerTest, IsNoWordThatOnlyBeginsLikeIt) {
  Bearer bearer = in({});
  FakeExchange fake;
  fake.request().fields.add("Authorization", "Bearerx y");
  EXPECT_EQ(bearer.find(fake.ex).count, 0);
}

TEST_F(BearerTest, ChallengesWithItsRealm) {
  Bearer bearer = in({});
  EXPECT_EQ(bearer.absent(), "Bearer realm=\"api\"");
  EXPECT_EQ(bearer.invalid_token(), "Bearer realm=\"api\", error=\"invalid_token\"");
}

}  // namespace
}  // namespace sluice::chain::bearer_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/rate_fields.h"

#include <gtest/gtest.h>

#include "tests/support/fake_stream.h"

namespace sluice::chain::rate_fields_test {
namespace {

using test::FakeExchange;

constexpr std::uint64_t kSecond = 1'000'000'000;

std::string told(RateFields which) {
  FakeExchange fake;
  auto texts = rate_field_texts("default", 100, 60 * kSecond, "100/min");
  add_rate_fields(fake.ex, which, texts, texts.policy, 12, 29 * kSecond + 1);
  return test::lines(fake.response().fields);
}

TEST(RateFields, AreTheOnesOfTheDraft) {
  EXPECT_EQ(told(RateFields::standard),
            "RateLimit-Policy: \"default\";q=100;w=60\nRateLimit: \"default\";r=12;t=30\n");
}

TEST(RateFields, EscapeNames) { EXPECT_EQ(rate_field_texts("a\"b\\", 1, 0, "1").policy, R"("a\"b\\";q=1)"); }

TEST(RateFields, AreTheOldOnesWhereTheyAreWanted) {
  EXPECT_EQ(told(RateFields::x_ratelimit),
            "X-RateLimit-Limit: 100\nX-RateLimit-Remaining: 12\nX-RateLimit-Reset: 30\n");
  EXPECT_NE(told(RateFields::both).find("\nX-RateLimit-Reset: 30"), std::string::npos);
  EXPECT_EQ(told(RateFields::none), "");
}

TEST(RateFields, TellInTheOldOnesOfTheLimitWithLeastLeft) {
  FakeExchange fake;
  auto wide = rate_field_texts("wide", 100, kSecond, "100/s");
  auto narrow = rate_field_texts("narrow", 10, kSecond, "10/s");
  add_rate_fields(fake.ex, RateFields::x_ratelimit, wide, wide.policy, 50, kSecond);
  add_rate_fields(fake.ex, RateFields::x_ratelimit, narrow, narrow.policy, 5, kSecond);
  add_rate_fields(fake.ex, RateFields::x_ratelimit, wide, wide.policy, 49, kSecond);
  EXPECT_EQ(test::lines(fake.response().fields),
            "X-RateLimit-Limit: 10\nX-RateLimit-Remaining: 5\nX-RateLimit-Reset: 1\n");
}

TEST(RateFields, RoundSecondsUp) {
  base::Arena arena;
  EXPECT_EQ(seconds_text(arena, 0), "1");
  EXPECT_EQ(seconds_text(arena, kSecond), "1");
  EXPECT_EQ(seconds_text(arena, kSecond + 1), "2");
}

}  // namespace
}  // namespace sluice::chain::rate_fields_test

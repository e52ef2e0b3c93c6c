// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/arms.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/upstream/random.h"

namespace sluice::handlers::arms_test {
namespace {

constexpr std::uint64_t kLast = ~std::uint64_t{0};

// As if numbers were percentages of all there are.
std::uint64_t percent(std::uint64_t n) { return kLast / 100 * n; }

Arms arms(std::vector<std::uint64_t> weights) { return Arms(weights); }

TEST(Arms, AreDrawnByWeightInTheirOrder) {
  Arms draw = arms({90, 10});
  EXPECT_EQ(draw.at(0), 0u);
  EXPECT_EQ(draw.at(percent(89)), 0u);
  EXPECT_EQ(draw.at(percent(91)), 1u);
  EXPECT_EQ(draw.at(kLast), 1u);
  EXPECT_DOUBLE_EQ(draw.share(0), 0.9);
  EXPECT_DOUBLE_EQ(draw.share(1), 0.1);
}

TEST(Arms, AreNeverDrawnWithoutWeight) {
  Arms draw = arms({0, 1, 0, 1, 0});
  EXPECT_EQ(draw.at(0), 1u);
  EXPECT_EQ(draw.at(percent(49)), 1u);
  EXPECT_EQ(draw.at(percent(51)), 3u);
  EXPECT_EQ(draw.at(kLast), 3u);
  EXPECT_EQ(draw.share(2), 0);
}

TEST(Arms, KeepWhatTheyHadWhenTheirWeightGrows) {
  Arms before = arms({90, 10}), after = arms({70, 30});
  for (std::uint64_t n = 0; n < 1000; ++n) {
    std::uint64_t number = number_of("user-" + std::to_string(n));
    if (before.at(number) == 1) {
      EXPECT_EQ(after.at(number), 1u);
    }
  }
}

TEST(Arms, GetTheirShare) {
  upstream::Random random(1);
  Arms draw = arms({1, 3});
  int second = 0;
  for (int i = 0; i < 40'000; ++i) second += draw.at(random.next()) == 1;
  EXPECT_NEAR(second, 30'000, 500);
}

TEST(NumberOf, SpreadsTextsThatDifferLittle) {
  Arms draw = arms({1, 1, 1, 1});
  int counts[4] = {};
  for (int i = 0; i < 8000; ++i) ++counts[draw.at(number_of("consumer=" + std::to_string(i)))];
  for (int count : counts) EXPECT_NEAR(count, 2000, 200);
}

TEST(NumberOf, IsTheSameEverywhere) {
  EXPECT_EQ(number_of("consumer=acme"), number_of(std::string("consumer=") + "acme"));
  EXPECT_NE(number_of("consumer=acme"), number_of("consumer=acmf"));
  // Gateways of different versions stand beside each other while one is rolled out.
  EXPECT_EQ(number_of("consumer=acme"), 0xb17cd212c2da2792u);
}

}  // namespace
}  // namespace sluice::handlers::arms_test

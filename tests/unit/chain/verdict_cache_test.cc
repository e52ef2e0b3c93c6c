// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/verdict_cache.h"

#include <gtest/gtest.h>

namespace sluice::chain::verdict_cache_test {
namespace {

using Cache = VerdictCache<int, int>;
std::shared_ptr<const int> some(int n) { return std::make_shared<const int>(n); }

TEST(VerdictCache, GivesWhatWasPutUntilItsTimeIsOver) {
  Cache cache(10);
  cache.put("token", some(7), 100, 0);

  ASSERT_NE(cache.find("token", 99), nullptr);
  EXPECT_EQ(**cache.find("token", 99), 7);
  EXPECT_EQ(cache.find("tokem", 99), nullptr);
  EXPECT_EQ(cache.find("token", 100), nullptr);
  EXPECT_EQ(cache.find("token", 99), nullptr);  // over is over, whatever the clock says then
}

TEST(VerdictCache, ReplacesWhatIsThere) {
  Cache cache(10);
  cache.put("token", some(1), 100, 0);
  cache.put("token", some(2), 200, 0);

  EXPECT_EQ(**cache.find("token", 150), 2);
}

TEST(VerdictCache, TellsTextsApartThatEndAlike) {
  Cache cache(10);
  std::string end(100, 'e');
  cache.put("one" + end, some(1), 100, 0);
  EXPECT_EQ(cache.find("two" + end, 0), nullptr);
  EXPECT_EQ(cache.find(end, 0), nullptr);
  cache.put("two" + end, some(2), 100, 0);

  EXPECT_EQ(**cache.find("one" + end, 0), 1);
  EXPECT_EQ(**cache.find("two" + end, 0), 2);
}

TEST(VerdictCache, GivesNobodyTheVerdictOfAnotherWhereMoreEndAlikeThanItHasPlaces) {
  Cache cache(1000);
  std::string end(100, 'e');
  int known = 0;
  for (int i = 0; i < 20; ++i) cache.put(std::to_string(i) + end, some(i), 100, 0);
  for (int i = 0; i < 20; ++i) {
    const auto* found = cache.find(std::to_string(i) + end, 0);
    known += found != nullptr;
    EXPECT_TRUE(!found || **found == i) << i;
  }

  EXPECT_EQ(known, static_cast<int>(Cache::kWays));
}

TEST(VerdictCache, StaysWithinItsBound) {
  Cache cache(64);
  for (int i = 0; i < 10'000; ++i) cache.put("token" + std::to_string(i), some(i), 100, 0);

  int known = 0;
  for (int i = 0; i < 10'000; ++i) known += cache.find("token" + std::to_string(i), 0) != nullptr;
  EXPECT_LE(known, 64);
  EXPECT_GT(known, 32);
}

TEST(VerdictCache, GivesUpWhatIsOverFirstAndThenWhatWasNotUsed) {
  Cache cache(Cache::kWays);  // one bucket
  for (int i = 0; i < 4; ++i) cache.put(std::to_string(i), some(i), i == 2 ? 10 : 100, 0);
  cache.find("0", 5);

  cache.put("4", some(4), 100, 20);
  EXPECT_NE(cache.find("0", 20), nullptr);
  EXPECT_NE(cache.find("1", 20), nullptr);
  EXPECT_EQ(cache.find("2", 20), nullptr);

  cache.find("0", 20);
  cache.put("5", some(5), 100, 20);
  EXPECT_EQ(cache.find("3", 20), nullptr);
  EXPECT_NE(cache.find("0", 20), nullptr);
}

TEST(VerdictCache, ForgetsAllAtOnce) {
  Cache cache(10);
  cache.put("token", some(1), 100, 0);
  cache.clear();
  EXPECT_EQ(cache.find("token", 0), nullptr);
}

}  // namespace
}  // namespace sluice::chain::verdict_cache_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::stores::redis_health_test {
namespace {

TEST(RedisHealth, SaysOnceThatAServerWentAndThatItIsBack) {
  RedisHealth health("shared", "cache:6379", OnError::deny);
  EXPECT_TRUE(health.up());
  testing::internal::CaptureStderr();
  health.redis_failed("no answer in time");
  health.redis_failed("no answer in time");
  EXPECT_FALSE(health.up());
  health.redis_answers();
  health.redis_answers();
  EXPECT_TRUE(health.up());
  std::string log = testing::internal::GetCapturedStderr();
  std::string gone =
      "warning store `shared` (cache:6379) does not answer: no answer in time; requests that are limited are "
      "refused until it does\n";
  auto first = log.find(gone);
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find("does not answer", first + gone.size()), std::string::npos);
  EXPECT_THAT(log, testing::HasSubstr("info store `shared` (cache:6379) answers again\n"));
}

TEST(RedisHealth, DoesNotFillTheLogWhenAServerComesAndGoes) {
  RedisHealth health("shared", "cache:6379", OnError::local);
  testing::internal::CaptureStderr();
  for (int i = 0; i < 100; ++i) {
    health.redis_failed("OOM");
    health.redis_answers();
  }
  std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(log, '\n'), 2);
}

}  // namespace
}  // namespace sluice::stores::redis_health_test

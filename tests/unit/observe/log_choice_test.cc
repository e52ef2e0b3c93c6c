// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_choice.h"

#include <gtest/gtest.h>

#include "gateway/observe/log_line.h"

namespace sluice::observe::log_choice_test {
namespace {

using namespace std::chrono_literals;

LogCondition condition(std::string_view text) { return std::get<LogCondition>(LogCondition::compile(text)); }

AccessRecord ended(int status, base::Duration took = 1ms, base::Reason reason = base::Reason::none) {
  AccessRecord r;
  r.status = status;
  r.duration = took;
  r.reason = reason;
  return r;
}

TEST(LogChoice, IsEverythingByDefault) {
  LogChoice choice({}, 0);

  EXPECT_TRUE(choice.wants(ended(200)));
  EXPECT_TRUE(choice.wants(ended(500)));
}

TEST(LogChoice, IsWhatTheConditionIsTrueOf) {
  AccessLogConfig config;
  config.when = condition("status >= 400");
  LogChoice choice(config, 0);

  EXPECT_FALSE(choice.wants(ended(200)));
  EXPECT_TRUE(choice.wants(ended(404)));
}

TEST(LogChoice, HasAShareOfTheOthers) {
  AccessLogConfig config;
  config.when = condition("status >= 400");
  config.sample = config::Percent{10};
  int chosen = 0, failed = 0;

  for (std::uint64_t worker = 0; worker < 4; ++worker) {
    LogChoice choice(config, worker);
    for (int i = 0; i < 10'000; ++i) {
      chosen += choice.wants(ended(200));
      failed += choice.wants(ended(500));
    }
  }

  // The draws are the same in each run.
  EXPECT_GT(chosen, 3'800);
  EXPECT_LT(chosen, 4'200);
  EXPECT_EQ(failed, 40'000);
}

TEST(LogChoice, OfAShareAloneKeepsWhatIsNotable) {
  AccessLogConfig config;
  config.sample = config::Percent{0};
  LogChoice choice(config, 0);

  EXPECT_FALSE(choice.wants(ended(200)));
  EXPECT_FALSE(choice.wants(ended(404)));
  EXPECT_TRUE(choice.wants(ended(404, 1ms, base::Reason::no_route)));
  EXPECT_TRUE(choice.wants(ended(500)));
  EXPECT_TRUE(choice.wants(ended(200, 1001ms)));
}

TEST(LogChoice, OfAllSharesIsEverything) {
  AccessLogConfig config;
  config.sample = config::Percent{100};
  LogChoice choice(config, 3);

  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(choice.wants(ended(200)));
}

}  // namespace
}  // namespace sluice::observe::log_choice_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/timeouts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/amounts.h"
#include "gateway/config/bind.h"
#include "gateway/config/load.h"
#include "gateway/upstream/backoff.h"

namespace sluice::upstream::timeouts_test {
namespace {

using namespace std::chrono_literals;

TEST(Timeouts, AreTheDocumentedOnesWhenNobodySaysOtherwise) {
  EXPECT_EQ(merge(Timeouts{}, TimeoutsConfig{}), (Timeouts{2s, 30s, 60s, 60s, 1h}));
}

TEST(Timeouts, AreDescribedByWhatHoldsWhenNobodySaysOtherwise) {
  Timeouts t;
  std::vector<std::string> notes;
  for (const auto& field : static_cast<const config::StructShape&>(config::shape_of<TimeoutsConfig>()).fields)
    notes.push_back(field.name + " " + field.default_note);

  auto said = [](const char* name, config::Duration value) { return name + config::to_text(value); };
  EXPECT_THAT(notes, testing::ElementsAre(said("connect ", t.connect), said("first_byte ", t.first_byte),
                                          said("idle ", t.idle), said("total ", t.total),
                                          said("tunnel ", t.tunnel), "attempt none", "propagate false"));
}

TEST(Timeouts, TakeWhatIsSaidAndKeepTheRest) {
  TimeoutsConfig upstream{.connect = 1s, .first_byte = {}, .idle = {}, .total = 5s, .tunnel = 2h};
  TimeoutsConfig route{.connect = {}, .first_byte = 3s, .idle = {}, .total = 4s, .tunnel = {}};

  EXPECT_EQ(merge(merge(Timeouts{}, upstream), route), (Timeouts{1s, 3s, 60s, 4s, 2h}));
}

TEST(Timeouts, TakeZeroForALimitThatIsTakenAway) {
  TimeoutsConfig route{.connect = {}, .first_byte = {}, .idle = {}, .total = 0s, .tunnel = 0s};

  EXPECT_EQ(merge(Timeouts{}, route).total, 0s);
  EXPECT_EQ(merge(Timeouts{}, route).tunnel, 0s);
}

TEST(Timeouts, OfAnAttemptHoldForItsParts) {
  Timeouts t;
  t.connect = 2s;
  t.first_byte = 30s;
  EXPECT_EQ(t.to_connect(), 2s);
  EXPECT_EQ(t.first_byte_after(1s), 30s);

  t.attempt = 5s;
  EXPECT_EQ(t.to_connect(), 2s);
  EXPECT_EQ(t.first_byte_after(0s), 5s);
  EXPECT_EQ(t.first_byte_after(1500ms), 3500ms);
  EXPECT_GT(t.first_byte_after(5s), 0s) << "which would be no limit";
  t.attempt = 1s;
  EXPECT_EQ(t.to_connect(), 1s);
  t.first_byte = t.connect = 0s;
  EXPECT_EQ(t.to_connect(), 1s);
  EXPECT_EQ(t.first_byte_after(0s), 1s);
}

TEST(Timeouts, KnowWhichOfThemPassed) {
  using base::Reason;
  Timeouts t;
  EXPECT_EQ(t.passed(Reason::timeout_connect, 0s, false), "connect");
  EXPECT_EQ(t.passed(Reason::timeout_first_byte, 1s, false), "first_byte");
  EXPECT_EQ(t.passed(Reason::timeout_idle, 0s, false), "idle");
  EXPECT_EQ(t.passed(Reason::timeout_idle, 0s, true), "tunnel");
  EXPECT_EQ(t.passed(Reason::timeout_total, 0s, false), "total");
  EXPECT_EQ(t.passed(Reason::upstream_reset, 0s, false), "");

  t.attempt = 31s;
  EXPECT_EQ(t.passed(Reason::timeout_connect, 0s, false), "connect");
  EXPECT_EQ(t.passed(Reason::timeout_first_byte, 0s, false), "first_byte");
  EXPECT_EQ(t.passed(Reason::timeout_first_byte, 2s, false), "attempt");
  t.attempt = 1s;
  EXPECT_EQ(t.passed(Reason::timeout_connect, 0s, false), "attempt");
}

TEST(HedgeConfig, IsAWordATimeOrBoth) {
  auto read = [](const std::string& text) {
    config::Diagnostics diagnostics;
    auto document = config::parse("hedge: " + text, diagnostics);
    auto out = config::bind<DefaultsConfig>(document, diagnostics);
    EXPECT_EQ(diagnostics.text(), "");
    return out.hedge.value_or(HedgeConfig{.on = false});
  };

  EXPECT_EQ(read("auto"), HedgeConfig{});
  EXPECT_FALSE(read("off").on);
  EXPECT_EQ(read("50ms"), (HedgeConfig{true, 50ms, config::Percent{5}}));
  EXPECT_EQ(read("{budget: 2%}"), (HedgeConfig{true, {}, config::Percent{2}}));
}

TEST(Backoff, IsARandomTimeWithinABoundThatDoubles) {
  BackoffConfig config{25ms, 250ms};
  base::Duration longest[6] = {};
  for (int i = 0; i < 2000; ++i)
    for (unsigned n = 1; n <= 5; ++n) {
      auto pause = backoff(config, n, base::SteadyTime(std::chrono::nanoseconds(i * 7 + n)));
      EXPECT_GE(pause, 0s);
      longest[n] = std::max(longest[n], pause);
    }
  for (unsigned n = 1; n <= 5; ++n) {
    base::Duration bound = n < 5 ? 25ms * (1 << (n - 1)) : 250ms;
    EXPECT_LE(longest[n], bound) << n;
    EXPECT_GT(longest[n], bound * 9 / 10) << n;
  }
  EXPECT_EQ(backoff({0s, 0s}, 3, base::SteadyTime(1h)), 0s);
}

}  // namespace
}  // namespace sluice::upstream::timeouts_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/metrics.h"

#include <gtest/gtest.h>

#include "tests/unit/observe/scraped.h"

namespace sluice::compose::metrics_test {
namespace {

using namespace std::chrono_literals;
using observe::Family;

TEST(CallMetrics, CountsByResultOnEachWorker) {
  observe::MetricsOptions options;
  options.workers = 2;
  observe::SeriesStore store(options);
  CallMetrics metrics(store, "page", "user");
  auto calls = [&store](std::string result) {
    return observe::counter(store, Family::sluice_compose_calls_total,
                            {{"route", "page"}, {"call", "user"}, {"result", result}});
  };
  EXPECT_EQ(calls("ok"), 0);

  metrics.count(0, CallResult::ok);
  metrics.count(1, CallResult::ok);
  metrics.count(1, CallResult::timeout);
  metrics.took(1, 3ms);

  EXPECT_EQ(calls("ok"), 2);
  EXPECT_EQ(calls("timeout"), 1);
  EXPECT_EQ(calls("status"), std::nullopt);
  EXPECT_EQ(observe::observations(store, Family::sluice_compose_call_duration_seconds,
                                  {{"route", "page"}, {"call", "user"}}),
            1u);
}

TEST(CallMetrics, HasAWordForEachResult) {
  for (std::size_t i = 0; i < kCallResults; ++i) EXPECT_NE(name(static_cast<CallResult>(i)), "");
}

}  // namespace
}  // namespace sluice::compose::metrics_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/process_metrics.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

#include "tests/unit/observe/scraped.h"

namespace sluice::observe::process_metrics_test {
namespace {

TEST(ProcessMetrics, TellWhatTheProcessUses) {
  SeriesStore store({});
  auto registrations = process_metrics_at_scrape(store);

  EXPECT_GT(counter(store, Family::process_cpu_seconds_total, {}).value_or(0), 0);
  EXPECT_GT(gauge(store, Family::process_resident_memory_bytes, {}).value_or(0), 100'000);
  EXPECT_GE(gauge(store, Family::process_virtual_memory_bytes, {}).value_or(0),
            gauge(store, Family::process_resident_memory_bytes, {}).value_or(0) / 2);
  EXPECT_GT(gauge(store, Family::process_max_fds, {}).value_or(0), 3);
}

TEST(ProcessMetrics, CountOpenDescriptors) {
  SeriesStore store({});
  auto registrations = process_metrics_at_scrape(store);
  auto before = gauge(store, Family::process_open_fds, {}).value_or(-10);

  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

  EXPECT_EQ(gauge(store, Family::process_open_fds, {}), before + 1);
  close(fd);
}

TEST(ProcessMetrics, KnowTheStartOfTheProcess) {
  SeriesStore store({});
  auto registrations = process_metrics_at_scrape(store);
  auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();

  auto start = gauge(store, Family::process_start_time_seconds, {}).value_or(0);

  EXPECT_GT(start, 1'500'000'000);
  EXPECT_LT(start, now + 60);
}

}  // namespace
}  // namespace sluice::observe::process_metrics_test

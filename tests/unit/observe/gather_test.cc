// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "gateway/base/log.h"

#include "tests/unit/observe/scraped.h"

namespace sluice::observe::gather_test {
namespace {

using namespace std::chrono_literals;

TEST(Gather, MakesCumulativeBucketsInSeconds) {
  SeriesStore store({.workers = 2});
  auto series = store.series(Family::sluice_overhead_seconds, {"orders"});
  OverheadCells(series.cells(0)).observe(20us);
  OverheadCells(series.cells(1)).observe(20us);
  OverheadCells(series.cells(1)).observe(1s);

  auto metric = scraped(store, Family::sluice_overhead_seconds, {{"route", "orders"}});

  ASSERT_TRUE(metric);
  const auto& histogram = metric->histogram;
  EXPECT_EQ(histogram.sample_count, 3u);
  EXPECT_DOUBLE_EQ(histogram.sample_sum, 1.00004);
  ASSERT_EQ(histogram.bucket.size(), 11u);
  EXPECT_EQ(histogram.bucket[0].upper_bound, 0.00001);
  EXPECT_EQ(histogram.bucket[0].cumulative_count, 0u);
  EXPECT_EQ(histogram.bucket[1].upper_bound, 0.000025);
  EXPECT_EQ(histogram.bucket[1].cumulative_count, 2u);
  EXPECT_EQ(histogram.bucket[9].cumulative_count, 2u);
  EXPECT_EQ(histogram.bucket[10].upper_bound, std::numeric_limits<double>::infinity());
  EXPECT_EQ(histogram.bucket[10].cumulative_count, 3u);
}

TEST(Gather, SortsSeriesByTheirLabels) {
  SeriesStore store({});
  std::vector<SeriesRef> refs;
  for (auto name : {"c", "a", "b"}) refs.push_back(store.series(Family::sluice_requests_in_flight, {name}));

  std::vector<std::string> routes;
  for (const auto& metric : store.gather(Family::sluice_requests_in_flight).metric)
    routes.push_back(metric.label.at(0).value);

  EXPECT_THAT(routes, testing::ElementsAre("a", "b", "c"));
}

TEST(Gather, ShowsWhatWasSetAndAdded) {
  SeriesStore store({});
  store.set(Family::sluice_ready, {}, 1);
  store.add(Family::sluice_config_reloads_total, {"ok"}, 1);
  store.add(Family::sluice_config_reloads_total, {"ok"}, 1);

  EXPECT_EQ(gauge(store, Family::sluice_ready, {}), 1);
  EXPECT_EQ(counter(store, Family::sluice_config_reloads_total, {{"result", "ok"}}), 2);
}

TEST(Gather, ForgetsWhatWasReplaced) {
  SeriesStore store({});
  store.set(Family::sluice_config_info, {"aaaa", "a.yaml"}, 1);
  store.replace(Family::sluice_config_info, {"bbbb", "a.yaml"}, 1);

  EXPECT_EQ(series_count(store, Family::sluice_config_info), 1u);
  EXPECT_EQ(gauge(store, Family::sluice_config_info, {{"hash", "bbbb"}, {"source", "a.yaml"}}), 1);
}

TEST(Gather, AsksItsSourcesEachTimeWhileTheyAreRegistered) {
  SeriesStore store({});
  int asked = 0;
  auto registration =
      store.at_scrape(Family::sluice_store_up, [&](const Emit& emit) { emit({"shared"}, ++asked); });

  EXPECT_EQ(gauge(store, Family::sluice_store_up, {{"store", "shared"}}), 1);
  EXPECT_EQ(gauge(store, Family::sluice_store_up, {{"store", "shared"}}), 2);

  registration = ScrapeRegistration();
  EXPECT_EQ(series_count(store, Family::sluice_store_up), 0u);
  EXPECT_EQ(asked, 2);
}

TEST(Gather, AddsUpValuesOfEqualLabels) {
  SeriesStore store({});
  auto emit_two = [](const Emit& emit) { emit({"orders", "healthy"}, 2); };
  auto a = store.at_scrape(Family::sluice_upstream_targets, emit_two);
  auto b = store.at_scrape(Family::sluice_upstream_targets, emit_two);

  EXPECT_EQ(gauge(store, Family::sluice_upstream_targets, {{"upstream", "orders"}, {"state", "healthy"}}), 4);
}

TEST(Gather, HoldsSourcesToTheBudgetToo) {
  SeriesStore store({.series_budget = 3});
  base::set_log_sink([](base::Level, std::string_view) {});
  auto source = store.at_scrape(Family::sluice_upstream_target_up, [](const Emit& emit) {
    for (int i = 0; i < 10; ++i) emit({"orders", std::to_string(i)}, 1);
  });

  EXPECT_EQ(series_count(store, Family::sluice_upstream_target_up), 4u);
  EXPECT_EQ(
      gauge(store, Family::sluice_upstream_target_up, {{"upstream", "overflow"}, {"target", "overflow"}}), 7);
  base::set_log_sink(nullptr);
}

TEST(Gather, MergesARealSeriesThatIsCalledOverflow) {
  SeriesStore store({.series_budget = 1});
  base::set_log_sink([](base::Level, std::string_view) {});
  auto real = store.series(Family::sluice_overhead_seconds, {"overflow"});
  auto beyond = store.series(Family::sluice_overhead_seconds, {"orders"});
  base::set_log_sink(nullptr);
  OverheadCells(real.cells(0)).observe(1us);
  OverheadCells(beyond.cells(0)).observe(1us);

  EXPECT_EQ(series_count(store, Family::sluice_overhead_seconds), 1u);
  EXPECT_EQ(observations(store, Family::sluice_overhead_seconds, {{"route", "overflow"}}), 2u);
}

}  // namespace
}  // namespace sluice::observe::gather_test

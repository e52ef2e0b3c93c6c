// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "gateway/base/log.h"

#include "tests/unit/observe/scraped.h"

namespace sluice::observe::series_test {
namespace {

constexpr auto kFlight = Family::sluice_requests_in_flight;
constexpr auto kReuses = Family::sluice_upstream_connection_reuses_total;

TEST(Series, OfEqualLabelsAreOne) {
  SeriesStore store({});
  auto a = store.series(kReuses, {"orders"});
  auto b = store.series(kReuses, {"orders"});

  a.cells(0)->add(2);
  b.cells(0)->add(3);

  EXPECT_EQ(a.cells(0), b.cells(0));
  EXPECT_EQ(counter(store, kReuses, {{"upstream", "orders"}}), 5);
  EXPECT_EQ(series_count(store, kReuses), 1u);
}

TEST(Series, AddUpTheWorkersCells) {
  SeriesStore store({.workers = 4});
  auto series = store.series(kReuses, {"orders"});

  std::vector<std::thread> workers;
  for (unsigned w = 0; w < 4; ++w)
    workers.emplace_back([&, w] {
      Cell* cell = series.cells(w);
      for (int i = 0; i < 10'000; ++i) cell->add(1);
    });
  for (int i = 0; i < 50; ++i) EXPECT_LE(counter(store, kReuses, {{"upstream", "orders"}}), 40'000);
  for (auto& w : workers) w.join();

  EXPECT_EQ(counter(store, kReuses, {{"upstream", "orders"}}), 40'000);
}

TEST(Series, KeepWorkersOnCacheLinesOfTheirOwn) {
  SeriesStore store({.workers = 2});
  auto series = store.series(kReuses, {"orders"});

  auto line = [&](unsigned w) { return reinterpret_cast<std::uintptr_t>(series.cells(w)) / 64; };

  EXPECT_NE(line(0), line(1));
}

TEST(Series, VanishWithTheirLastHolder) {
  SeriesStore store({});
  auto a = store.series(kReuses, {"orders"});
  {
    auto b = store.series(kReuses, {"orders"});
    auto c = store.series(kReuses, {"users"});
  }
  EXPECT_EQ(counter(store, kReuses, {{"upstream", "orders"}}), 0);
  EXPECT_EQ(counter(store, kReuses, {{"upstream", "users"}}), std::nullopt);

  a = SeriesRef();
  EXPECT_EQ(series_count(store, kReuses), 0u);
}

TEST(Series, MayGoBelowZeroOnOneWorkerOnly) {
  SeriesStore store({.workers = 2});
  auto series = store.series(kFlight, {"orders"});

  series.cells(0)->add(5);
  series.cells(1)->subtract(2);

  EXPECT_EQ(gauge(store, kFlight, {{"route", "orders"}}), 3);
}

TEST(Series, BeyondTheBudgetShareOneThatSaysOverflow) {
  SeriesStore store({.series_budget = 2});
  std::vector<std::string> warnings;
  base::set_log_sink([&](base::Level, std::string_view text) { warnings.emplace_back(text); });

  std::vector<SeriesRef> refs;
  for (auto name : {"a", "b", "c", "d", "a"}) refs.push_back(store.series(kReuses, {name}));
  for (auto& ref : refs) ref.cells(0)->add(1);
  base::set_log_sink(nullptr);

  EXPECT_EQ(counter(store, kReuses, {{"upstream", "a"}}), 2);
  EXPECT_EQ(counter(store, kReuses, {{"upstream", "overflow"}}), 2);
  EXPECT_EQ(series_count(store, kReuses), 3u);
  EXPECT_EQ(store.usage(kReuses).refused, 2u);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], testing::HasSubstr("sluice_upstream_connection_reuses_total"));
}

TEST(Series, GiveTheirPlaceInTheBudgetBack) {
  SeriesStore store({.series_budget = 1});
  {
    auto a = store.series(kReuses, {"a"});
  }

  auto b = store.series(kReuses, {"b"});

  EXPECT_EQ(counter(store, kReuses, {{"upstream", "b"}}), 0);
  EXPECT_EQ(store.usage(kReuses).refused, 0u);
}

TEST(Series, KeepWhatOverflowed) {
  SeriesStore store({.series_budget = 0});
  base::set_log_sink([](base::Level, std::string_view) {});
  store.series(kReuses, {"a"}).cells(0)->add(4);
  base::set_log_sink(nullptr);

  EXPECT_EQ(counter(store, kReuses, {{"upstream", "overflow"}}), 4);
}

TEST(Series, ThatDifferInADroppedLabelOnlyAreOne) {
  SeriesStore store({.families = {{"sluice_client_aborts_total", {.drop = {"route"}}}}});
  auto a = store.series(Family::sluice_client_aborts_total, {"orders", "waiting"});
  auto b = store.series(Family::sluice_client_aborts_total, {"users", "waiting"});

  a.cells(0)->add(1);
  b.cells(0)->add(1);

  EXPECT_EQ(counter(store, Family::sluice_client_aborts_total, {{"stage", "waiting"}}), 2);
}

TEST(Series, MayHaveNoLabelLeft) {
  SeriesStore store({.families = {{"sluice_requests_in_flight", {.drop = {"route"}}}}});
  auto a = store.series(kFlight, {"orders"});
  a.cells(0)->add(1);

  EXPECT_EQ(gauge(store, kFlight, {}), 1);
}

TEST(Series, CarryRenamedLabels) {
  SeriesStore store({.families = {{"sluice_requests_in_flight", {.rename = {{"route", "api"}}}}}});
  auto a = store.series(kFlight, {"orders"});

  EXPECT_EQ(gauge(store, kFlight, {{"api", "orders"}}), 0);
}

TEST(Series, OfAMetricThatIsOffAreCountedNowhere) {
  SeriesStore store({.families = {{"sluice_requests_in_flight", {.off = true}}}});
  auto a = store.series(kFlight, {"orders"});

  a.cells(0)->add(1);

  EXPECT_EQ(series_count(store, kFlight), 0u);
  EXPECT_EQ(store.usage(kFlight).series, 0u);
  EXPECT_EQ(store.usage(kFlight).refused, 0u);
}

TEST(Series, NeverPassOnWhatWouldSpoilTheScrape) {
  SeriesStore store({});
  auto a = store.series(kReuses, {"caf\xc3\xa9\xff\x1f!"});

  EXPECT_EQ(counter(store, kReuses,
                    {{"upstream",
                      "caf\xc3\xa9?"
                      "?!"}}),
            0);
}

TEST(Series, LeaveOutEmptyLabels) {
  SeriesStore store({});
  auto a = store.series(Family::sluice_sent_bytes_total, {"upstream", "", "orders"});

  EXPECT_EQ(counter(store, Family::sluice_sent_bytes_total, {{"side", "upstream"}, {"upstream", "orders"}}),
            0);
}

}  // namespace
}  // namespace sluice::observe::series_test

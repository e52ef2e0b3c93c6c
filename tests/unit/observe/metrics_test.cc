// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/log.h"

#include "tests/unit/observe/scraped.h"

namespace sluice::observe::metrics_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

void serve(RouteMetrics& route, int status = 200) {
  route.on(0).begin();
  route.on(0).end({.method = http::Method::get, .status = status, .duration = 2ms, .overhead = 5us});
}

TEST(MetricsRegistry, KeepsTheCountsOfARouteThatOutlivesAReload) {
  MetricsRegistry registry({});
  auto old_snapshot = registry.route("orders");
  serve(*old_snapshot);

  auto new_snapshot = registry.route("orders");
  old_snapshot.reset();
  serve(*new_snapshot);

  EXPECT_THAT(registry.text(),
              HasSubstr("sluice_requests_total{route=\"orders\",method=\"GET\",code_class=\"2xx\","
                        "source=\"upstream\"} 2\n"));
}

TEST(MetricsRegistry, ForgetsARouteThatNoSnapshotHolds) {
  MetricsRegistry registry({});
  auto route = registry.route("orders");
  auto kept = registry.route("users");
  serve(*route);

  route.reset();

  EXPECT_THAT(registry.text(), Not(HasSubstr("orders")));
  EXPECT_EQ(series_count(registry.store(), Family::sluice_requests_in_flight), 0u);
}

TEST(MetricsRegistry, BeginsAnewWhenARouteComesBack) {
  MetricsRegistry registry({});
  {
    serve(*registry.route("orders"));
  }

  auto route = registry.route("orders");
  serve(*route);

  EXPECT_EQ(observations(registry.store(), Family::sluice_overhead_seconds, {{"route", "orders"}}), 1u);
}

TEST(MetricsRegistry, SharesUpstreamsAndListenersByName) {
  MetricsRegistry registry({});
  auto upstream = registry.upstream("orders");
  auto listener = registry.listener("orders");

  EXPECT_EQ(registry.upstream("orders"), upstream);
  EXPECT_NE(registry.upstream("users"), upstream);
  EXPECT_EQ(registry.listener("orders"), listener);
}

TEST(MetricsRegistry, CountsUnmatchedRequestsUnderADash) {
  MetricsRegistry registry({});

  registry.unmatched().on(0).begin();
  registry.unmatched().on(0).end({.method = http::Method::get,
                                  .status = 404,
                                  .source = Source::gateway,
                                  .reason = base::Reason::no_route});

  EXPECT_THAT(registry.text(),
              HasSubstr("sluice_requests_total{route=\"-\",method=\"GET\",code_class=\"4xx\","
                        "source=\"gateway\",reason=\"no_route\"} 1\n"));
}

TEST(MetricsRegistry, TellsOfTheConfiguration) {
  MetricsRegistry registry({});
  auto& store = registry.store();
  EXPECT_EQ(counter(store, Family::sluice_config_reloads_total, {{"result", "rejected"}}), 0);

  registry.reloaded(ReloadResult::ok, base::WallTime(1'700'000'000s));
  registry.set_config("abcd", "gateway.yaml");
  registry.reloaded(ReloadResult::rejected, base::WallTime(1'700'000'100s));

  EXPECT_EQ(counter(store, Family::sluice_config_reloads_total, {{"result", "ok"}}), 1);
  EXPECT_EQ(counter(store, Family::sluice_config_reloads_total, {{"result", "rejected"}}), 1);
  EXPECT_EQ(gauge(store, Family::sluice_config_last_reload_success, {}), 0);
  EXPECT_EQ(gauge(store, Family::sluice_config_last_success_timestamp_seconds, {}), 1'700'000'000);
  EXPECT_EQ(gauge(store, Family::sluice_config_info, {{"hash", "abcd"}, {"source", "gateway.yaml"}}), 1);
}

TEST(MetricsRegistry, CountsTheFirstLoadAsNoReload) {
  MetricsRegistry registry({});
  EXPECT_EQ(series_count(registry.store(), Family::sluice_config_last_reload_success), 0u);

  registry.loaded(base::WallTime(1'700'000'000s));

  EXPECT_EQ(gauge(registry.store(), Family::sluice_config_last_reload_success, {}), 1);
  EXPECT_EQ(gauge(registry.store(), Family::sluice_config_last_success_timestamp_seconds, {}), 1'700'000'000);
  EXPECT_EQ(counter(registry.store(), Family::sluice_config_reloads_total, {{"result", "ok"}}), 0);
}

TEST(MetricsRegistry, TellsOfTheProcessState) {
  MetricsRegistry registry({});
  auto& store = registry.store();
  EXPECT_EQ(gauge(store, Family::sluice_ready, {}), 0);

  registry.set_ready(true);
  registry.set_draining(true);
  registry.set_started(base::WallTime(1'700'000'000s));
  registry.set_build({"0.1.0", "abc", "gcc", ""});

  EXPECT_EQ(gauge(store, Family::sluice_ready, {}), 1);
  EXPECT_EQ(gauge(store, Family::sluice_draining, {}), 1);
  EXPECT_EQ(gauge(store, Family::sluice_start_time_seconds, {}), 1'700'000'000);
  EXPECT_EQ(gauge(store, Family::sluice_build_info,
                  {{"version", "0.1.0"}, {"revision", "abc"}, {"compiler", "gcc"}}),
            1);
}

TEST(MetricsRegistry, AsksAtScrape) {
  MetricsRegistry registry({});
  auto& store = registry.store();
  auto generations = registry.generations_at_scrape([] { return std::size_t{3}; });
  auto drops = registry.log_drops_at_scrape("access", [] { return LogLosses{7, 0, 2, 0}; });
  auto loop = registry.loop_times_at_scrape(1, [] { return LoopTimes{300'000'000, 100'000'000}; });

  EXPECT_EQ(gauge(store, Family::sluice_config_generations_alive, {}), 3);
  EXPECT_EQ(counter(store, Family::sluice_log_dropped_total, {{"sink", "access"}, {"reason", "full"}}), 7);
  EXPECT_EQ(counter(store, Family::sluice_log_dropped_total, {{"sink", "access"}, {"reason", "refused"}}), 2);
  EXPECT_EQ(gauge(store, Family::sluice_worker_busy_ratio, {{"worker", "1"}}), 0.75);
}

TEST(MetricsRegistry, ReportsTargetsByStateAndOneByOne) {
  MetricsRegistry registry({});
  auto& store = registry.store();
  auto registrations = registry.targets_at_scrape("orders", [] {
    return std::vector<TargetReport>{{"10.0.0.1:80", TargetState::healthy},
                                     {"10.0.0.2:80", TargetState::healthy},
                                     {"10.0.0.3:80", TargetState::ejected}};
  });

  EXPECT_EQ(gauge(store, Family::sluice_upstream_targets, {{"upstream", "orders"}, {"state", "healthy"}}), 2);
  EXPECT_EQ(gauge(store, Family::sluice_upstream_targets, {{"upstream", "orders"}, {"state", "ejected"}}), 1);
  EXPECT_EQ(gauge(store, Family::sluice_upstream_targets, {{"upstream", "orders"}, {"state", "draining"}}),
            0);
  EXPECT_EQ(
      gauge(store, Family::sluice_upstream_target_up, {{"upstream", "orders"}, {"target", "10.0.0.1:80"}}),
      1);
  EXPECT_EQ(
      gauge(store, Family::sluice_upstream_target_up, {{"upstream", "orders"}, {"target", "10.0.0.3:80"}}),
      0);
}

TEST(MetricsRegistry, LeavesSingleTargetsOutAbove200) {
  MetricsRegistry registry({});
  std::size_t count = 201;
  auto registrations = registry.targets_at_scrape("orders", [&] {
    std::vector<TargetReport> reports;
    for (std::size_t i = 0; i < count; ++i)
      reports.push_back({"target-" + std::to_string(i), TargetState::healthy});
    return reports;
  });

  EXPECT_EQ(series_count(registry.store(), Family::sluice_upstream_target_up), 0u);
  count = 200;
  EXPECT_EQ(series_count(registry.store(), Family::sluice_upstream_target_up), 200u);
  EXPECT_EQ(gauge(registry.store(), Family::sluice_upstream_targets,
                  {{"upstream", "orders"}, {"state", "healthy"}}),
            200);
}

TEST(MetricsRegistry, CountsItsOwnSeries) {
  constexpr std::size_t kBudget = 100;
  base::set_log_sink([](base::Level, std::string_view) {});
  MetricsRegistry registry({.series_budget = kBudget});
  std::vector<std::shared_ptr<UpstreamMetrics>> upstreams;
  for (std::size_t i = 0; i < kBudget + 3; ++i) upstreams.push_back(registry.upstream(std::to_string(i)));

  const Labels metric = {{"metric", "sluice_upstream_connections_total"}};
  EXPECT_EQ(gauge(registry.store(), Family::sluice_metrics_series, metric), kBudget + 1);
  EXPECT_EQ(counter(registry.store(), Family::sluice_metrics_series_dropped_total, metric), 3);
  base::set_log_sink(nullptr);
}

TEST(MetricsRegistry, WritesTheTextFamilyByFamily) {
  MetricsRegistry registry({});
  std::string text;
  std::size_t family = 0;
  int pieces = 0;
  do {
    std::string piece;
    family = registry.write_text(family, piece);
    text += piece;
    ++pieces;
  } while (family != 0);

  EXPECT_GT(pieces, 5);
  EXPECT_THAT(text, HasSubstr("# TYPE sluice_ready gauge\nsluice_ready 0\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE process_start_time_seconds gauge\n"));
  EXPECT_THAT(text, HasSubstr("sluice_event_loop_lag_seconds_bucket{le=\"+Inf\"} 0\n"));
}

TEST(MetricsRegistry, LeavesNothingBehindAfterManyReloads) {
  MetricsRegistry registry({});
  registry.text();
  auto size = registry.text().size();

  for (int reload = 0; reload < 3'000; ++reload) {
    auto route = registry.route("route-" + std::to_string(reload));
    route->expect(http::Method::get, 200, Source::upstream);
    serve(*route);
    auto upstream = registry.upstream("upstream-" + std::to_string(reload));
  }

  // Figures such as the CPU time may have grown by some digits.
  EXPECT_NEAR(static_cast<double>(registry.text().size()), static_cast<double>(size), 200);
}

}  // namespace
}  // namespace sluice::observe::metrics_test

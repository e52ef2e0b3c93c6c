// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/upstream_metrics.h"

#include <gtest/gtest.h>

#include "tests/unit/observe/scraped.h"

namespace sluice::observe::upstream_metrics_test {
namespace {

using namespace std::chrono_literals;

const Labels kOrders = {{"upstream", "orders"}};

TEST(UpstreamMetrics, ShowAnUnusedUpstreamAsZero) {
  SeriesStore store({});
  UpstreamMetrics upstream(store, "orders");

  EXPECT_EQ(
      counter(store, Family::sluice_upstream_requests_total, {{"upstream", "orders"}, {"code_class", "2xx"}}),
      0);
  EXPECT_EQ(observations(store, Family::sluice_upstream_request_duration_seconds, kOrders), 0u);
  EXPECT_EQ(observations(store, Family::sluice_upstream_connect_seconds, kOrders), 0u);
  EXPECT_EQ(counter(store, Family::sluice_upstream_connections_total, kOrders), 0);
  EXPECT_EQ(gauge(store, Family::sluice_upstream_connections,
                  {{"upstream", "orders"}, {"state", "idle"}, {"protocol", "h1"}}),
            0);
}

TEST(UpstreamMetrics, CountAttempts) {
  SeriesStore store({});
  UpstreamMetrics upstream(store, "orders");
  auto& cells = upstream.on(0);

  cells.attempt_ended({.status = 200, .duration = 4ms, .first_byte = 2ms, .received = 10, .sent = 20});
  cells.attempt_ended({.reason = base::Reason::upstream_connect_failed, .duration = 1ms});
  cells.attempt_ended({.reason = base::Reason::upstream_connect_failed, .duration = 1ms});

  EXPECT_EQ(
      counter(store, Family::sluice_upstream_requests_total, {{"upstream", "orders"}, {"code_class", "2xx"}}),
      1);
  EXPECT_EQ(counter(store, Family::sluice_upstream_requests_total,
                    {{"upstream", "orders"}, {"reason", "upstream_connect_failed"}}),
            2);
  EXPECT_EQ(observations(store, Family::sluice_upstream_request_duration_seconds, kOrders), 3u);
  EXPECT_EQ(observations(store, Family::sluice_upstream_first_byte_seconds, kOrders), 1u);
  EXPECT_EQ(
      counter(store, Family::sluice_received_bytes_total, {{"side", "upstream"}, {"upstream", "orders"}}),
      10);
  EXPECT_EQ(counter(store, Family::sluice_sent_bytes_total, {{"side", "upstream"}, {"upstream", "orders"}}),
            20);
}

TEST(UpstreamMetrics, FollowConnectionsThroughThePool) {
  SeriesStore store({});
  UpstreamMetrics upstream(store, "orders");
  auto& cells = upstream.on(0);
  auto open = [&](const char* state) {
    return gauge(store, Family::sluice_upstream_connections,
                 {{"upstream", "orders"}, {"state", state}, {"protocol", "h1"}});
  };

  cells.connected(300us);
  cells.connection_moved(Protocol::h1, PoolState::none, PoolState::active);
  EXPECT_EQ(open("active"), 1);
  cells.connection_moved(Protocol::h1, PoolState::active, PoolState::idle);
  EXPECT_EQ(open("active"), 0);
  EXPECT_EQ(open("idle"), 1);
  cells.reused();
  cells.connection_moved(Protocol::h1, PoolState::idle, PoolState::active);
  cells.connection_moved(Protocol::h1, PoolState::active, PoolState::none);

  EXPECT_EQ(open("active"), 0);
  EXPECT_EQ(open("idle"), 0);
  EXPECT_EQ(counter(store, Family::sluice_upstream_connections_total, kOrders), 1);
  EXPECT_EQ(counter(store, Family::sluice_upstream_connection_reuses_total, kOrders), 1);
  EXPECT_EQ(observations(store, Family::sluice_upstream_connect_seconds, kOrders), 1u);
}

TEST(UpstreamMetrics, CountEjectionsAndTheTimeInTheQueue) {
  SeriesStore store({});
  UpstreamMetrics upstream(store, "orders");
  auto& cells = upstream.on(0);

  for (int i = 0; i < 2; ++i) cells.ejected(EjectionCause::failure_rate);
  for (int i = 0; i < 3; ++i) cells.queued(5ms);

  EXPECT_EQ(counter(store, Family::sluice_upstream_ejections_total,
                    {{"upstream", "orders"}, {"cause", "failure_rate"}}),
            2);
  EXPECT_EQ(observations(store, Family::sluice_upstream_queue_seconds, kOrders), 3u);
}

TEST(UpstreamMetrics, ShowCircuitAndQueueOnlyWhereThereAreSome) {
  SeriesStore store({});
  UpstreamMetrics upstream(store, "orders");
  EXPECT_EQ(gauge(store, Family::sluice_upstream_circuit_state, kOrders), std::nullopt);

  upstream.show_circuit([] { return 2; });
  upstream.show_pending([] { return 7; });
  EXPECT_EQ(gauge(store, Family::sluice_upstream_circuit_state, kOrders), 2);
  EXPECT_EQ(gauge(store, Family::sluice_upstream_pending_requests, kOrders), 7);

  upstream.show_circuit(nullptr);
  EXPECT_EQ(gauge(store, Family::sluice_upstream_circuit_state, kOrders), std::nullopt);
}

TEST(UpstreamMetrics, CountRetriesByCauseAndResult) {
  SeriesStore store({});
  UpstreamMetrics upstream(store, "orders");

  upstream.on(0).retried(base::Reason::stale_connection, RetryResult::success);
  upstream.on(0).retried(base::Reason::timeout_connect, RetryResult::over_budget);

  auto retries = [&](const char* cause, const char* result) {
    return counter(store, Family::sluice_upstream_retries_total,
                   {{"upstream", "orders"}, {"cause", cause}, {"result", result}});
  };
  EXPECT_EQ(retries("stale_connection", "success"), 1);
  EXPECT_EQ(retries("stale_connection", "failed"), 0);
  EXPECT_EQ(retries("timeout_connect", "over_budget"), 1);
}

TEST(UpstreamMetrics, ShowWholeCodesWhenAsked) {
  SeriesStore store({.families = {{"sluice_upstream_requests_total", {.full_codes = true}}}});
  UpstreamMetrics upstream(store, "orders");

  upstream.on(0).attempt_ended({.status = 418});

  EXPECT_EQ(counter(store, Family::sluice_upstream_requests_total, {{"upstream", "orders"}, {"code", "418"}}),
            1);
}

TEST(UpstreamMetrics, ShowHealthChecksWhereThereAreSome) {
  SeriesStore store({});
  UpstreamMetrics checked(store, "orders"), unchecked(store, "users");
  checked.expect_health_checks();
  checked.expect_health_checks();

  checked.health_checked(CheckResult::passed);
  checked.health_checked(CheckResult::timeout);
  checked.health_checked(CheckResult::timeout);

  auto count = [&](const char* result) {
    return counter(store, Family::sluice_upstream_health_checks_total,
                   {{"upstream", "orders"}, {"result", result}});
  };
  EXPECT_EQ(count("passed"), 1);
  EXPECT_EQ(count("failed"), 0);
  EXPECT_EQ(count("timeout"), 2);
  EXPECT_EQ(store.gather(Family::sluice_upstream_health_checks_total).metric.size(), 3u);
}

}  // namespace
}  // namespace sluice::observe::upstream_metrics_test

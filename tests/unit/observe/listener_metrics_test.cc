// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/listener_metrics.h"

#include <gtest/gtest.h>

#include "tests/unit/observe/scraped.h"

namespace sluice::observe::listener_metrics_test {
namespace {

TEST(ListenerMetrics, CountConnections) {
  SeriesStore store({.workers = 2});
  ListenerMetrics listener(store, "public");
  const Labels h1 = {{"listener", "public"}, {"protocol", "h1"}};
  EXPECT_EQ(gauge(store, Family::sluice_connections, h1), 0);

  listener.on(0).opened(Protocol::h1);
  listener.on(1).opened(Protocol::h1);
  listener.on(0).closed(Protocol::h1);

  EXPECT_EQ(gauge(store, Family::sluice_connections, h1), 1);
  EXPECT_EQ(counter(store, Family::sluice_connections_total, h1), 2);
}

TEST(ListenerMetrics, ShowOtherProtocolsOnceTheyAreMet) {
  SeriesStore store({});
  ListenerMetrics listener(store, "public");
  const Labels h2 = {{"listener", "public"}, {"protocol", "h2"}};
  EXPECT_EQ(gauge(store, Family::sluice_connections, h2), std::nullopt);

  listener.on(0).opened(Protocol::h2);

  EXPECT_EQ(gauge(store, Family::sluice_connections, h2), 1);
  EXPECT_EQ(gauge(store, Family::sluice_connections, {{"listener", "public"}, {"protocol", "h3"}}),
            std::nullopt);
}

TEST(ListenerMetrics, CountRejectionsByReason) {
  SeriesStore store({});
  ListenerMetrics listener(store, "public");

  listener.on(0).rejected(Rejection::limit);

  auto rejected = [&](const char* reason) {
    return counter(store, Family::sluice_connections_rejected_total,
                   {{"listener", "public"}, {"reason", reason}});
  };
  EXPECT_EQ(rejected("limit"), 1);
  EXPECT_EQ(rejected("ip"), 0);
  EXPECT_EQ(rejected("proxy_protocol"), 0);
}

}  // namespace
}  // namespace sluice::observe::listener_metrics_test

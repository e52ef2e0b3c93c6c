// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/consumer_metrics.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/observe/scraped.h"

namespace sluice::observe::consumer_metrics_test {
namespace {

// Requests of each consumer that has a series, whatever their status.
std::map<std::string, double> shown(SeriesStore& store) {
  std::map<std::string, double> out;
  for (const auto& metric : store.gather(Family::sluice_consumer_requests_total).metric)
    out[labels_of(metric)["consumer"]] += metric.counter.value;
  return out;
}

using Shown = std::map<std::string, double>;

void count(ConsumerMetrics& consumers, std::string_view id, int times) {
  for (int i = 0; i < times; ++i) consumers.count(0, id, 200);
}

TEST(ConsumerMetrics, CountByStatusOverAllWorkers) {
  SeriesStore store({.workers = 2});
  ConsumerMetrics consumers(store, 10);

  consumers.count(0, "acme", 200);
  consumers.count(1, "acme", 204);
  consumers.count(1, "acme", 429);

  auto of = [&](const char* code) {
    return counter(store, Family::sluice_consumer_requests_total,
                   {{"consumer", "acme"}, {"code_class", code}});
  };
  EXPECT_EQ(of("2xx"), 2);
  EXPECT_EQ(of("4xx"), 1);
  EXPECT_EQ(of("5xx"), std::nullopt);
}

TEST(ConsumerMetrics, ShowTheBusiestAndAddUpTheOthers) {
  SeriesStore store({});
  ConsumerMetrics consumers(store, 2);
  for (int i = 0; i < 50; ++i) count(consumers, "small-" + std::to_string(i), 1);
  count(consumers, "big", 100);
  count(consumers, "large", 90);

  EXPECT_EQ(shown(store), (Shown{{"big", 100}, {"large", 90}, {"other", 50}}));
}

TEST(ConsumerMetrics, NeverGoDown) {
  SeriesStore store({});
  ConsumerMetrics consumers(store, 1);
  count(consumers, "a", 10);
  count(consumers, "b", 5);
  EXPECT_EQ(shown(store), (Shown{{"a", 10}, {"other", 5}}));

  count(consumers, "b", 100);
  EXPECT_EQ(shown(store), (Shown{{"b", 100}, {"other", 5}}));

  count(consumers, "a", 1000);
  EXPECT_EQ(shown(store), (Shown{{"a", 1010}, {"other", 5}}));

  count(consumers, "b", 7);
  EXPECT_EQ(shown(store), (Shown{{"a", 1010}, {"other", 12}}));
}

TEST(ConsumerMetrics, KeepTheirPlacesUntilOthersAreMuchBusier) {
  SeriesStore store({});
  ConsumerMetrics consumers(store, 1);
  count(consumers, "a", 10);
  shown(store);

  for (int i = 0; i < 10; ++i) {
    count(consumers, "a", 10);
    count(consumers, "b", 11);
    EXPECT_TRUE(shown(store).contains("a"));
  }
}

TEST(ConsumerMetrics, CountWhileTheyAreRead) {
  constexpr int kRequests = 20'000;
  SeriesStore store({.workers = 2});
  ConsumerMetrics consumers(store, 3);
  std::vector<std::thread> workers;
  for (unsigned w = 0; w < 2; ++w)
    workers.emplace_back([&, w] {
      for (int i = 0; i < kRequests; ++i) consumers.count(w, "c" + std::to_string(i % 20), 200);
    });
  for (int i = 0; i < 50; ++i) EXPECT_LE(shown(store).size(), 4u);
  for (auto& worker : workers) worker.join();

  // What one that was shown once did then is not told while it is not.
  double before = 0;
  for (const auto& [id, requests] : shown(store)) before += requests;
  EXPECT_LE(before, 2 * kRequests);
  EXPECT_GT(before, 0);
}

}  // namespace
}  // namespace sluice::observe::consumer_metrics_test

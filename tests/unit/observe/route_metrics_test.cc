// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/route_metrics.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/observe/scraped.h"

namespace sluice::observe::route_metrics_test {
namespace {

using namespace std::chrono_literals;

RequestOutcome proxied() {
  return {.method = http::Method::get,
          .status = 200,
          .duration = 3ms,
          .overhead = 20us,
          .received = 100,
          .sent = 900};
}

TEST(RouteMetrics, CountAnAnsweredRequest) {
  SeriesStore store({});
  RouteMetrics route(store, "orders");

  route.on(0).begin();
  EXPECT_EQ(gauge(store, Family::sluice_requests_in_flight, {{"route", "orders"}}), 1);
  route.on(0).end(proxied());

  EXPECT_EQ(gauge(store, Family::sluice_requests_in_flight, {{"route", "orders"}}), 0);
  EXPECT_EQ(counter(store, Family::sluice_requests_total,
                    {{"route", "orders"}, {"method", "GET"}, {"code_class", "2xx"}, {"source", "upstream"}}),
            1);
  EXPECT_EQ(observations(store, Family::sluice_request_duration_seconds,
                         {{"route", "orders"}, {"code_class", "2xx"}}),
            1u);
  EXPECT_EQ(observations(store, Family::sluice_overhead_seconds, {{"route", "orders"}}), 1u);
  EXPECT_EQ(
      counter(store, Family::sluice_received_bytes_total, {{"side", "downstream"}, {"route", "orders"}}),
      100);
  EXPECT_EQ(counter(store, Family::sluice_sent_bytes_total, {{"side", "downstream"}, {"route", "orders"}}),
            900);
}

TEST(RouteMetrics, CountTrailersThatWereLeftOut) {
  SeriesStore store({});
  RouteMetrics route(store, "orders");
  EXPECT_EQ(series_count(store, Family::sluice_trailers_dropped_total), 0u);

  route.on(0).trailers_dropped(Side::downstream);
  route.on(0).trailers_dropped(Side::downstream);
  route.on(0).trailers_dropped(Side::upstream);

  EXPECT_EQ(
      counter(store, Family::sluice_trailers_dropped_total, {{"side", "downstream"}, {"route", "orders"}}),
      2);
  EXPECT_EQ(
      counter(store, Family::sluice_trailers_dropped_total, {{"side", "upstream"}, {"route", "orders"}}), 1);
}

TEST(RouteMetrics, CountStreamsApartFromRequests) {
  SeriesStore store({});
  RouteMetrics route(store, "chat");
  const Labels websocket{{"route", "chat"}, {"kind", "websocket"}},
      other{{"route", "chat"}, {"kind", "upgrade"}};
  EXPECT_EQ(series_count(store, Family::sluice_streams), 0u);

  route.on(0).stream_began(StreamKind::websocket);
  route.on(0).stream_began(StreamKind::websocket);
  route.on(0).stream_began(StreamKind::upgrade);
  EXPECT_EQ(gauge(store, Family::sluice_websockets, {{"route", "chat"}}), 2);
  EXPECT_EQ(gauge(store, Family::sluice_streams, websocket), 2);
  EXPECT_EQ(gauge(store, Family::sluice_streams, other), 1);
  EXPECT_EQ(observations(store, Family::sluice_stream_duration_seconds, websocket), 0u);

  route.on(0).stream_ended(StreamKind::websocket, 2h, 10, 20);
  route.on(0).stream_ended(StreamKind::upgrade, 1s, 1, 2);
  EXPECT_EQ(gauge(store, Family::sluice_websockets, {{"route", "chat"}}), 1);
  EXPECT_EQ(gauge(store, Family::sluice_streams, other), 0);
  auto took = scraped(store, Family::sluice_stream_duration_seconds, websocket)->histogram;
  EXPECT_EQ(took.sample_count, 1u);
  EXPECT_EQ(took.sample_sum, 7200);
  EXPECT_EQ(took.bucket[5].cumulative_count, 0u);  // an hour
  EXPECT_EQ(took.bucket[6].cumulative_count, 1u);  // four
  EXPECT_EQ(counter(store, Family::sluice_received_bytes_total, {{"side", "downstream"}, {"route", "chat"}}),
            11);
  EXPECT_EQ(counter(store, Family::sluice_sent_bytes_total, {{"side", "downstream"}, {"route", "chat"}}), 22);
  EXPECT_EQ(series_count(store, Family::sluice_request_duration_seconds), 0u);
}

TEST(RouteMetrics, CountCallsOfGrpcAsStreamsToo) {
  SeriesStore store({});
  RouteMetrics route(store, "cart");
  const Labels calls{{"route", "cart"}, {"kind", "grpc"}};

  route.on(0).stream_began(StreamKind::grpc);
  EXPECT_EQ(gauge(store, Family::sluice_streams, calls), 1);
  route.on(0).stream_ended(StreamKind::grpc, 90s, 0, 0);

  EXPECT_EQ(gauge(store, Family::sluice_streams, calls), 0);
  EXPECT_EQ(scraped(store, Family::sluice_stream_duration_seconds, calls)->histogram.sample_sum, 90);
}

TEST(RouteMetrics, CountSizesWhereThatIsAskedFor) {
  auto outcome = proxied();
  outcome.received = 256;
  outcome.sent = 70'000;
  auto counted = [&](SeriesStore& store) {
    RouteMetrics route(store, "orders");
    for (auto stage : {AbortStage::none, AbortStage::none, AbortStage::response}) {
      outcome.aborted = stage;
      route.on(0).begin();
      route.on(0).end(outcome);
    }
    return std::pair(scraped(store, Family::sluice_request_size_bytes, {{"route", "orders"}}),
                     scraped(store, Family::sluice_response_size_bytes, {{"route", "orders"}}));
  };
  SeriesStore plain({});
  EXPECT_EQ(counted(plain).first, std::nullopt);
  EXPECT_EQ(counted(plain).second, std::nullopt);

  SeriesStore asked({.families = {{"sluice_request_size_bytes", {}}, {"sluice_response_size_bytes", {}}}});
  auto [requests, responses] = counted(asked);

  ASSERT_TRUE(requests && responses);
  EXPECT_EQ(requests->histogram.sample_count, 2u);
  EXPECT_EQ(requests->histogram.sample_sum, 512);
  EXPECT_EQ(requests->histogram.bucket[0].upper_bound, 256);
  EXPECT_EQ(requests->histogram.bucket[0].cumulative_count, 2u);
  EXPECT_EQ(responses->histogram.bucket[4].cumulative_count, 0u);  // 64 KiB
  EXPECT_EQ(responses->histogram.bucket[5].cumulative_count, 2u);
  EXPECT_EQ(responses->histogram.bucket[9].upper_bound, 64 << 20);
}

TEST(RouteMetrics, NameTheReasonOfALocalReply) {
  SeriesStore store({});
  RouteMetrics route(store, "orders");
  auto outcome = proxied();
  outcome.method = http::Method::other;
  outcome.status = 504;
  outcome.source = Source::gateway;
  outcome.reason = base::Reason::timeout_first_byte;

  for (int i = 0; i < 3; ++i) {
    route.on(0).begin();
    route.on(0).end(outcome);
  }

  EXPECT_EQ(counter(store, Family::sluice_requests_total,
                    {{"route", "orders"},
                     {"method", "other"},
                     {"code_class", "5xx"},
                     {"source", "gateway"},
                     {"reason", "timeout_first_byte"}}),
            3);
}

TEST(RouteMetrics, CountAnAbortedRequestAsThatAlone) {
  SeriesStore store({});
  RouteMetrics route(store, "orders");
  auto outcome = proxied();
  outcome.status = 499;
  outcome.aborted = AbortStage::waiting;

  route.on(0).begin();
  route.on(0).end(outcome);

  EXPECT_EQ(series_count(store, Family::sluice_requests_total), 0u);
  EXPECT_EQ(series_count(store, Family::sluice_request_duration_seconds), 0u);
  EXPECT_EQ(gauge(store, Family::sluice_requests_in_flight, {{"route", "orders"}}), 0);
  EXPECT_EQ(counter(store, Family::sluice_client_aborts_total, {{"route", "orders"}, {"stage", "waiting"}}),
            1);
  EXPECT_EQ(counter(store, Family::sluice_client_aborts_total, {{"route", "orders"}, {"stage", "request"}}),
            0);
  EXPECT_EQ(counter(store, Family::sluice_client_aborts_total, {{"route", "orders"}, {"stage", "response"}}),
            0);
}

TEST(RouteMetrics, TellStatusesApartOnlyWhenAsked) {
  auto series = [](bool full) {
    SeriesStore store({.families = {{"sluice_requests_total", {.full_codes = full}}}});
    RouteMetrics route(store, "orders");
    for (int status : {200, 201, 204}) {
      auto outcome = proxied();
      outcome.status = status;
      route.on(0).begin();
      route.on(0).end(outcome);
    }
    Labels created = {{"route", "orders"},
                      {"method", "GET"},
                      {full ? "code" : "code_class", full ? "201" : "2xx"},
                      {"source", "upstream"}};
    return std::pair(series_count(store, Family::sluice_requests_total),
                     counter(store, Family::sluice_requests_total, created));
  };

  EXPECT_EQ(series(false), std::pair(std::size_t{1}, std::optional(3.0)));
  EXPECT_EQ(series(true), std::pair(std::size_t{3}, std::optional(1.0)));
}

TEST(RouteMetrics, TakeOddStatusesWithoutALabel) {
  SeriesStore store({});
  RouteMetrics route(store, "orders");
  for (int status : {0, 99, 600, 999, -1}) {
    auto outcome = proxied();
    outcome.status = status;
    route.on(0).begin();
    route.on(0).end(outcome);
  }

  EXPECT_EQ(counter(store, Family::sluice_requests_total,
                    {{"route", "orders"}, {"method", "GET"}, {"source", "upstream"}}),
            5);
}

TEST(RouteMetrics, ShowWhatIsExpectedAsZeroOnce) {
  SeriesStore store({});
  RouteMetrics route(store, "orders");

  route.expect(http::Method::get, 200, Source::upstream);
  route.expect(http::Method::get, 200, Source::upstream);

  EXPECT_EQ(counter(store, Family::sluice_requests_total,
                    {{"route", "orders"}, {"method", "GET"}, {"code_class", "2xx"}, {"source", "upstream"}}),
            0);
  EXPECT_EQ(series_count(store, Family::sluice_requests_total), 1u);
}

TEST(RouteMetrics, LeaveNothingBehind) {
  SeriesStore store({});
  {
    RouteMetrics route(store, "orders");
    route.expect(http::Method::get, 200, Source::upstream);
    route.on(0).begin();
    route.on(0).end(proxied());
  }
  for (const auto& r : family_rows()) EXPECT_EQ(series_count(store, r.family), 0u) << r.name;
}

TEST(RouteMetrics, MergeWorkersThatCountWhileTheyAreRead) {
  constexpr int kRequests = 5'000;
  SeriesStore store({.workers = 3});
  RouteMetrics route(store, "orders");
  std::vector<std::thread> workers;
  for (unsigned w = 0; w < 3; ++w)
    workers.emplace_back([&, w] {
      constexpr int kStatuses[] = {200, 404, 503, 301};
      for (int i = 0; i < kRequests; ++i) {
        auto outcome = proxied();
        outcome.status = kStatuses[i % 4];
        route.on(w).begin();
        route.on(w).end(outcome);
      }
    });
  std::uint64_t before = 0;
  for (int i = 0; i < 100; ++i) {
    auto now = observations(store, Family::sluice_overhead_seconds, {{"route", "orders"}}).value_or(0);
    EXPECT_GE(now, before);
    before = now;
  }
  for (auto& w : workers) w.join();

  double sum = 0;
  for (const auto& metric : store.gather(Family::sluice_requests_total).metric) sum += metric.counter.value;
  EXPECT_EQ(sum, 3 * kRequests);
  EXPECT_EQ(observations(store, Family::sluice_overhead_seconds, {{"route", "orders"}}), 3u * kRequests);
  EXPECT_EQ(gauge(store, Family::sluice_requests_in_flight, {{"route", "orders"}}), 0);
}

TEST(RouteMetrics, CountEventsAsStreams) {
  SeriesStore store({});
  RouteMetrics route(store, "news");
  const Labels sse{{"route", "news"}, {"kind", "sse"}};

  route.on(0).stream_began(StreamKind::sse);
  EXPECT_EQ(gauge(store, Family::sluice_streams, sse), 1);
  EXPECT_EQ(series_count(store, Family::sluice_websockets), 0u);
  route.on(0).stream_ended(StreamKind::sse, 2h, 0, 0);

  EXPECT_EQ(gauge(store, Family::sluice_streams, sse), 0);
  EXPECT_EQ(observations(store, Family::sluice_stream_duration_seconds, sse), 1u);
}

TEST(RouteMetrics, CountCallsOfGrpcUnderWay) {
  SeriesStore store({});
  RouteMetrics route(store, "cart");
  Labels grpc{{"route", "cart"}, {"kind", "grpc"}};
  EXPECT_EQ(series_count(store, Family::sluice_streams), 0u);

  route.on(0).stream_began(StreamKind::grpc);
  route.on(0).stream_began(StreamKind::grpc);
  route.on(0).stream_ended(StreamKind::grpc, {}, 0, 0);

  EXPECT_EQ(gauge(store, Family::sluice_streams, grpc), 1);
}

}  // namespace
}  // namespace sluice::observe::route_metrics_test

// SPDX-License-Identifier: Apache-2.0
// What logging and counting one request costs its worker: a line into the ring while the writer empties it,
// the line alone, and the metrics of one proxied request. Bodies, sockets and clocks are not part of it.
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <thread>

#include "gateway/observe/access_log.h"
#include "gateway/observe/metrics.h"

#include "tests/unit/observe/sample_record.h"

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;

AccessRecord proxied_request() {
  AccessRecord r = forwarded_record();
  r.request_id = "0197f0a2-8f4e-7c11-9d3a-5b1f6f2f9a01";
  r.client_ip = "203.0.113.77";
  r.path = "/orders/4711/items?page=2&per_page=50&sort=created_at";
  r.upstream = "orders";
  r.target = "10.0.3.17:8080";
  r.bytes_in = 812;
  r.bytes_out = 1'377;
  r.duration = 3'417us;
  r.first_byte = 3'280us;
  r.upstream_time = 3'391us;
  r.overhead = 26us;
  r.user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
  r.referer = "https://www.example.com/shop/orders";
  r.config_hash = "9f86d081884c";
  return r;
}

void line(benchmark::State& state, LogFormat format) {
  AccessLogConfig config;
  config.format = format;
  LineFormatter formatter(config);
  auto record = proxied_request();
  auto out = std::make_unique<char[]>(LineFormatter::kMaxLine);
  std::size_t size = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(record);
    size = formatter.format(record, out.get());
    benchmark::ClobberMemory();
  }
  state.counters["bytes"] = static_cast<double>(size);
}
BENCHMARK_CAPTURE(line, json, LogFormat::json);
BENCHMARK_CAPTURE(line, logfmt, LogFormat::logfmt);
BENCHMARK_CAPTURE(line, combined, LogFormat::combined);

// The worker's whole cost of a line. The writer runs beside it, so lines are dropped when this loop, which
// does nothing else, outruns it; `dropped` is their share.
void lane(benchmark::State& state, LogFormat format) {
  AccessLogConfig config;
  config.format = format;
  config.to = "/dev/null";
  AccessLog log(config, 1);
  if (!log.start()) return state.SkipWithError("cannot start the log");
  auto record = proxied_request();
  for (auto _ : state) {
    benchmark::DoNotOptimize(record);
    log.lane(0).write(record);
  }
  log.stop();
  state.counters["dropped"] = static_cast<double>(log.dropped()) / static_cast<double>(state.iterations());
}
BENCHMARK_CAPTURE(lane, json, LogFormat::json);
BENCHMARK_CAPTURE(lane, logfmt, LogFormat::logfmt);
BENCHMARK_CAPTURE(lane, combined, LogFormat::combined);

void metrics_of_a_request(benchmark::State& state) {
  MetricsRegistry registry({});
  auto route = registry.route("orders");
  RequestOutcome outcome{.method = http::Method::get,
                         .status = 200,
                         .duration = 3'417us,
                         .overhead = 26us,
                         .received = 812,
                         .sent = 1'377};
  for (auto _ : state) {
    benchmark::DoNotOptimize(outcome);
    auto& cells = route->on(0);
    cells.begin();
    cells.end(outcome);
  }
}
BENCHMARK(metrics_of_a_request);

void metrics_of_an_attempt(benchmark::State& state) {
  MetricsRegistry registry({});
  auto upstream = registry.upstream("orders");
  AttemptOutcome outcome{
      .status = 200, .duration = 3'391us, .first_byte = 3'280us, .received = 1'300, .sent = 900};
  for (auto _ : state) {
    benchmark::DoNotOptimize(outcome);
    auto& cells = upstream->on(0);
    cells.reused();
    cells.connection_moved(Protocol::h1, PoolState::idle, PoolState::active);
    cells.attempt_ended(outcome);
    cells.connection_moved(Protocol::h1, PoolState::active, PoolState::idle);
  }
}
BENCHMARK(metrics_of_an_attempt);

// Requests of many routes that end in different ways: cells are not in the first cache and last-key guesses
// fail.
void metrics_of_many_routes(benchmark::State& state) {
  MetricsRegistry registry({});
  std::vector<std::shared_ptr<RouteMetrics>> routes;
  for (int i = 0; i < 1000; ++i) routes.push_back(registry.route("route-" + std::to_string(i)));
  constexpr std::array<int, 4> kStatuses = {200, 304, 404, 201};
  RequestOutcome outcome{.duration = 3'417us, .overhead = 26us};
  std::size_t i = 0;
  for (auto _ : state) {
    i = i * 1'103'515'245 + 12'345;
    outcome.status = kStatuses[i >> 8 & 3];
    auto& cells = routes[(i >> 16) % routes.size()]->on(0);
    cells.begin();
    cells.end(outcome);
  }
}
BENCHMARK(metrics_of_many_routes);

}  // namespace
}  // namespace sluice::observe

// SPDX-License-Identifier: Apache-2.0
// What finding the route costs with 1, 100 and 10,000 routes. "hot" asks for one route again and again, as a
// busy service is asked; "spread" goes through all routes, so that a large table misses the caches. Building
// and memory of a table as well.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "gateway/routing/table_builder.h"

namespace sluice::routing {
namespace {

template <class T>
T parsed(Parsed<T> p) {
  return std::get<T>(std::move(p));
}

// A table such as many teams share: three hosts, an API of services with a few patterns each.
std::vector<RouteMatches> some_routes(std::size_t n) {
  static constexpr const char* kHosts[] = {"api.example.com", "*.example.com", "*"};
  std::vector<RouteMatches> routes;
  for (std::size_t i = 0; i < n; ++i) {
    std::string service = "/api/v1/service-" + std::to_string(i / 4);
    std::string paths[] = {service + "/items/{id}", service + "/items", service + "/**",
                           service + "/items/{id}/lines"};
    Match m;
    m.hosts.push_back(parsed(parse_host(kHosts[i % 3])));
    m.paths.push_back(parsed(parse_path(paths[i % 4])));
    if (i % 2 == 0) m.methods = {"GET", "POST"};
    routes.push_back({"r" + std::to_string(i), 0, {std::move(m)}});
  }
  return routes;
}

// Asks for route `i` (of the kind that has a capture).
struct Question {
  explicit Question(std::size_t i) : path("/api/v1/service-" + std::to_string(i / 4) + "/items/4711") {
    head.method = http::Method::get;
    head.method_text = "GET";
    head.host = "api.example.com";
    head.path = path;
  }
  std::string path;
  base::Arena arena;
  http::RequestHead head{arena};
};

void hot(benchmark::State& state) {
  auto n = static_cast<std::size_t>(state.range(0));
  auto built = build_table(some_routes(n));
  Question question(n / 2 / 12 * 12);
  for (auto _ : state) {
    Lookup found = built.table.find(question.head);
    benchmark::DoNotOptimize(found.route);
  }
  if (built.table.find(question.head).outcome != Lookup::Outcome::matched) state.SkipWithError("no match");
}
BENCHMARK(hot)->Arg(1)->Arg(100)->Arg(10'000);

void spread(benchmark::State& state) {
  auto n = static_cast<std::size_t>(state.range(0));
  auto built = build_table(some_routes(n));
  std::vector<std::unique_ptr<Question>> questions;
  for (std::size_t i = 0; i < n; i += 12) questions.push_back(std::make_unique<Question>(i));
  std::size_t next = 0;
  for (auto _ : state) {
    Lookup found = built.table.find(questions[next]->head);
    benchmark::DoNotOptimize(found.route);
    if (++next == questions.size()) next = 0;
  }
}
BENCHMARK(spread)->Arg(1)->Arg(100)->Arg(10'000);

void unknown_path(benchmark::State& state) {
  auto built = build_table(some_routes(static_cast<std::size_t>(state.range(0))));
  Question question(0);
  question.head.path = "/wp-admin/setup.php";
  for (auto _ : state) {
    Lookup found = built.table.find(question.head);
    benchmark::DoNotOptimize(found.outcome);
  }
}
BENCHMARK(unknown_path)->Arg(1)->Arg(10'000);

void build(benchmark::State& state) {
  auto routes = some_routes(static_cast<std::size_t>(state.range(0)));
  std::size_t memory = 0;
  for (auto _ : state) {
    BuiltTable built = build_table(routes);
    memory = built.table.memory();
  }
  state.counters["KiB"] = static_cast<double>(memory) / 1024;
}
BENCHMARK(build)->Arg(100)->Arg(10'000)->Unit(benchmark::kMillisecond);

void parse_and_build(benchmark::State& state) {
  for (auto _ : state) {
    BuiltTable built = build_table(some_routes(static_cast<std::size_t>(state.range(0))));
    benchmark::DoNotOptimize(built);
  }
}
BENCHMARK(parse_and_build)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::routing

// SPDX-License-Identifier: Apache-2.0
// What a route's chain costs: the walk itself with 0, 1 and 3 filters that do nothing, before a handler that
// answers at once and before one that waits for something that is there already; then the filters that nearly
// everybody uses. Every round has the cost of making an exchange and twelve request fields, which BM_Exchange
// shows alone.
#include <benchmark/benchmark.h>

#include <functional>

#include "gateway/chain/local_reply.h"
#include "gateway/chain/template.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace {

using namespace sluice;
using base::Result;
using base::Task;

constexpr std::pair<std::string_view, std::string_view> kFields[] = {
    {"Host", "shop.example.com"},
    {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0"},
    {"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"},
    {"Accept-Language", "de-DE,de;q=0.9,en-US;q=0.8"},
    {"Accept-Encoding", "gzip, deflate, br"},
    {"Referer", "https://shop.example.com/catalogue/shoes?page=3"},
    {"X-Debug", "1"},
    {"Cache-Control", "max-age=0"},
    {"Cookie", "session=0123456789abcdef0123456789abcdef; theme=dark"},
    {"X-Trace", "7f9c24e8-3b12-4fef-91d0-1c8f2f1a7d3a"},
    {"Authorization", "Bearer eyJhbGciOiJIUzI1NiJ9"},
    {"X-Tenant", "acme"},
};

// One stream and its worker, made new for each round as a connection does it.
struct Round {
  Round() { stream.ask("GET", "/api/v1/users/42?expand=orders&q=a%20b", "shop.example.com"); }
  void begin() {
    stream.arena().reset();
    stream.ask("GET", "/api/v1/users/42?expand=orders&q=a%20b", "shop.example.com");
    stream.request().fields = http::Fields(stream.arena());
    for (const auto& [name, value] : kFields) stream.request().fields.add(name, value);
  }
  base::VirtualClock clock;
  net::Loop loop{clock};
  chain::Worker worker{loop, 0};
  test::FakeStream stream;
  base::Scope connection;
};

// Calls fn(exchange) in a new exchange for each round.
template <class F>
void rounds(benchmark::State& state, F fn) {
  Round round;
  const chain::Capture captures[] = {{"id", "42"}};
  for (auto _ : state) {
    round.begin();
    chain::Exchange ex(round.stream, round.worker, &round.connection);
    ex.captures = captures;
    ex.matched_prefix = ex.request.path.substr(0, 4);
    fn(ex);
    benchmark::DoNotOptimize(ex.response.status);
  }
}

struct Empty final : chain::Filter {
  Task<chain::Step> on_request(chain::Exchange&) const override { return chain::Step::next; }
  Task<void> on_response(chain::Exchange&) const override { return {}; }
};
struct AtOnce final : chain::Handler {
  Task<Result<void>> answer(chain::Exchange& ex) const override {
    ex.response.status = 200;
    return Result<void>();
  }
};
struct Coroutine final : chain::Handler {
  Task<Result<void>> answer(chain::Exchange& ex) const override {
    ex.response.status = 200;
    co_return Result<void>();
  }
};

Task<void> drive(Task<void>& task) { co_await task; }

template <class H>
chain::Chain chain_of(std::size_t filters) {
  std::vector<chain::Link> links;
  for (std::size_t i = 0; i < filters; ++i)
    links.push_back({std::make_shared<Empty>(), {true, true, false}, "empty"});
  return {std::move(links), std::make_shared<H>()};
}

void BM_Exchange(benchmark::State& state) {
  rounds(state, [](chain::Exchange&) {});
}
void BM_Chain(benchmark::State& state) {
  auto chain = chain_of<AtOnce>(static_cast<std::size_t>(state.range(0)));
  rounds(state, [&](chain::Exchange& ex) { benchmark::DoNotOptimize(chain.run(ex).await_ready()); });
}
void BM_HandlerCoroutineAlone(benchmark::State& state) {
  Coroutine handler;
  rounds(state, [&](chain::Exchange& ex) {
    auto answered = handler.answer(ex);
    auto task = [](Task<Result<void>>& t) -> Task<void> { co_await t; }(answered);
    base::spawn(ex.scope, drive(task));
  });
}
void BM_ChainBeforeCoroutine(benchmark::State& state) {
  auto chain = chain_of<Coroutine>(static_cast<std::size_t>(state.range(0)));
  rounds(state, [&](chain::Exchange& ex) {
    auto task = chain.run(ex);
    base::spawn(ex.scope, drive(task));
  });
}

void run_filter(benchmark::State& state, std::string_view yaml) {
  auto filter = test::filter(yaml, {"id"});
  if (!filter.problems.empty()) return state.SkipWithError(filter.problems.c_str());
  rounds(state, [&](chain::Exchange& ex) {
    if (filter.hooks.request) benchmark::DoNotOptimize(filter.get().on_request(ex).await_resume());
    if (filter.hooks.response) benchmark::DoNotOptimize(filter.get().on_response(ex).await_ready());
  });
}

constexpr std::string_view kTypicalEdit =
    "headers: {request: {set: {X-Client: \"${client.ip}\"}, remove: [X-Debug]}, response: {remove: "
    "[Server]}}";
constexpr std::string_view kLargeEdit =
    "headers: {request: {set: {X-Client: \"${client.ip}\", X-User: \"u-${path.id}\", X-Env: prod}, "
    "default: {Accept: \"*/*\"}, add: {X-Via: gw}, remove: [Cookie, \"X-Internal-*\", \"X-D*\"]}, "
    "response: {remove: [Server, X-Powered-By], set: {Strict-Transport-Security: max-age=1}}}";

void BM_Headers(benchmark::State& state) { run_filter(state, kTypicalEdit); }
void BM_HeadersLarge(benchmark::State& state) { run_filter(state, kLargeEdit); }
void BM_RequestId(benchmark::State& state) { run_filter(state, "request_id: {}"); }
void BM_RewritePrefix(benchmark::State& state) { run_filter(state, "rewrite: {prefix: /v2}"); }
void BM_RewritePath(benchmark::State& state) { run_filter(state, "rewrite: {path: \"/users/${path.id}\"}"); }

void BM_LocalReply(benchmark::State& state) {
  rounds(state, [](chain::Exchange& ex) {
    chain::make_local_reply(ex, base::Reason::rate_limited, "10 per second");
  });
}

BENCHMARK(BM_Exchange);
BENCHMARK(BM_Chain)->Arg(0)->Arg(1)->Arg(3);
BENCHMARK(BM_HandlerCoroutineAlone);
BENCHMARK(BM_ChainBeforeCoroutine)->Arg(0)->Arg(1)->Arg(3);
BENCHMARK(BM_Headers);
BENCHMARK(BM_HeadersLarge);
BENCHMARK(BM_RequestId);
BENCHMARK(BM_RewritePrefix);
BENCHMARK(BM_RewritePath);
BENCHMARK(BM_LocalReply);

}  // namespace

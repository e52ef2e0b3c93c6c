// SPDX-License-Identifier: Apache-2.0
// What the choice of a target costs, for each kind of balancer and for few and many targets; and what an
// answer costs the one that goes by latency.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "gateway/upstream/maglev.h"
#include "gateway/upstream/upstream.h"

namespace {

using namespace sluice;
using upstream::Balance;

struct Bench {
  Bench(Balance kind, int targets) : upstream("bench", config(kind, targets), {}, table) {
    upstream.put_in_force(clock.wall());
    for (const auto& t : upstream.targets()) t->latency().observe(std::chrono::milliseconds(1), loop.now());
  }
  static upstream::UpstreamConfig config(Balance kind, int targets) {
    upstream::UpstreamConfig c;
    c.balance = kind;
    if (kind == Balance::consistent_hash) c.hash_by.emplace_back();
    for (int i = 0; i < targets; ++i)
      c.targets.push_back({{"10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 80}, 1});
    return c;
  }
  base::RealClock clock;
  net::Loop loop{clock};
  upstream::TargetTable table{{&loop}, nullptr};
  upstream::Upstream upstream;
};

void BM_Choose(benchmark::State& state) {
  auto kind = static_cast<Balance>(state.range(0));
  Bench bench(kind, static_cast<int>(state.range(1)));
  state.SetLabel(upstream::name(kind));
  upstream::PickKey key;
  std::uint64_t n = 0;
  for (auto _ : state) {
    if (kind == Balance::consistent_hash) key.hash = ++n * 0x9e3779b97f4a7c15;
    benchmark::DoNotOptimize(bench.upstream.choose(0, key));
  }
}
BENCHMARK(BM_Choose)->ArgsProduct({{0, 1, 2, 3, 4}, {2, 10, 100}});

// With so many in flight that the bound has to be looked at.
void BM_ChooseUnderLoad(benchmark::State& state) {
  Bench bench(Balance::consistent_hash, static_cast<int>(state.range(0)));
  std::vector<std::unique_ptr<upstream::ActiveRequest>> busy;
  for (const auto& t : bench.upstream.targets())
    for (int i = 0; i < 20; ++i) busy.push_back(std::make_unique<upstream::ActiveRequest>(*t));
  upstream::PickKey key;
  std::uint64_t n = 0;
  for (auto _ : state) {
    key.hash = ++n * 0x9e3779b97f4a7c15;
    benchmark::DoNotOptimize(bench.upstream.choose(0, key));
  }
}
BENCHMARK(BM_ChooseUnderLoad)->Arg(10)->Arg(100);

void BM_AffinityHash(benchmark::State& state) {
  std::string key = "consumer=acme-corp";
  for (auto _ : state) {
    benchmark::DoNotOptimize(key);
    benchmark::DoNotOptimize(upstream::affinity_hash(key));
  }
}
BENCHMARK(BM_AffinityHash);

void BM_Learn(benchmark::State& state) {
  upstream::Latency latency;
  base::SteadyTime now{std::chrono::hours(1)};
  for (auto _ : state) latency.observe(std::chrono::milliseconds(1), now += std::chrono::microseconds(10));
  benchmark::DoNotOptimize(latency.at(now));
}
BENCHMARK(BM_Learn);

void BM_MaglevTable(benchmark::State& state) {
  std::vector<std::string> names;
  for (int i = 0; i < state.range(0); ++i) names.push_back("http://10.0.0." + std::to_string(i) + ":80");
  std::vector<upstream::MaglevTable::Entry> entries;
  for (const auto& n : names) entries.push_back({n, 1});
  for (auto _ : state) benchmark::DoNotOptimize(upstream::MaglevTable(entries));
}
BENCHMARK(BM_MaglevTable)->Arg(3)->Arg(100)->Unit(benchmark::kMillisecond);

}  // namespace

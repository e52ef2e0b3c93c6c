// SPDX-License-Identifier: Apache-2.0
// What a decision of the local limiter costs: one hot key, a million keys, several limits, keys that are new
// each time, and several threads on one table.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "gateway/stores/memory_counters.h"

namespace {

using namespace sluice::stores;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::size_t kKeys = 1'000'000;

Limit limit(std::uint64_t salt, std::uint64_t count = 1'000'000'000) {
  return {Algorithm::token_bucket, count, kSecond * 60, count, 0, salt};
}

std::vector<std::string> keys() {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kKeys; ++i)
    out.push_back("consumer=c" + std::to_string(i * 2654435761u % kKeys));
  return out;
}

MemoryCounters& table() {
  static MemoryCounters counters(kKeys);
  return counters;
}

void BM_OneKey(benchmark::State& state) {
  const Limit limits[] = {limit(1)};
  Instant now = 1000 * kSecond;
  for (auto _ : state)
    benchmark::DoNotOptimize(table().take_now(now += 100, {limits, "p", "consumer=acme-corp"}));
}
BENCHMARK(BM_OneKey)->ThreadRange(1, 2);

void BM_AMillionKeys(benchmark::State& state) {
  static const auto all = keys();
  const Limit limits[] = {limit(2)};
  Instant now = 1000 * kSecond;
  for (const auto& key : all) table().take_now(now, {limits, "p", key});
  std::size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(table().take_now(now += 100, {limits, "p", all[i++ % kKeys]}));
  // Of the one table, whatever the number of threads.
  auto of_the_table = [&](const char* name, double value) {
    state.counters[name] = {value, benchmark::Counter::kAvgThreads};
  };
  of_the_table("bytes/key", static_cast<double>(table().table().bytes()) / kKeys);
  of_the_table("evictions", static_cast<double>(table().table().evictions()));
}
BENCHMARK(BM_AMillionKeys)->ThreadRange(1, 2);

void BM_ThreeLimits(benchmark::State& state) {
  const Limit limits[] = {limit(3), limit(4), limit(5)};
  Instant now = 1000 * kSecond;
  for (auto _ : state)
    benchmark::DoNotOptimize(table().take_now(now += 100, {limits, "p", "consumer=acme-corp"}));
}
BENCHMARK(BM_ThreeLimits);

// Keys that expire at once and make room for the next ones, for ever.
void BM_NewKeys(benchmark::State& state) {
  MemoryCounters counters(kKeys);
  const Limit limits[] = {limit(6)};
  Instant now = 1000 * kSecond;
  std::uint64_t n = 0;
  for (auto _ : state) {
    ++n;
    std::string_view key(reinterpret_cast<const char*>(&n), sizeof n);
    benchmark::DoNotOptimize(counters.take_now(now += 100, {limits, "p", key}));
  }
}
BENCHMARK(BM_NewKeys);

}  // namespace

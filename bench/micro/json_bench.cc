// SPDX-License-Identifier: Apache-2.0
// What a body of JSON costs on its way into a composed answer: a list of 79 objects, 10 KiB, is picked, a
// member of each renamed, and three such are merged.
#include <benchmark/benchmark.h>

#include "gateway/json/merge.h"
#include "gateway/json/shape.h"

namespace {

using namespace sluice::json;

// In memory as scan.h wants it.
const std::string& bytes() {
  static const std::string all = [] {
    std::string out = R"({"data":{"items":[)";
    for (int i = 0; i < 79; ++i)
      out += (i ? R"(,{"id":)" : R"({"id":)") + std::to_string(1000 + i) + R"(,"name":"Product number )" +
             std::to_string(i) + R"(","price":)" + std::to_string(1250 + i) +
             R"(,"tags":["red","large"],"stock":true,"owner":{"id":77,"mail":"ann@example.com"}})";
    return out + R"(]},"page":1})" + std::string(kPadding, '\0');
  }();
  return all;
}
std::string_view body() { return std::string_view(bytes()).substr(0, bytes().size() - kPadding); }

Path path(std::string_view text) { return std::get<Path>(Path::parse(text)); }

std::string_view items() { return *find(body(), path("data.items").steps()); }

void check_and_pick(benchmark::State& state) {
  Path picked = path("data.items");
  for (auto _ : state) {
    std::string_view found;
    if (check(body(), picked.steps(), found)) state.SkipWithError("no JSON");
    benchmark::DoNotOptimize(found);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(body().size()));
}
BENCHMARK(check_and_pick);

void rename_in_each(benchmark::State& state) {
  Shape shape;
  shape.rename(path("[].name"), "title");
  std::string_view list = items();
  for (auto _ : state) {
    Output out(list.size());
    shape.apply(list, out);
    benchmark::DoNotOptimize(out.text());
  }
}
BENCHMARK(rename_in_each);

// What a composition does: both in one pass.
void check_pick_and_rename(benchmark::State& state) {
  Path picked = path("data.items");
  Shape shape;
  shape.rename(path("[].name"), "title");
  for (auto _ : state) {
    std::string_view found;
    Output out;
    if (shape.check_and_apply(body(), picked.steps(), found, out)) state.SkipWithError("no JSON");
    benchmark::DoNotOptimize(out.text());
  }
}
BENCHMARK(check_pick_and_rename);

void merge_three(benchmark::State& state) {
  const Path places[] = {path("p1"), path("p2"), path("p3")};
  std::string_view list = items();
  for (auto _ : state) {
    sluice::base::Arena arena;
    Merge merge(arena);
    for (const Path& p : places) merge.add("call", p.steps(), list, OnConflict::last);
    Output out(4 * list.size());
    merge.write(out);
    benchmark::DoNotOptimize(out.text());
  }
}
BENCHMARK(merge_three);

// So many objects of the same kind, about 130 bytes each: 10,000 are 1.3 MB, 100,000 are 13 MB.
std::string list_of(std::int64_t n) {
  std::string out = "[";
  for (std::int64_t i = 0; i < n; ++i)
    out +=
        (i ? R"(,{"id":)" : R"({"id":)") + std::to_string(i) + R"(,"name":"Product number )" +
        std::to_string(i) +
        R"(","price":1250,"tags":["red","large"],"stock":true,"owner":{"id":77,"mail":"ann@example.com"}})";
  return out + "]" + std::string(kPadding, '\0');
}
// One text of 1 MiB, in which nothing is escaped.
std::string one_text() {
  return "{\"text\":\"" + std::string(1 << 20, 'x') + "\"}" + std::string(kPadding, '\0');
}

void shape_large(benchmark::State& state, const std::string& padded, std::string_view renamed) {
  std::string_view text = std::string_view(padded).substr(0, padded.size() - kPadding);
  Shape shape;
  shape.rename(path(renamed), "title");
  for (auto _ : state) {
    std::string_view found;
    Output out;
    if (shape.check_and_apply(text, {}, found, out)) state.SkipWithError("no JSON");
    benchmark::DoNotOptimize(out.text());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(text.size()));
}
void check_and_rename_items(benchmark::State& state) {
  shape_large(state, list_of(state.range(0)), "[].name");
}
BENCHMARK(check_and_rename_items)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
void merge_with_itself(benchmark::State& state, const std::string& padded, OnConflict policy) {
  std::string_view text = std::string_view(padded).substr(0, padded.size() - kPadding);
  for (auto _ : state) {
    sluice::base::Arena arena;
    Merge merge(arena);
    for (const char* from : {"a", "b"}) merge.add(from, {}, text, policy);
    Output out(2 * text.size());
    merge.write(out);
    benchmark::DoNotOptimize(out.text());
  }
}
// Two lists of so many items become one.
void merge_items(benchmark::State& state) {
  merge_with_itself(state, list_of(state.range(0)), OnConflict::concat);
}
BENCHMARK(merge_items)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
// Two objects of so many members, which have the same names.
void merge_members(benchmark::State& state) {
  std::string object = "{";
  for (std::int64_t i = 0; i < state.range(0); ++i)
    object += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":{\"n\":1}";
  merge_with_itself(state, object + "}" + std::string(kPadding, '\0'), OnConflict::deep);
}
BENCHMARK(merge_members)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void check_and_rename_one_mebibyte(benchmark::State& state) { shape_large(state, one_text(), "text"); }
BENCHMARK(check_and_rename_one_mebibyte)->Unit(benchmark::kMillisecond);

}  // namespace

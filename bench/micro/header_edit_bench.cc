// SPDX-License-Identifier: Apache-2.0
// What a proxy does to a head between reading and writing: removal of hop-by-hop fields, a header edit, and
// writing with kept lines copied in runs.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "gateway/http/h1/parser.h"
#include "gateway/http/h1/writer.h"
#include "gateway/http/hop_by_hop.h"

namespace {

using namespace sluice;

const std::string kText =
    "GET /api/v1/users/42?expand=orders HTTP/1.1\r\nHost: shop.example.com\r\nConnection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Language: de-DE,de;q=0.9,en-US;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\n"
    "Referer: https://shop.example.com/catalogue/shoes?page=3\r\nX-Debug: 1\r\nCache-Control: max-age=0\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=eyJhbGwiOnRydWV9\r\n"
    "X-Trace: 7f9c24e8-3b12-4fef-91d0-1c8f2f1a7d3a\r\nAuthorization: Bearer eyJhbGciOiJIUzI1NiJ9\r\n\r\n";

constexpr std::string_view kExtra = "Via: 1.1 sluice\r\n";

// Everything but the parsing, from a parsed table that is copied back for each round.
template <class Edit>
void edit_and_write(benchmark::State& state, Edit edit) {
  http::HeadLimits limits;
  base::Arena arena, scratch;
  http::RequestHead parsed(arena);
  if (!http::h1::parse_request(kText, limits, parsed)) state.SkipWithError("the request does not parse");
  std::vector<char> out(4096);
  for (auto _ : state) {
    scratch.reset();
    http::RequestHead head(scratch);
    head.method_text = parsed.method_text;
    head.path = parsed.path;
    head.query = parsed.query;
    head.has_query = parsed.has_query;
    for (const http::Field& f : parsed.fields.lines()) head.fields.add_received(f.name, f.value, f.id);
    edit(head.fields);
    benchmark::DoNotOptimize(http::h1::request_head_size(head, http::h1::target_of(head), kExtra));
    benchmark::DoNotOptimize(
        http::h1::write_request_head(out.data(), head, http::h1::target_of(head), kExtra));
  }
}

// The part of the following two that is not theirs.
void write_untouched(benchmark::State& state) {
  edit_and_write(state, [](http::Fields&) {});
}
void drop_and_write(benchmark::State& state) {
  edit_and_write(state, [](http::Fields& f) { http::drop_hop_by_hop(f); });
}
void drop_edit_and_write(benchmark::State& state) {
  edit_and_write(state, [](http::Fields& f) {
    http::drop_hop_by_hop(f);
    f.set("X-Trace", "00000000-0000-0000-0000-000000000000");
    f.add("X-Added", "by a filter");
    f.remove("X-Debug");
  });
}
BENCHMARK(write_untouched);
BENCHMARK(drop_and_write);
BENCHMARK(drop_edit_and_write);

}  // namespace

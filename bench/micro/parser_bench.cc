// SPDX-License-Identifier: Apache-2.0
// Reading heads: finding the end, parsing, normalising the path, for the two requests of the load benchmark
// and for an ordinary response.
#include <benchmark/benchmark.h>

#include <string>

#include "gateway/http/h1/parser.h"
#include "gateway/http/uri.h"

namespace {

using namespace sluice;

const std::string kFour =
    "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: wrk/4.1.0\r\nAccept: */*\r\nAccept-Encoding: "
    "gzip\r\n\r\n";

const std::string kTwelve =
    "GET /api/v1/users/42?expand=orders&lang=de HTTP/1.1\r\n"
    "Host: shop.example.com\r\n"
    "Connection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Language: de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Referer: https://shop.example.com/catalogue/shoes?page=3\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=eyJhbGwiOnRydWV9\r\n"
    "Cache-Control: max-age=0\r\n"
    "X-Request-ID: 7f9c24e8-3b12-4fef-91d0-1c8f2f1a7d3a\r\n"
    "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg\r\n"
    "If-None-Match: \"33a64df551425fcc55e4d42a148795d9f25f89d4\"\r\n\r\n";

const std::string kAnswer =
    "HTTP/1.1 200 OK\r\nServer: gunicorn\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: keep-alive\r\n"
    "Content-Type: application/json\r\nContent-Length: 1024\r\n\r\n";

void scan_and_parse(benchmark::State& state, const std::string& text) {
  http::HeadLimits limits;
  base::Arena arena;
  for (auto _ : state) {
    arena.reset();
    http::RequestHead head(arena);
    http::h1::HeadScanner scanner(http::h1::Message::request, limits);
    auto n = scanner.scan(text);
    auto control = http::h1::parse_request(std::span(text).first(*n), limits, head);
    benchmark::DoNotOptimize(control);
    benchmark::DoNotOptimize(head);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
void request_of_4_fields(benchmark::State& state) { scan_and_parse(state, kFour); }
void request_of_12_fields(benchmark::State& state) { scan_and_parse(state, kTwelve); }
BENCHMARK(request_of_4_fields);
BENCHMARK(request_of_12_fields);

void scan_only_12_fields(benchmark::State& state) {
  http::HeadLimits limits;
  for (auto _ : state) {
    http::h1::HeadScanner scanner(http::h1::Message::request, limits);
    auto n = scanner.scan(kTwelve);
    benchmark::DoNotOptimize(n);
  }
}
BENCHMARK(scan_only_12_fields);

void response_of_5_fields(benchmark::State& state) {
  http::HeadLimits limits;
  base::Arena arena;
  for (auto _ : state) {
    arena.reset();
    http::ResponseHead head(arena);
    http::h1::HeadScanner scanner(http::h1::Message::response, limits);
    auto n = scanner.scan(kAnswer);
    auto control = http::h1::parse_response(std::span(kAnswer).first(*n), limits, {}, head);
    benchmark::DoNotOptimize(control);
    benchmark::DoNotOptimize(head);
  }
}
BENCHMARK(response_of_5_fields);

void normalise(benchmark::State& state, std::string_view path) {
  base::Arena arena;
  for (auto _ : state) {
    arena.reset();
    auto normal = http::normalise_path(path, arena);
    benchmark::DoNotOptimize(normal);
  }
}
void clean_path(benchmark::State& state) { normalise(state, "/api/v1/customers/4711/orders/42.json"); }
void path_with_dots_and_triplets(benchmark::State& state) {
  normalise(state, "/api/v1/./customers/../%63ustomers/4711/caf%c3%a9");
}
BENCHMARK(clean_path);
BENCHMARK(path_with_dots_and_triplets);

}  // namespace

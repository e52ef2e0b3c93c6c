// SPDX-License-Identifier: Apache-2.0
// Route matching. The input is text up to its first NUL, taken as host, path and expression pattern, and then
// choices of which routes and requests are made: the table must give what the definition of the precedence
// gives, with a trace and without, and a tie that it reports must be one.
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string_view>

#include "gateway/base/assert.h"
#include "gateway/routing/table_builder.h"
#include "gateway/routing/trace.h"

#include "tests/unit/routing/naive_table.h"
#include "tests/unit/routing/random_routes.h"

namespace sluice::routing {
namespace {

constexpr std::size_t kMaxText = 200;
using Outcome = Lookup::Outcome;

template <class T>
void check_fault(const Parsed<T>& parsed, std::string_view text) {
  if (auto* fault = std::get_if<PatternFault>(&parsed))
    SLUICE_ASSERT(fault->offset <= text.size() && !fault->text.empty());
}

// A pattern is stored as its text and read again for explanations, so it must read the same.
void check_patterns(std::string_view text) {
  check_fault(parse_host(text), text);
  check_fault(parse_regex(text), text);
  auto parsed = parse_path(text);
  check_fault(parsed, text);
  auto* pattern = std::get_if<PathPattern>(&parsed);
  if (!pattern) return;
  auto again = parse_path(pattern->text);
  auto* same = std::get_if<PathPattern>(&again);
  SLUICE_ASSERT(same && same->elements.size() == pattern->elements.size() && !same->regex == !pattern->regex);
  SLUICE_ASSERT(pattern->elements.size() <= kMaxSegments && capture_names(*pattern).size() <= kMaxCaptures);
}

// A route whose path is the text joins the others: what a request says of it is decided by the two tables
// too.
void add_text(std::string_view text, std::vector<RouteMatches>& routes) {
  auto parsed = parse_path(text);
  auto* pattern = std::get_if<PathPattern>(&parsed);
  if (!pattern) return;
  Match m;
  m.paths.push_back(std::move(*pattern));
  routes.push_back(route("text", std::move(m)));
}

void check_winner(const NaiveTable::Verdict& expected, const Lookup& found,
                  const http::RequestHead& request) {
  const auto* winner = expected.winner();
  SLUICE_ASSERT((winner != nullptr) == (found.outcome == Outcome::matched));
  if (winner) {
    SLUICE_ASSERT(winner->route == found.route && winner->match == found.match);
    SLUICE_ASSERT(found.prefix <= request.path.size());
    return;
  }
  bool known = !expected.allow.empty();
  bool options = request.method == http::Method::options;
  SLUICE_ASSERT(found.outcome == (!known    ? Outcome::no_route
                                  : options ? Outcome::options
                                            : Outcome::method_not_allowed));
}

void check_request(const SomeRequest& r, const NaiveTable& naive, const RouteTable& table) {
  Request request(r.method, r.host, r.path);
  if (!r.header.empty()) request.with("X-A", r.header);
  if (!r.query.empty()) request.query(r.query);
  auto expected = naive.find(request.head());

  Lookup found = table.find(request.head());
  check_winner(expected, found, request.head());
  for (const auto& c : found.captures.all())
    SLUICE_ASSERT(c.value.empty() || (c.value.data() >= request.head().path.data() &&
                                      c.value.data() + c.value.size() <=
                                          request.head().path.data() + request.head().path.size()));

  Trace trace;
  Lookup traced = table.find(request.head(), &trace);
  check_winner(expected, traced, request.head());
  SLUICE_ASSERT(trace.candidates.size() >= expected.fits.size());
}

// No two routes without a finding may tie on a request that both fit.
void check_ties(const NaiveTable::Verdict& verdict, const std::set<std::uint32_t>& suspect) {
  for (const auto& f : verdict.fits)
    for (const auto& g : verdict.fits)
      SLUICE_ASSERT(f.route == g.route || f.rank != g.rank || suspect.contains(f.route) ||
                    suspect.contains(g.route));
}

void check(std::string_view text, std::span<const std::uint8_t> bytes) {
  check_patterns(text);
  Choices choices(bytes);
  auto routes = some_routes(choices, 8);
  add_text(text, routes);
  NaiveTable naive(routes);
  BuiltTable built = build_table(routes);
  std::set<std::uint32_t> suspect;
  for (const auto& f : built.findings) {
    SLUICE_ASSERT(f.route < routes.size() && f.other_route < routes.size() && !f.text.empty());
    suspect.insert({f.route, f.other_route});
  }
  for (int i = 0; i < 16 && choices.left(); ++i) {
    SomeRequest r = some_request(choices);
    check_request(r, naive, built.table);
    if (text.starts_with('/')) {
      r.path = text;
      check_request(r, naive, built.table);
    }
    Request request(r.method, r.host, r.path);
    check_ties(naive.find(request.head()), suspect);
  }
}

}  // namespace
}  // namespace sluice::routing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view all(reinterpret_cast<const char*>(data), size);
  std::string_view text = all.substr(0, all.find('\0'));
  auto rest = std::span(data, size).subspan(std::min(size, text.size() + 1));
  sluice::routing::check(text.substr(0, sluice::routing::kMaxText), rest);
  return 0;
}

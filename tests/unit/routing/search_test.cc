// SPDX-License-Identifier: Apache-2.0
// The walk through the trie against the definition of the precedence, over random tables and requests.
#include "gateway/routing/search.h"

#include <gtest/gtest.h>

#include <random>

#include "gateway/routing/table_builder.h"
#include "gateway/routing/trace.h"

#include "tests/unit/routing/naive_table.h"
#include "tests/unit/routing/random_routes.h"

namespace sluice::routing::search_test {
namespace {

using Outcome = Lookup::Outcome;

std::vector<std::uint8_t> random_bytes(std::mt19937& random, std::size_t n) {
  std::vector<std::uint8_t> bytes(n);
  for (auto& b : bytes) b = static_cast<std::uint8_t>(random());
  return bytes;
}

std::unique_ptr<Request> request_of(const SomeRequest& r) {
  auto request = std::make_unique<Request>(r.method, r.host, r.path);
  if (!r.header.empty()) request->with("X-A", r.header);
  if (!r.query.empty()) request->query(r.query);
  return request;
}

std::string names(const std::set<std::string>& methods) {
  MethodNames all;
  MethodSet set = 0;
  all.add("PURGE");
  for (const auto& m : methods) set |= *all.add(m);
  return all.text(MethodNames::allowed(set));
}

// As text, so that a failure shows what differs.
std::string described(const Lookup& found, const RouteTable& table) {
  switch (found.outcome) {
    case Outcome::matched:
      return "route " + std::to_string(found.route) + " match " + std::to_string(found.match);
    case Outcome::no_route:
      return "no route";
    case Outcome::method_not_allowed:
      return "405 " + table.method_names(found.allow);
    case Outcome::redirected:
      return "redirected";
    case Outcome::options:
      return "options " + table.method_names(found.allow);
  }
  return "";
}

std::string described(const NaiveTable::Verdict& verdict, const http::RequestHead& request) {
  if (auto* w = verdict.winner())
    return "route " + std::to_string(w->route) + " match " + std::to_string(w->match);
  if (verdict.allow.empty()) return "no route";
  return (request.method == http::Method::options ? "options " : "405 ") + names(verdict.allow);
}

TEST(Search, FindsWhatTheDefinitionOfThePrecedenceSays) {
  std::mt19937 random(7);
  int matched = 0;
  for (int table = 0; table < 1500; ++table) {
    auto bytes = random_bytes(random, 400);
    Choices choices(bytes);
    auto routes = some_routes(choices, 12);
    NaiveTable naive(routes);
    BuiltTable built = build_table(routes);
    for (int i = 0; i < 40; ++i) {
      auto request_bytes = random_bytes(random, 12);
      Choices request_choices(request_bytes);
      auto request = request_of(some_request(request_choices));

      Lookup found = built.table.find(request->head());

      ASSERT_EQ(described(found, built.table), described(naive.find(request->head()), request->head()))
          << request->head().method_text << " " << request->head().host << request->head().path
          << " in table " << table;
      matched += found.outcome == Outcome::matched;
    }
  }
  EXPECT_GT(matched, 10'000);
}

TEST(Search, FindsTheSameWithATrace) {
  std::mt19937 random(8);
  for (int table = 0; table < 500; ++table) {
    auto bytes = random_bytes(random, 400);
    Choices choices(bytes);
    auto routes = some_routes(choices, 12);
    NaiveTable naive(routes);
    BuiltTable built = build_table(routes);
    for (int i = 0; i < 20; ++i) {
      auto request_bytes = random_bytes(random, 12);
      Choices request_choices(request_bytes);
      auto request = request_of(some_request(request_choices));
      Trace trace;

      Lookup plain = built.table.find(request->head());
      Lookup traced = built.table.find(request->head(), &trace);

      ASSERT_EQ(described(plain, built.table), described(traced, built.table));
      int winners = 0;
      for (const auto& c : trace.candidates) {
        winners += c.won;
        ASSERT_EQ(c.won, c.lost_by.empty());
        ASSERT_TRUE(!c.won || (c.route == plain.route && c.match == plain.match));
      }
      ASSERT_EQ(winners, plain.outcome == Outcome::matched ? 1 : 0);
      ASSERT_GE(trace.candidates.size(), naive.find(request->head()).fits.size());
    }
  }
}

TEST(Search, TriesEveryBranchBeforeItGivesUp) {
  // Each level offers a literal and a param, and only one of the 64 ways leads to the end.
  std::vector<RouteMatches> routes;
  for (unsigned mask = 0; mask < 64; ++mask) {
    std::string text;
    for (unsigned level = 0; level < 6; ++level)
      text += mask >> level & 1 ? "/{p" + std::to_string(level) + "}" : std::string("/a");
    routes.push_back(route(text + (mask == 63 ? "" : "/z")));
  }
  BuiltTable built = build_table(routes);
  Request request("/a/a/a/a/a/a");

  Lookup found = built.table.find(request.head());

  ASSERT_EQ(found.outcome, Outcome::matched);
  EXPECT_EQ(found.route, 63u);
}

}  // namespace
}  // namespace sluice::routing::search_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/exchange.h"
#include "gateway/routing/table_builder.h"
#include "gateway/routing/trace.h"

#include "tests/unit/routing/request.h"

namespace sluice::routing {
namespace {

using Outcome = Lookup::Outcome;

struct Answers final : chain::Filter {
  void on_preflight(chain::Exchange&) const override {}
};
struct Mute final : chain::Handler {
  base::Task<base::Result<void>> answer(chain::Exchange&) const override { return base::Result<void>(); }
};

struct Decide : testing::Test {
  // Routes of one method each; those with cors answer preflights.
  void add(std::string name, std::string_view path, std::vector<std::string> methods, bool cors) {
    Match m = match("", path);
    m.methods = std::move(methods);
    matches.push_back(route(name, m));
    std::vector<chain::Link> links;
    if (cors) links.push_back({std::make_shared<Answers>(), chain::Hooks{.preflight = true}, "cors"});
    snapshot.routes.push_back(std::make_shared<const Route>(
        Route{std::move(name), chain::Chain(std::move(links), std::make_shared<Mute>()), nullptr}));
  }
  // Who answers the preflight of that method: "users" by its filter, "(users)" as any OPTIONS request.
  std::string preflight(std::string_view path, std::string_view method) {
    snapshot.table = build_table(matches).table;
    Request request("OPTIONS", "api.example.com", std::string(path));
    request.with("Origin", "https://app.example.com").with("Access-Control-Request-Method", method);
    auto plan = decide(request.head(), snapshot, trace);
    outcome = plan.lookup.outcome;
    if (!plan.route) return "nobody";
    return plan.preflight ? plan.route->name : "(" + plan.route->name + ")";
  }

  std::vector<RouteMatches> matches;
  Snapshot snapshot;
  Outcome outcome = Outcome::no_route;
  Trace* trace = nullptr;
};

TEST_F(Decide, GivesAPreflightToTheRouteOfTheAnnouncedRequest) {
  add("read", "/users", {"GET"}, true);
  add("write", "/users", {"PUT", "PURGE"}, true);
  EXPECT_EQ(preflight("/users", "GET"), "read");
  EXPECT_EQ(preflight("/users", "HEAD"), "read");
  EXPECT_EQ(preflight("/users", "PUT"), "write");
}

TEST_F(Decide, AsksTheMoreSpecificRouteAlthoughAnotherTakesOptions) {
  add("users", "/users", {"GET"}, true);
  add("site", "/**", {}, false);
  EXPECT_EQ(preflight("/users", "GET"), "users");
  EXPECT_EQ(preflight("/users", "PUT"), "(site)");
  EXPECT_EQ(preflight("/index.html", "GET"), "(site)");
}

TEST_F(Decide, LeavesPreflightsAloneThatNoFilterAnswers) {
  add("users", "/users", {"GET"}, false);
  Trace seen;
  trace = &seen;
  EXPECT_EQ(preflight("/users", "GET"), "nobody");
  EXPECT_EQ(outcome, Outcome::options);
  EXPECT_EQ(seen.candidates.size(), 1U);
  EXPECT_EQ(preflight("/users", "DELETE"), "nobody");
  EXPECT_EQ(preflight("/users", ""), "nobody");
  EXPECT_EQ(preflight("/", "GET"), "nobody");
  EXPECT_EQ(outcome, Outcome::no_route);
}

}  // namespace
}  // namespace sluice::routing

// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/exchange.h"
#include "gateway/routing/table_builder.h"
#include "gateway/routing/trace.h"

#include "tests/unit/routing/request.h"

namespace sluice::routing::decide_test {
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

constexpr http::PathOptions kNeither{}, kSlash{true, false}, kBackslash{false, true}, kBoth{true, true};

struct EncodedSeparators : Decide {
  void add(std::string name, std::string_view path, http::PathOptions allows,
           std::vector<std::string> methods = {}, bool cors = false) {
    Decide::add(std::move(name), path, std::move(methods), cors);
    auto route = std::make_shared<Route>(
        Route{snapshot.routes.back()->name,
              chain::Chain(snapshot.routes.back()->chain.links(), std::make_shared<Mute>()), nullptr});
    route->allows = allows;
    snapshot.routes.back() = std::move(route);
  }
  // The route that has it, "400" or "nobody".
  std::string get(std::string_view path, std::string method = "GET") {
    snapshot.table = build_table(matches, OnTie::first).table;
    Request request(std::move(method), "api.example.com", std::string(path));
    auto plan = decide(request.head(), snapshot, nullptr);
    outcome = plan.lookup.outcome;
    refused = plan.refused;
    EXPECT_TRUE(refused.empty() || !plan.route);
    return !refused.empty() ? "400" : plan.route ? plan.route->name : "nobody";
  }
  std::string refused;
};

TEST_F(EncodedSeparators, AreForRoutesThatAllowThem) {
  add("files", "/files/{name}", kSlash);
  add("both", "/both/{name}", kBoth);
  add("other", "/other/{name}", kNeither);
  EXPECT_EQ(get("/files/a%2Fb"), "files");
  EXPECT_EQ(get("/files/a%5Cb"), "400");
  EXPECT_EQ(refused, "an encoded backslash in the path");
  EXPECT_EQ(get("/files/a%2Fb%5Cc"), "400");
  EXPECT_EQ(get("/both/a%2Fb%5Cc"), "both");
  EXPECT_EQ(get("/other/a%2Fb"), "400");
  EXPECT_EQ(refused, "an encoded slash in the path");
  EXPECT_EQ(get("/nowhere/a%2Fb"), "400");
  EXPECT_EQ(get("/nowhere/a%252Fb"), "nobody");
}

TEST_F(EncodedSeparators, DoNotFallThroughToALessSpecificRoute) {
  add("files", "/files/{name}", kNeither);
  add("all", "/**", kBoth);
  EXPECT_EQ(get("/files/a%2Fb"), "400");
  EXPECT_EQ(get("/x%2Fy"), "all");
}

TEST_F(EncodedSeparators, DoNotHideAPathOfARouteThatDoesNotAllowThem) {
  add("admin", "/admin/**", kNeither);
  add("root", "/{name}", kBoth);
  add("all", "/**", kBoth);
  for (auto path : {"/admin%2Fusers", "/admin%5Cusers", "/admin%2F", "/admin%2Fa%5Cb", "/admin%5Ca%2Fb",
                    "/admin/x%2Fy", "/admin%2Fx/y"})
    EXPECT_EQ(get(path), "400") << path;
  EXPECT_EQ(get("/user%2Fadmin"), "root");
  EXPECT_EQ(get("/a/b%2Fadmin"), "all");
}

TEST_F(EncodedSeparators, AreReadInEachWayThatThereIs) {
  // Only who decodes %2F alone, or %5C alone, comes to these.
  add("slash", "/s/a/b%5Cc", kNeither);
  add("backslash", "/b/a%2Fb/c", kNeither);
  add("all", "/**", kBoth);
  EXPECT_EQ(get("/s%2Fa%2Fb%5Cc"), "400");
  EXPECT_EQ(get("/b%5Ca%2Fb%5Cc"), "400");
  EXPECT_EQ(get("/c%5Ca%2Fb%5Cc"), "all");
}

TEST_F(EncodedSeparators, AreReadWithMergedSlashesWhereTheseAreMerged) {
  add("admin", "/admin/users", kNeither);
  add("all", "/**", kBoth);
  EXPECT_EQ(get("/admin%2F%2Fusers"), "all");
  snapshot.merge_slashes = true;
  EXPECT_EQ(get("/admin%2F%2Fusers"), "400");
  EXPECT_EQ(get("/%2Fadmin/users"), "400");
}

TEST_F(EncodedSeparators, LeaveTheAnswerToOtherMethodsAsItIs) {
  add("files", "/files/{name}", kSlash, {"GET"});
  add("other", "/other/{name}", kNeither, {"GET"});
  EXPECT_EQ(get("/files/a%2Fb", "POST"), "nobody");
  EXPECT_EQ(outcome, Outcome::method_not_allowed);
  EXPECT_EQ(get("/files/a%2Fb", "OPTIONS"), "nobody");
  EXPECT_EQ(outcome, Outcome::options);
  EXPECT_EQ(get("/other/a%2Fb", "POST"), "400");
  EXPECT_EQ(get("/other/a%2Fb", "OPTIONS"), "400");
}

TEST_F(EncodedSeparators, AreJudgedForTheRequestThatAPreflightAnnounces) {
  add("files", "/files/{name}", kSlash, {"PUT"}, true);
  add("other", "/other/{name}", kNeither, {"PUT"}, true);
  add("hidden", "/files/{a}/{b}", kNeither, {"PUT"}, true);
  EXPECT_EQ(preflight("/files/a", "PUT"), "files");
  EXPECT_EQ(preflight("/other/a%2Fb", "PUT"), "nobody");
  EXPECT_EQ(preflight("/files/a%2Fb", "PUT"), "nobody");
  EXPECT_EQ(preflight("/files/a%2Fb%2Fc", "PUT"), "files");
}

}  // namespace
}  // namespace sluice::routing::decide_test

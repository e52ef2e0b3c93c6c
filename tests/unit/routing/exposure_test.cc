// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/exposure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/routing/request_conditions.h"

#include "tests/unit/routing/request.h"

namespace sluice::routing {
namespace {

// The witness for the first route; "exempt" if there is no proof.
std::string exposed(std::vector<RouteMatches> routes, std::vector<std::string> exempt = {}) {
  auto built = build_table(routes, OnTie::first);
  std::vector<PathPattern> patterns;
  for (const auto& text : exempt)
    patterns.push_back(text.starts_with('~') ? parsed(parse_regex(text.substr(2))) : path(text));
  auto proof = Exposure(routes, built.table, patterns).of(0);
  return proof ? proof->witness : "exempt";
}

TEST(Exposure, HasARequestThatReachesTheRoute) {
  EXPECT_EQ(exposed({route("/a/b")}), "GET http://x.example.com/a/b");
  EXPECT_EQ(exposed({route("/u/{id}", {"POST"})}), "POST http://x.example.com/u/x");
  EXPECT_EQ(exposed({route("a", match("api.example.com", "/a/**"))}), "GET http://api.example.com/a/x");
  EXPECT_EQ(exposed({route("a", match("*.example.org", "/"))}), "GET http://x.example.org/");
}

TEST(Exposure, IsNoneOfExemptPaths) {
  EXPECT_EQ(exposed({route("/health/live")}, {"/health/**"}), "exempt");
  EXPECT_EQ(exposed({route("/health/**")}, {"/health/**"}), "exempt");
  EXPECT_EQ(exposed({route("/u/{id}")}, {"/u/{x}"}), "exempt");
  EXPECT_EQ(exposed({route("/a"), route("/b")}, {"/a", "/c"}), "exempt");
}

TEST(Exposure, IsWhatAnExemptionLeavesOpen) {
  EXPECT_EQ(exposed({route("/u/{id}")}, {"/u/x"}), "GET http://x.example.com/u/some");
  EXPECT_EQ(exposed({route("/u/{id}")}, {"/u/x", "/u/some", "/u/any-1"}),
            "GET http://x.example.com/u/q7-unlikely-x3");
  EXPECT_EQ(exposed({route("/u/**")}, {"/u/{id}"}), "GET http://x.example.com/u/x/x");
  EXPECT_EQ(exposed({route("/u/**")}, {"/u/{id}/**"}), "GET http://x.example.com/u");
  EXPECT_EQ(exposed({route("/**")}, {"/health/**"}), "GET http://x.example.com/x");
}

TEST(Exposure, IsNoneWhereOtherRoutesTakeEverything) {
  EXPECT_EQ(exposed({route("/**"), route("b", match("", "/**"), 5)}), "exempt");
  EXPECT_EQ(exposed({route("/{a}"), route("/x")}), "GET http://x.example.com/some");
  EXPECT_EQ(exposed({route("/a"), route("/a", {"GET"})}), "POST http://x.example.com/a");
}

TEST(Exposure, IsAssumedOfWhatCannotBeTried) {
  EXPECT_EQ(exposed({route("~ /.*z")}), "");
  Match m = match("", "/a");
  m.conditions.push_back(header("X-Tenant", "acme"));
  EXPECT_EQ(exposed({route("a", m)}), "GET http://x.example.com/a with X-Tenant: acme");
  EXPECT_EQ(exposed({route("a", m), route("b", m, 1)}), "GET http://x.example.com/a with X-Tenant: acme");
}

TEST(Exposure, IsNotCoveredByWhatOthersTakeUnderConditions) {
  auto other = [](ValueRule rule) {
    Match m = match("", "/a");
    m.conditions.push_back(header_condition("X-Tenant", std::move(rule)));
    return route("other", std::move(m));
  };

  EXPECT_EQ(exposed({route("/a"), other(ValueRule::present())}), "GET http://x.example.com/a");
  // Every request that one could show without the header goes to the other one.
  EXPECT_EQ(exposed({route("/a"), other(ValueRule::present().negated())}), "");
  EXPECT_EQ(exposed({route("/a"), other(ValueRule::exactly({"acme"}).negated())}), "");
  EXPECT_EQ(exposed({route("/a"), other(ValueRule::present()), route("/a", {"GET"})}),
            "POST http://x.example.com/a");
}

}  // namespace
}  // namespace sluice::routing

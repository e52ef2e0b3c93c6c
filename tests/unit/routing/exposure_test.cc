// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/exposure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/routing/request_conditions.h"

#include "tests/unit/routing/request.h"

namespace sluice::routing::exposure_test {
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

// Nothing that a route may take by its name, its domain or its method stands for all others.
TEST(Exposure, IsWhatRoutesForOneDomainOrForTheListedMethodsLeaveOpen) {
  EXPECT_EQ(exposed({route("/a"), route("b", match("*.example.com", "/a"))}), "GET http://q7-unlikely-x3/a");
  EXPECT_EQ(exposed({route("/a"), route("b", match("*.com", "/a"))}), "GET http://q7-unlikely-x3/a");
  EXPECT_EQ(exposed({route("/a"),
                     route("/a", {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"})}),
            "(any other) http://x.example.com/a");
}

TEST(Exposure, IsWhatPatternsOfAnyDepthLeaveOpen) {
  EXPECT_EQ(exposed({route("/u/**")}, {"/u", "/u/{a}", "/u/{a}/{b}", "/u/{a}/{b}/{c}", "/u/{a}/{b}/{c}/{d}"}),
            "GET http://x.example.com/u/x/x/x/x/x/x");
}

// An expression ranks above a tail, and takes only what it fits.
TEST(Exposure, IsNotCoveredByExpressions) {
  EXPECT_THAT(exposed({route("/files/**"), route("~ /files/[a-z0-9/-]*")}),
              testing::StartsWith("GET http://x.example.com/files/Q7."));
  EXPECT_EQ(exposed({route("/**"), route("~ /.*")}), "") << "in doubt";
  EXPECT_EQ(exposed({route("/files/a"), route("~ /files/.*")}), "GET http://x.example.com/files/a");
}

TEST(Exposure, IsWhatAnExpressionDoesNotExempt) {
  EXPECT_THAT(exposed({route("/files/**")}, {"~ /files[a-z0-9/-]*"}),
              testing::StartsWith("GET http://x.example.com/files/Q7."));
  EXPECT_EQ(exposed({route("/files/**")}, {"~ /files.*"}), "exempt");
  EXPECT_EQ(exposed({route("/files/a")}, {"~ /files/[a-z]"}), "exempt");
}

TEST(Exposure, OfAnExpressionIsNoneWhereAllIsExemptThatItFits) {
  EXPECT_EQ(exposed({route("~ /health/[a-z]+")}, {"/health/**"}), "exempt");
  EXPECT_EQ(exposed({route("~ /health/[a-z]+")}, {"~ /health/[a-z]+"}), "exempt");
  EXPECT_EQ(exposed({route("~ /health")}, {"/health"}), "exempt");
  EXPECT_EQ(exposed({route("~ /(a|b)")}, {"/a"}), "") << "and what of /b?";
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
}  // namespace sluice::routing::exposure_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/ties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/routing/naive_table.h"
#include "tests/unit/routing/random_routes.h"

namespace sluice::routing::ties_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<Finding> findings(std::vector<RouteMatches> routes) { return build_table(routes).findings; }

Match with(Match m, std::shared_ptr<const Condition> condition) {
  m.conditions.push_back(std::move(condition));
  return m;
}

TEST(Ties, AreErrorsThatNameBothRoutesAndARequest) {
  auto found = findings({route("a", match("", "/users/{id}")), route("b", match("", "/users/{name}"))});

  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].route, 1u);
  EXPECT_EQ(found[0].other_route, 0u);
  EXPECT_EQ(found[0].text, "routes a and b can match the same requests and neither is more specific");
  EXPECT_EQ(found[0].witness, "GET http://x.example.com/users/x");
}

TEST(Ties, NameTheMatchOfEachRoute) {
  RouteMatches a{"a", 0, {match("", "/x"), match("", "/y")}};
  RouteMatches b{"b", 0, {match("", "/z"), match("", "/w"), match("", "/y")}};

  auto found = findings({a, b});

  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].match, 2u);
  EXPECT_EQ(found[0].other_match, 1u);
}

TEST(Ties, AreNotFoundWhereOneIsMoreSpecific) {
  EXPECT_THAT(findings({route("/a/{x}"), route("/{y}/b"), route("/a/**"), route("/a/b"), route("/**")}),
              IsEmpty());
  EXPECT_THAT(findings({route("a", match("*.example.com", "/a")), route("b", match("*.com", "/a")),
                        route("c", match("", "/a"))}),
              IsEmpty());
}

TEST(Ties, NeedAMethodInCommon) {
  EXPECT_THAT(findings({route("/a", {"GET"}), route("/a", {"POST", "PUT"})}), IsEmpty());
  EXPECT_THAT(findings({route("/a", {"GET"}), route("/a", {"HEAD"})}), IsEmpty());
  EXPECT_THAT(findings({route("/a", {"GET"}), route("/a")}), IsEmpty());

  auto found = findings({route("/a", {"GET", "PUT"}), route("/a", {"POST", "PUT"})});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0].witness, HasSubstr("PUT http://"));
}

TEST(Ties, AreSettledByPriority) {
  EXPECT_THAT(findings({route("a", match("", "/a"), 1), route("b", match("", "/a"))}), IsEmpty());
  EXPECT_THAT(findings({route("a", match("", "/a"), 1), route("b", match("", "/a"), 1)}), SizeIs(1));
}

TEST(Ties, AreNoneWithinOneRoute) {
  EXPECT_THAT(findings({RouteMatches{"a", 0, {match("", "/a"), match("", "/a")}}}), IsEmpty());
}

TEST(Ties, AreReportedOnceForEachPairOfRoutes) {
  RouteMatches a{"a", 0, {match("", "/x"), match("", "/y")}};
  RouteMatches b{"b", 0, {match("", "/x"), match("", "/y", {})}};

  EXPECT_THAT(findings({a, b}), SizeIs(1));
  EXPECT_THAT(findings({route("/a"), route("/a"), route("/a")}), SizeIs(2));
}

TEST(Ties, AreNoErrorWhenTheFirstIsToWin) {
  std::vector<RouteMatches> routes{route("a", match("", "/a")), route("b", match("", "/a"))};

  BuiltTable built = build_table(routes, OnTie::first);

  EXPECT_THAT(built.findings, IsEmpty());
  EXPECT_EQ(built.table.find(Request("/a").head()).route, 0u);
}

TEST(Ties, NeedConditionsThatCanHoldTogether) {
  Match plain = match("", "/a");

  EXPECT_THAT(
      findings({route("a", with(plain, header("A", "1"))), route("b", with(plain, header("A", "2")))}),
      IsEmpty());
  EXPECT_THAT(
      findings({route("a", with(plain, header("A", "1"))), route("b", with(plain, header("B", "2")))}),
      SizeIs(1));
  EXPECT_THAT(findings({route("a", with(plain, header("A", "1"))), route("b", with(plain, query("q")))}),
              IsEmpty());
  EXPECT_THAT(findings({route("a", with(plain, header("A", "1"))), route("b", plain)}), IsEmpty());
}

TEST(Ties, OfExpressionsAreCertainForTheSameText) {
  auto found = findings({route("a", match("", "~ /a/[0-9]+")), route("b", match("", "~ ^/a/[0-9]+$"))});

  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].witness, "GET http://x.example.com/a/0");
}

TEST(Ties, OfDifferentExpressionsShowAPathOfBoth) {
  auto found = findings({route("a", match("", "~ /a/.*x")), route("b", match("", "~ /a/y.*"))});

  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].route, 1u);
  EXPECT_EQ(found[0].text, "routes a and b can match the same requests and neither is more specific");
  EXPECT_EQ(found[0].witness, "GET http://x.example.com/a/yx");
}

TEST(Ties, OfExpressionsThatCannotBeComparedAreErrorsAsWell) {
  std::vector<RouteMatches> routes{route("a", match("", "~ /a/\\bx.*")), route("b", match("", "~ /a/x.*y"))};

  auto found = findings(routes);

  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0].text, HasSubstr("it cannot be told whether both match some path"));
  routes[0].priority = 1;
  EXPECT_THAT(findings(routes), IsEmpty());
}

TEST(Ties, OfExpressionsAreNoneWhereTheyDifferAtTheirEnds) {
  EXPECT_THAT(
      findings({route("~ /v[0-9]+/users"), route("~ /v[0-9]+/orders"), route("~ /v[0-9]+/users/[^/]+")}),
      IsEmpty());
  EXPECT_THAT(findings({route("~ /[^/]+/a"), route("~ /[^/]+/b"), route("~ /.*/c/d")}), IsEmpty());
}

TEST(Ties, OfExpressionsAreNoneWhereTheyCannotMeet) {
  EXPECT_THAT(findings({route("~ /a/[0-9]+"), route("~ /a/[a-z]+")}), IsEmpty());
  EXPECT_THAT(findings({route("~ /a/.*"), route("~ /b/.*")}), IsEmpty());
  EXPECT_THAT(findings({route("~ /a/.*", {"GET"}), route("~ /a/.*x", {"POST"})}), IsEmpty());
  EXPECT_THAT(findings({route("a", match("", "~ /a/.*"), 1), route("b", match("", "~ /a/.*x"))}), IsEmpty());
  EXPECT_THAT(findings({RouteMatches{"a", 0, {match("", "~ /a/.*"), match("", "~ /a/.*x")}}}), IsEmpty());
}

TEST(Ties, OfExpressionsAreFoundBehindOnesThatDoNotOverlap) {
  EXPECT_THAT(findings({route("~ /a/b.*"), route("~ /a/[x-z].*"), route("~ /a/c.*"), route("~ /a/b[0-9]")}),
              SizeIs(1));
}

// For any two routes without expressions: a finding if and only if there is a request that both fit with
// equal rank.
TEST(Ties, AreFoundExactlyWhereTheDefinitionHasOne) {
  // One request for each way in which two of the patterns can overlap.
  static constexpr const char* kHosts[] = {"a.b.c", "b.c", "x.a.b.c"};
  static constexpr const char* kMethods[] = {"GET", "HEAD", "POST", "OPTIONS", "PURGE", "TRACE"};
  std::vector<std::string> paths, segments{"a", "b", "ab", "", "c"};
  for (const auto& a : segments) {
    paths.push_back("/" + a);
    for (const auto& b : segments) {
      paths.push_back("/" + a + "/" + b);
      for (const auto& c : segments) {
        paths.push_back("/" + a + "/" + b + "/" + c);
        paths.push_back("/" + a + "/" + b + "/" + c + "/");
      }
    }
  }
  std::vector<std::unique_ptr<Request>> requests;
  for (auto h : kHosts)
    for (auto m : kMethods)
      for (const auto& p : paths)
        for (auto value : {"1", "2"}) {
          requests.push_back(std::make_unique<Request>(m, h, p));
          requests.back()->with("X-A", value).query("q");
        }
  std::mt19937 random(5);
  int ties = 0;
  for (int i = 0; i < 80; ++i) {
    std::vector<std::uint8_t> bytes(120);
    for (auto& b : bytes) b = static_cast<std::uint8_t>(random());
    Choices choices(bytes);
    Match one = some_match(choices, false), two = some_match(choices, false);
    // Most pairs differ in everything; these share some of it.
    if (choices.below(3)) two.hosts = one.hosts;
    if (choices.below(3)) two.paths = one.paths;
    if (choices.below(3)) two.methods = one.methods;
    if (choices.below(3)) two.conditions = one.conditions;
    std::vector<RouteMatches> routes{route("one", one), route("two", two)};
    NaiveTable naive(routes);
    bool expected = std::any_of(requests.begin(), requests.end(),
                                [&](const auto& r) { return naive.find(r->head()).tied(0, 1); });

    auto found = findings(routes);

    ASSERT_EQ(!found.empty(), expected) << "routes " << i;
    ties += expected;
  }
  EXPECT_GT(ties, 10);
  EXPECT_LT(ties, 70);
}

}  // namespace
}  // namespace sluice::routing::ties_test

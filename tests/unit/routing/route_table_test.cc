// SPDX-License-Identifier: Apache-2.0
// The precedence of routes line by line, and what a lookup answers beside a match.
#include "gateway/routing/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/routing/table_builder.h"

#include "tests/unit/routing/request.h"

namespace sluice::routing::route_table_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Outcome = Lookup::Outcome;

// A table with the routes that it was built from, asked by name.
class Table {
 public:
  Table(std::initializer_list<RouteMatches> routes) : routes_(routes), built_(build_table(routes_)) {}

  Lookup find(const Request& request) const { return built_.table.find(request.head()); }
  // The winner's name, else "404", "405 <Allow>" or "options <Allow>".
  std::string operator()(const Request& request) const {
    Lookup l = find(request);
    switch (l.outcome) {
      case Outcome::matched:
        return routes_[l.route].name;
      case Outcome::no_route:
        return "404";
      case Outcome::method_not_allowed:
        return "405 " + built_.table.method_names(l.allow);
      case Outcome::redirected:
        return "redirected";
      case Outcome::options:
        return "options " + built_.table.method_names(l.allow);
    }
    return "";
  }
  std::string operator()(std::string p) const { return (*this)(Request(std::move(p))); }
  std::string operator()(std::string method, std::string p) const {
    return (*this)(Request(std::move(method), "api.example.com", std::move(p)));
  }
  std::string at(std::string h, std::string p = "/") const {
    return (*this)(Request("GET", std::move(h), std::move(p)));
  }

 private:
  std::vector<RouteMatches> routes_;
  BuiltTable built_;
};

RouteMatches host_route(std::string_view h) { return route(std::string(h), match(h, "/**")); }

// --- hosts ---

TEST(RouteTable, FindsNothingWithoutRoutes) {
  RouteTable table;

  EXPECT_EQ(table.find(Request("/").head()).outcome, Outcome::no_route);
}

TEST(RouteTable, PrefersAnExactHostToAWildcardToAnyHost) {
  Table table{host_route("*"), host_route("*.example.com"), host_route("api.example.com")};

  EXPECT_EQ(table.at("api.example.com"), "api.example.com");
  EXPECT_EQ(table.at("www.example.com"), "*.example.com");
  EXPECT_EQ(table.at("example.org"), "*");
  EXPECT_EQ(table.at(""), "*");
}

TEST(RouteTable, PrefersTheLongerWildcard) {
  Table table{host_route("*.com"), host_route("*.api.example.com"), host_route("*.example.com")};

  EXPECT_EQ(table.at("a.api.example.com"), "*.api.example.com");
  EXPECT_EQ(table.at("api.example.com"), "*.example.com");
  EXPECT_EQ(table.at("example.com"), "*.com");
  EXPECT_EQ(table.at("com"), "404");
}

TEST(RouteTable, MatchesAWildcardForAnyNumberOfLabelsButNotTheBareDomain) {
  Table table{host_route("*.example.com")};

  EXPECT_EQ(table.at("a.example.com"), "*.example.com");
  EXPECT_EQ(table.at("a.b.c.example.com"), "*.example.com");
  EXPECT_EQ(table.at("example.com"), "404");
  EXPECT_EQ(table.at("badexample.com"), "404");
  EXPECT_EQ(table.at(".example.com"), "404");
}

TEST(RouteTable, MatchesAWildcardOfManyLabels) {
  std::string many = "x";
  for (int i = 0; i < 80; ++i) many += ".x";
  Table table{host_route("*." + many)};

  EXPECT_EQ(table.at("y." + many), "*." + many);
  EXPECT_EQ(table.at(many), "404");
}

TEST(RouteTable, FallsBackToALessSpecificHostThatHasThePath) {
  Table table{route("exact", match("api.example.com", "/a")), route("wild", match("*.example.com", "/b")),
              route("any", match("", "/c"))};

  EXPECT_EQ(table("/a"), "exact");
  EXPECT_EQ(table("/b"), "wild");
  EXPECT_EQ(table("/c"), "any");
  EXPECT_EQ(table("/d"), "404");
}

TEST(RouteTable, DecidesByTheHostBeforeThePath) {
  Table table{route("host", match("api.example.com", "/**")), route("path", match("", "/a/b"))};

  EXPECT_EQ(table("/a/b"), "host");
}

TEST(RouteTable, MatchesAnAddress) {
  Table table{host_route("[::1]"), host_route("127.0.0.1")};

  EXPECT_EQ(table.at("[::1]"), "[::1]");
  EXPECT_EQ(table.at("127.0.0.1"), "127.0.0.1");
}

// --- paths ---

TEST(RouteTable, MatchesAnExactPathAlone) {
  Table table{route("/a")};

  EXPECT_EQ(table("/a"), "/a");
  EXPECT_EQ(table("/a/"), "404");
  EXPECT_EQ(table("/a/b"), "404");
  EXPECT_EQ(table("/ab"), "404");
  EXPECT_EQ(table("/"), "404");
}

TEST(RouteTable, IsStrictAboutTrailingAndDoubleSlashes) {
  Table table{route("/a/"), route("/b//c")};

  EXPECT_EQ(table("/a/"), "/a/");
  EXPECT_EQ(table("/a"), "404");
  EXPECT_EQ(table("/a//"), "404");
  EXPECT_EQ(table("/b//c"), "/b//c");
  EXPECT_EQ(table("/b/c"), "404");
}

TEST(RouteTable, MatchesAPrefixByWholeSegments) {
  Table table{route("/abc/**")};

  EXPECT_EQ(table("/abc"), "/abc/**");
  EXPECT_EQ(table("/abc/"), "/abc/**");
  EXPECT_EQ(table("/abc/d"), "/abc/**");
  EXPECT_EQ(table("/abc//d/e/"), "/abc/**");
  EXPECT_EQ(table("/abcd"), "404");
  EXPECT_EQ(table("/"), "404");
}

TEST(RouteTable, MatchesEveryPathByTwoStars) {
  Table table{route("/**")};

  EXPECT_EQ(table("/"), "/**");
  EXPECT_EQ(table("/a/b/c"), "/**");
  EXPECT_EQ(table("//"), "/**");
}

TEST(RouteTable, MatchesEveryPathWithoutAPathCondition) {
  Table table{RouteMatches{"all", 0, {Match{}}}};

  EXPECT_EQ(table("/"), "all");
  EXPECT_EQ(table("/a/b"), "all");
}

TEST(RouteTable, IsCaseSensitiveInPaths) {
  Table table{route("/A")};

  EXPECT_EQ(table("/a"), "404");
}

TEST(RouteTable, MatchesAParamForOneSegmentThatIsNotEmpty) {
  Table table{route("/u/{id}")};

  EXPECT_EQ(table("/u/7"), "/u/{id}");
  EXPECT_EQ(table("/u/"), "404");
  EXPECT_EQ(table("/u"), "404");
  EXPECT_EQ(table("/u/7/"), "404");
  EXPECT_EQ(table("/u/7/8"), "404");
}

TEST(RouteTable, MatchesTheRootAlone) {
  Table table{route("/")};

  EXPECT_EQ(table("/"), "/");
  EXPECT_EQ(table("/a"), "404");
}

TEST(RouteTable, PrefersLiteralToParamToExpressionToTail) {
  Table table{route("/a/**"), route("~ /a/.*"), route("/a/{x}"), route("/a/b")};

  EXPECT_EQ(table("/a/b"), "/a/b");
  EXPECT_EQ(table("/a/c"), "/a/{x}");
  EXPECT_EQ(table("/a/c/d"), "~ /a/.*");
  EXPECT_EQ(table("/a"), "/a/**");
}

TEST(RouteTable, DecidesSegmentBySegmentFromTheLeft) {
  Table table{route("/{x}/b"), route("/a/{y}"), route("/a/**")};

  EXPECT_EQ(table("/a/b"), "/a/{y}");
  EXPECT_EQ(table("/c/b"), "/{x}/b");
  EXPECT_EQ(table("/a/b/c"), "/a/**");
}

TEST(RouteTable, PrefersThePatternThatEndsToOneThatGoesOn) {
  Table table{route("/a/**"), route("/a"), route("/{x}/**"), route("/{x}")};

  EXPECT_EQ(table("/a"), "/a");
  EXPECT_EQ(table("/a/"), "/a/**");
  EXPECT_EQ(table("/b"), "/{x}");
  EXPECT_EQ(table("/b/"), "/{x}/**");
}

TEST(RouteTable, PrefersTheLongerPrefix) {
  Table table{route("/**"), route("/a/**"), route("/a/b/**")};

  EXPECT_EQ(table("/a/b/c"), "/a/b/**");
  EXPECT_EQ(table("/a/b"), "/a/b/**");
  EXPECT_EQ(table("/a/c"), "/a/**");
  EXPECT_EQ(table("/c"), "/**");
}

TEST(RouteTable, ComesBackFromABranchThatDoesNotFit) {
  Table table{route("/a/b/c"), route("/a/{x}/d"), route("/{y}/b/e"), route("/**")};

  EXPECT_EQ(table("/a/b/c"), "/a/b/c");
  EXPECT_EQ(table("/a/b/d"), "/a/{x}/d");
  EXPECT_EQ(table("/a/b/e"), "/{y}/b/e");
  EXPECT_EQ(table("/a/b/f"), "/**");
}

// --- expressions ---

TEST(RouteTable, AnchorsAnExpressionAtBothEnds) {
  Table table{route("~ /a/[0-9]+")};

  EXPECT_EQ(table("/a/12"), "~ /a/[0-9]+");
  EXPECT_EQ(table("/a/12x"), "404");
  EXPECT_EQ(table("/x/a/12"), "404");
}

TEST(RouteTable, RanksAnExpressionByItsLiteralSegments) {
  Table table{route("/{x}/**"), route("~ /a/b.*"), route("/a/**"), route("/a/bc")};

  EXPECT_EQ(table("/a/bc"), "/a/bc");
  EXPECT_EQ(table("/a/bd"), "~ /a/b.*");
  EXPECT_EQ(table("/a/c"), "/a/**");
}

TEST(RouteTable, PrefersAParamToAnExpressionAtThatDepth) {
  Table table{route("~ /.*"), route("/{x}/**"), route("~ /(a|b)/c")};

  EXPECT_EQ(table("/a/c"), "/{x}/**");
  EXPECT_EQ(table("//c"), "~ /.*");
}

TEST(RouteTable, TakesTheExpressionWrittenFirstOfEqualRank) {
  Table table{route("~ /[a-m].*"), route("~ /.*z")};

  EXPECT_EQ(table("/az"), "~ /[a-m].*");
  EXPECT_EQ(table("/xz"), "~ /.*z");
}

// --- methods ---

// Whatever it shows to whoever sends it: TRACE is for routes that name it.
TEST(RouteTable, TakesTraceOnlyWhereItIsNamed) {
  Table table{route("any", match("", "/a/**")), route("named", match("", "/a/b", {"TRACE"})),
              route("other", match("", "/c", {"GET"}))};

  EXPECT_EQ(table("TRACE", "/a/b"), "named");
  EXPECT_EQ(table("TRACE", "/a/c"), "405 GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
  EXPECT_EQ(table("TRACE", "/c"), "405 GET, HEAD, OPTIONS");
  EXPECT_EQ(table("TRACE", "/d"), "404");
  EXPECT_EQ(table("trace", "/a/c"), "any");
}

TEST(RouteTable, PrefersANamedMethodToNone) {
  Table table{route("any", match("", "/a")), route("get", match("", "/a", {"GET"}))};

  EXPECT_EQ(table("GET", "/a"), "get");
  EXPECT_EQ(table("POST", "/a"), "any");
}

TEST(RouteTable, DecidesByThePathBeforeTheMethod) {
  Table table{route("named", match("", "/**", {"GET"})), route("any", match("", "/a"))};

  EXPECT_EQ(table("GET", "/a"), "any");
}

TEST(RouteTable, FallsBackToALessSpecificPathThatHasTheMethod) {
  Table table{route("/a", {"POST"}), route("/**", {"GET"})};

  EXPECT_EQ(table("GET", "/a"), "/**");
  EXPECT_EQ(table("POST", "/a"), "/a");
}

TEST(RouteTable, ServesHeadByAGetRoute) {
  Table table{route("get", match("", "/a", {"GET"})), route("any", match("", "/a"))};

  EXPECT_EQ(table("HEAD", "/a"), "get");
}

TEST(RouteTable, PrefersANamedHeadToAGetRoute) {
  Table table{route("get", match("", "/a", {"GET"})), route("head", match("", "/a", {"HEAD"}))};

  EXPECT_EQ(table("HEAD", "/a"), "head");
  EXPECT_EQ(table("GET", "/a"), "get");
}

TEST(RouteTable, DoesNotServeGetByAHeadRoute) {
  Table table{route("/a", {"HEAD"})};

  EXPECT_EQ(table("GET", "/a"), "405 HEAD, OPTIONS");
}

TEST(RouteTable, AnswersAnUnknownMethodByTheMethodsOfAllRoutesThatFit) {
  Table table{route("a", match("", "/a", {"GET"})), route("b", match("", "/{x}", {"POST", "PURGE"})),
              route("c", match("*.example.com", "/**", {"PUT"})), route("d", match("", "/b", {"DELETE"}))};

  EXPECT_EQ(table("PATCH", "/a"), "405 GET, HEAD, POST, PUT, OPTIONS, PURGE");
  EXPECT_EQ(table("BREW", "/a"), "405 GET, HEAD, POST, PUT, OPTIONS, PURGE");
}

TEST(RouteTable, KnowsExtensionMethodsByCase) {
  Table table{route("/a", {"PURGE"})};

  EXPECT_EQ(table("PURGE", "/a"), "/a");
  EXPECT_EQ(table("purge", "/a"), "405 OPTIONS, PURGE");
}

TEST(RouteTable, Answers404WhenThePathIsUnknownWhateverTheMethod) {
  Table table{route("/a", {"GET"})};

  EXPECT_EQ(table("POST", "/b"), "404");
  EXPECT_EQ(table("OPTIONS", "/b"), "404");
}

TEST(RouteTable, AnswersOptionsWhenNothingElseClaimsIt) {
  Table table{route("/a", {"GET"}), route("/b"), route("/c", {"OPTIONS", "GET"})};

  EXPECT_EQ(table("OPTIONS", "/a"), "options GET, HEAD, OPTIONS");
  EXPECT_EQ(table("OPTIONS", "/b"), "/b");
  EXPECT_EQ(table("OPTIONS", "/c"), "/c");
}

TEST(RouteTable, AnswersOptionsForTheServerAsAWhole) {
  Table table{route("/**")};

  EXPECT_EQ(table("OPTIONS", "*"), "options ");
  EXPECT_EQ(table("GET", "*"), "404");
}

// --- conditions, priority ---

Match with(std::vector<std::shared_ptr<const Condition>> conditions, std::vector<std::string> methods = {}) {
  Match m = match("", "/a", std::move(methods));
  m.conditions = std::move(conditions);
  return m;
}

TEST(RouteTable, PrefersMoreHeaderConditions) {
  Table table{route("none", match("", "/a")), route("one", with({header("A", "1")})),
              route("two", with({header("A", "1"), header("B", "1")}))};

  EXPECT_EQ(table(Request("/a").with("A", "1").with("B", "1")), "two");
  EXPECT_EQ(table(Request("/a").with("A", "1")), "one");
  EXPECT_EQ(table(Request("/a").with("B", "1")), "none");
}

TEST(RouteTable, PrefersMoreQueryConditionsAmongEqualHeaders) {
  Table table{route("none", match("", "/a")), route("query", with({query("q")})),
              route("header", with({header("A", "1")})), route("both", with({header("A", "1"), query("q")}))};

  EXPECT_EQ(table(Request("/a").query("q")), "query");
  EXPECT_EQ(table(Request("/a").query("q").with("A", "1")), "both");
  EXPECT_EQ(table(Request("/a").with("A", "1")), "header");
  EXPECT_EQ(table("/a"), "none");
}

TEST(RouteTable, PrefersOneHeaderConditionToAnyNumberOfQueryConditions) {
  Table table{route("queries", with({query("q"), query("q")})), route("header", with({header("A", "1")}))};

  EXPECT_EQ(table(Request("/a").query("q").with("A", "1")), "header");
}

TEST(RouteTable, DecidesByTheMethodBeforeTheConditions) {
  Table table{route("header", with({header("A", "1")})), route("get", match("", "/a", {"GET"}))};

  EXPECT_EQ(table(Request("/a").with("A", "1")), "get");
}

TEST(RouteTable, DecidesByTheConditionsBeforeThePriority) {
  Table table{route("high", match("", "/a"), 100), route("header", with({header("A", "1")}))};

  EXPECT_EQ(table(Request("/a").with("A", "1")), "header");
}

TEST(RouteTable, DecidesByThePriorityAtTheEnd) {
  Table table{route("low", match("", "/a"), -1), route("high", match("", "/a"), 1),
              route("mid", match("", "/a"))};

  EXPECT_EQ(table("/a"), "high");
}

TEST(RouteTable, DoesNotAllowTheMethodsOfARouteWhoseConditionsFail) {
  Table table{route("a", with({header("A", "1")}, {"GET"})), route("b", match("", "/a", {"PUT"}))};

  EXPECT_EQ(table("POST", "/a"), "405 PUT, OPTIONS");
  EXPECT_EQ(table("GET", "/a"), "405 PUT, OPTIONS");
}

TEST(RouteTable, IgnoresHowOtherConditionsAreCounted) {
  Table table{route("a", with({std::make_shared<TestCondition>(Condition::Kind::other, "A", "1")}), 1),
              route("b", match("", "/a"))};

  EXPECT_EQ(table(Request("/a").with("A", "1")), "a");
  EXPECT_EQ(table("/a"), "b");
}

TEST(RouteTable, MatchesARouteByAnyOfItsMatches) {
  RouteMatches r{"r", 0, {match("", "/a", {"GET"}), match("b.example.com", "/b")}};
  r.matches[0].paths.push_back(path("/a/**"));
  r.matches[1].hosts.push_back(host("*.c"));
  Table table{r};

  EXPECT_EQ(table.find(Request("/a/x")).match, 0u);
  EXPECT_EQ(table.find(Request("POST", "b.example.com", "/b")).match, 1u);
  EXPECT_EQ(table.at("x.c", "/b"), "r");
  EXPECT_EQ(table.at("x.d", "/b"), "404");
}

// --- prefix ---

std::size_t prefix(std::string_view pattern, std::string p) {
  Table table{route(pattern)};
  return table.find(Request(std::move(p))).prefix;
}

TEST(RouteTable, TellsWhatThePatternMatchedBeforeItsTail) {
  EXPECT_EQ(prefix("/foo/**", "/foo/bar"), 4u);
  EXPECT_EQ(prefix("/foo/**", "/foo/"), 4u);
  EXPECT_EQ(prefix("/foo/**", "/foo"), 4u);
  EXPECT_EQ(prefix("/{x}/{rest...}", "/foo/bar/b"), 4u);
  EXPECT_EQ(prefix("/**", "/foo"), 0u);
  EXPECT_EQ(prefix("/foo/bar", "/foo/bar"), 8u);
  EXPECT_EQ(prefix("/foo/", "/foo/"), 5u);
  EXPECT_EQ(prefix("~ /foo/.*", "/foo/bar"), 0u);
}

// --- captures ---

std::vector<std::string> captured(std::string_view pattern, std::string p) {
  Table table{route(pattern)};
  Request request(std::move(p));
  std::vector<std::string> out;
  Lookup found = table.find(request);
  EXPECT_EQ(found.outcome, Outcome::matched);
  for (const auto& c : found.captures.all()) out.push_back(std::string(c.name) + "=" + std::string(c.value));
  return out;
}

TEST(Captures, HoldTheSegmentOfEachParam) {
  EXPECT_THAT(captured("/u/{id}/o/{order}", "/u/7/o/8"), ElementsAre("id=7", "order=8"));
  EXPECT_THAT(captured("/{id}", "/7"), ElementsAre("id=7"));
  EXPECT_THAT(captured("/u/{id}/**", "/u/7/a/b"), ElementsAre("id=7"));
}

TEST(Captures, AreStillEscaped) {
  EXPECT_THAT(captured("/u/{id}", "/u/a%20b%2Fc"), ElementsAre("id=a%20b%2Fc"));
}

TEST(Captures, HoldTheTailWithoutItsFirstSlash) {
  EXPECT_THAT(captured("/u/{rest...}", "/u/a/b//c/"), ElementsAre("rest=a/b//c/"));
  EXPECT_THAT(captured("/u/{rest...}", "/u/"), ElementsAre("rest="));
  EXPECT_THAT(captured("/u/{rest...}", "/u"), ElementsAre("rest="));
  EXPECT_THAT(captured("/{rest...}", "/"), ElementsAre("rest="));
  EXPECT_THAT(captured("/{a}/{rest...}", "/x/y/z"), ElementsAre("a=x", "rest=y/z"));
}

TEST(Captures, HoldTheNamedGroupsOfAnExpression) {
  EXPECT_THAT(captured("~ /v(?P<major>[0-9]+)(\\.[0-9]+)?/(?P<name>.*)", "/v2.1/x/y"),
              ElementsAre("major=2", "name=x/y"));
  EXPECT_THAT(captured("~ /a(?:/(?P<opt>x))?", "/a"), ElementsAre("opt="));
  EXPECT_THAT(captured("~ /(a|b)", "/b"), IsEmpty());
}

TEST(Captures, AreNamedByTheWinner) {
  Table table{route("/u/{id}", {"GET"}), route("/u/{name}", {"POST"})};

  EXPECT_EQ(table.find(Request("POST", "", "/u/x")).captures.find("name"), "x");
  EXPECT_EQ(table.find(Request("POST", "", "/u/x")).captures.find("id"), std::nullopt);
}

TEST(Captures, SurviveACopy) {
  Table table{route("/u/{id}")};
  Request request("/u/7");

  Lookup copy = table.find(request);
  Lookup again;
  again = copy;

  EXPECT_EQ(again.captures.find("id"), "7");
}

}  // namespace
}  // namespace sluice::routing::route_table_test

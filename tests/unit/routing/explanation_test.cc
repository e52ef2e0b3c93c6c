// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/routing/table_builder.h"

#include "tests/unit/routing/request.h"

namespace sluice::routing::explanation_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Trace traced(std::vector<RouteMatches> routes, const Request& request) {
  Trace trace;
  build_table(routes, OnTie::first).table.find(request.head(), &trace);
  return trace;
}

// "<host> <path>: won" or why it lost, for each candidate.
std::vector<std::string> lines(std::vector<RouteMatches> routes, const Request& request) {
  std::vector<std::string> out;
  for (const auto& c : traced(std::move(routes), request).candidates)
    out.push_back(c.host + " " + c.path + ": " + (c.won ? "won" : c.lost_by));
  return out;
}

Match with(std::vector<std::shared_ptr<const Condition>> conditions) {
  Match m = match("", "/a");
  m.conditions = std::move(conditions);
  return m;
}

TEST(Explanation, SaysWhichHostWon) {
  EXPECT_THAT(lines({route("a", match("", "/**")), route("b", match("*.example.com", "/**")),
                     route("c", match("api.example.com", "/**"))},
                    Request("/")),
              ElementsAre("api.example.com /**: won",
                          "*.example.com /**: host: `api.example.com` beats *.example.com",
                          "any host /**: host: `api.example.com` beats any host"));
}

TEST(Explanation, SaysWhichStepOfThePathWon) {
  EXPECT_THAT(lines({route("/orders/{id}"), route("/{any}/7"), route("/**"), route("~ /orders/.*"),
                     route("/orders/7"), route("/orders/7/**")},
                    Request("/orders/7")),
              ElementsAre("any host /orders/7: won", "any host /orders/7/**: path: the end beats `**`",
                          "any host /orders/{id}: path: literal `7` beats {id}",
                          "any host ~ /orders/.*: path: literal `7` beats expression `~ /orders/.*`",
                          "any host /{any}/7: path: literal `orders` beats {any}",
                          "any host /**: path: literal `orders` beats `**`"));
}

TEST(Explanation, SaysWhichMethodDidNotFit) {
  EXPECT_THAT(lines({route("/a", {"POST", "PUT"}), route("/**")}, Request("/a")),
              ElementsAre("any host /a: method GET not in [POST, PUT]", "any host /**: won"));
}

TEST(Explanation, SaysThatTraceMustBeNamed) {
  EXPECT_THAT(lines({route("/a"), route("/**", {"TRACE"})}, Request("TRACE", "", "/a")),
              ElementsAre("any host /a: method TRACE must be named by a route", "any host /**: won"));
}

TEST(Explanation, SaysWhichMethodWon) {
  EXPECT_THAT(lines({route("/a"), route("/a", {"GET"})}, Request("/a")),
              ElementsAre("any host /a: won", "any host /a: method: [GET] beats any method"));
  EXPECT_THAT(lines({route("/a", {"GET"}), route("/a", {"HEAD"})}, Request("HEAD", "", "/a")),
              ElementsAre("any host /a: method: [HEAD] beats [GET]", "any host /a: won"));
}

TEST(Explanation, SaysWhichConditionIsNotMet) {
  EXPECT_THAT(lines({route("a", with({header("A", "1")})), route("b", match("", "/a"))}, Request("/a")),
              ElementsAre("any host /a: condition not met: A: 1", "any host /a: won"));
}

TEST(Explanation, ShowsTheConditionsOfEachCandidate) {
  auto candidates =
      traced({route("a", with({header("A", "1"), query("q")})), route("b", match("", "/a"))}, Request("/a"))
          .candidates;

  ASSERT_EQ(candidates.size(), 2u);
  EXPECT_EQ(candidates[0].conditions, "A: 1, query: q");
  EXPECT_EQ(candidates[1].conditions, "");
}

TEST(Explanation, SaysThatAPathIsAnothersOwn) {
  Match redirected = match("", "/a");
  redirected.redirected.push_back(path("/a/"));

  EXPECT_THAT(lines({route("a", redirected), route("/a/")}, Request("/a/")),
              ElementsAre("any host /a/: won",
                          "any host /a/: path: it is the route's own path only with the other ending"));
}

TEST(Explanation, SaysWhoseConditionsAreMore) {
  EXPECT_THAT(
      lines({route("a", with({header("A", "1"), header("B", "1")})), route("b", with({header("A", "1")})),
             route("c", with({query("q")})), route("d", match("", "/a"))},
            Request("/a").with("A", "1").with("B", "1").query("q")),
      ElementsAre("any host /a: won", "any host /a: header conditions: 2 beat 1",
                  "any host /a: header conditions: 2 beat 0", "any host /a: header conditions: 2 beat 0"));
  EXPECT_THAT(lines({route("a", with({query("q")})), route("b", match("", "/a"))}, Request("/a").query("q")),
              ElementsAre("any host /a: won", "any host /a: query conditions: 1 beat 0"));
}

TEST(Explanation, SaysWhosePriorityIsHigher) {
  EXPECT_THAT(lines({route("a", match("", "/a"), -5), route("b", match("", "/a"), 3)}, Request("/a")),
              ElementsAre("any host /a: won", "any host /a: priority: 3 beats -5"));
}

TEST(Explanation, SaysThatTheOrderDecided) {
  EXPECT_THAT(lines({route("a", match("", "/a")), route("b", match("", "/a"))}, Request("/a")),
              ElementsAre("any host /a: won", "any host /a: order: the winner is written first"));
}

TEST(Explanation, NamesRouteAndMatch) {
  Trace trace =
      traced({route("/x"), RouteMatches{"b", 0, {match("", "/y"), match("", "/a")}}}, Request("/a"));

  ASSERT_THAT(trace.candidates, testing::SizeIs(1));
  EXPECT_EQ(trace.candidates[0].route, 1u);
  EXPECT_EQ(trace.candidates[0].match, 1u);
  EXPECT_THAT(trace.hint, IsEmpty());
}

TEST(Explanation, HintsAtTheHostThatWasPerhapsMeant) {
  auto routes = {route("a", match("api.example.com", "/**")), route("b", match("*.shop.com", "/**"))};

  EXPECT_EQ(traced(routes, Request("GET", "apo.example.com", "/")).hint,
            "host: no route is for `apo.example.com`; did you mean \"api.example.com\"?");
  EXPECT_EQ(traced(routes, Request("GET", "other.org", "/")).hint, "host: no route is for `other.org`");
}

TEST(Explanation, HintsAtTheSegmentThatWasPerhapsMeant) {
  auto routes = {route("/orders/items"), route("/orders/{id}/lines"), route("/users")};

  EXPECT_EQ(traced(routes, Request("/orders/7/linse")).hint,
            "path: no route goes on from `/orders/7/` with `linse`; did you mean \"lines\"?");
  EXPECT_EQ(traced(routes, Request("/user")).hint,
            "path: no route goes on from `/` with `user`; did you mean \"users\"?");
  EXPECT_EQ(traced(routes, Request("/orders")).hint, "path: routes go on from `/orders`, none ends there");
}

TEST(Explanation, LooksForHintsAtTheHostsOwnRoutes) {
  auto routes = {route("a", match("*.example.com", "/orders")), route("b", match("", "/other"))};

  EXPECT_EQ(traced(routes, Request("/order")).hint,
            "path: no route goes on from `/` with `order`; did you mean \"orders\"?");
}

}  // namespace
}  // namespace sluice::routing::explanation_test

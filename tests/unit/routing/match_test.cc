// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/routing/request.h"

namespace sluice::routing::match_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(RouteMatches, TellWhichNamesEveryPathCaptures) {
  EXPECT_THAT(route("/{a}/{b}/{rest...}").captures(), ElementsAre("a", "b", "rest"));
  EXPECT_THAT(route("~ /(?P<x>a)/(b)/(?P<y>c)").captures(), ElementsAre("x", "y"));
  EXPECT_THAT(route("/a/**").captures(), IsEmpty());

  RouteMatches two{"r", 0, {match("", "/{a}/{b}"), match("", "/x/{b}/{c}")}};
  EXPECT_THAT(two.captures(), ElementsAre("b"));
  two.matches[0].paths.push_back(path("/{c}"));
  EXPECT_THAT(two.captures(), IsEmpty());
  EXPECT_THAT((RouteMatches{"r", 0, {match("", "/{a}"), Match{}}}).captures(), IsEmpty());
}

TEST(RouteMatches, TellWhetherAMatchHasAPrefix) {
  EXPECT_TRUE(route("/a/**").tells_prefix());
  EXPECT_TRUE((RouteMatches{"r", 0, {Match{}}}).tells_prefix());
  EXPECT_FALSE(route("~ /a").tells_prefix());
  EXPECT_TRUE((RouteMatches{"r", 0, {match("", "~ /a"), match("", "/b")}}).tells_prefix());
}

}  // namespace
}  // namespace sluice::routing::match_test

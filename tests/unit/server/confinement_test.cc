// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/confinement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"
#include "gateway/server/config.h"

#include "tests/support/fake_environment.h"

namespace sluice::server::confinement_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// What is said about a main file that includes `team.yaml` with this confinement.
std::string said(const std::string& confine, const std::string& team, const std::string& main = "",
                 std::map<std::string, std::string> more = {}) {
  more["main.yaml"] = "include: {files: team.yaml, confine: " + confine + "}\n" + main;
  more["team.yaml"] = team;
  config::Diagnostics diagnostics;
  config::Document document = config::load("main.yaml", diagnostics, test::FakeEnvironment(std::move(more)));
  auto bound = config::bind<Config>(document, diagnostics);
  std::vector<routing::RouteMatches> routes;
  for (const auto& route : bound.routes) {
    routing::RouteMatches matches{route.name, 0, {}};
    for (const auto& match : route.match) {
      matches.matches.push_back(match.match());
      routing::apply(route.trailing_slash.value_or(bound.defaults.trailing_slash), matches.matches.back());
    }
    routes.push_back(std::move(matches));
  }
  check_confinements(document, routes, diagnostics);
  return diagnostics.text();
}

// Of a route with this match in the confined file.
std::string of_match(const std::string& confine, const std::string& match) {
  return said(confine, "routes: [{name: r, match: " + match + ", respond: 200}]\n");
}

TEST(Confinement, LetsRoutesBeWithinThePath) {
  for (auto match :
       {"{path: /a/**}", "{path: /a}", "{path: /a/}", "{path: '/a/{id}'}", "{path: '/a/{rest...}'}",
        "{path: {regex: '/a/[0-9]+'}}", "{path: [/a/b, /a/c], host: x.com}"})
    EXPECT_THAT(of_match("{path: /a/**}", match), IsEmpty()) << match;
}

TEST(Confinement, RefusesRoutesOutsideThePath) {
  for (auto match : {"{path: /b}", "{path: /ab}", "{path: /}", "{path: /**}", "{path: '/{a}'}",
                     "{host: x.com}", "{path: {regex: '/a[0-9]*/.*'}}", "{path: {regex: '/(a|b)/c'}}",
                     "{path: [/a/b, /b]}", "[{path: /a/b}, {path: /b}]", "{path: '/a%2Fb'}"})
    EXPECT_THAT(of_match("{path: /a/**}", match),
                HasSubstr("confined to the path /a/**, and the route takes"))
        << match;
}

TEST(Confinement, KnowsWhatCapturesAndExactPathsLeaveOpen) {
  EXPECT_THAT(of_match("{path: '/t/{team}/**'}", "{path: /t/a/b}"), IsEmpty());
  EXPECT_THAT(of_match("{path: '/t/{team}/**'}", "{path: '/t/{x}'}"), IsEmpty());
  EXPECT_THAT(of_match("{path: '/t/{team}/**'}", "{path: /t/**}"), Not(IsEmpty()));
  EXPECT_THAT(of_match("{path: '/t/{team}/**'}", "{path: /t//b}"), Not(IsEmpty()));
  EXPECT_THAT(of_match("{path: /a}", "{path: /a}"), IsEmpty());
  EXPECT_THAT(of_match("{path: /a}", "{path: /a/}"), Not(IsEmpty()));
  EXPECT_THAT(of_match("{path: /a}", "{path: /a/**}"), Not(IsEmpty()));
  EXPECT_THAT(of_match("{path: /a}", "{path: {regex: '/a'}}"), Not(IsEmpty()));
  EXPECT_THAT(of_match("{path: [/a/**, /b/**]}", "{path: [/a/x, /b/y]}"), IsEmpty());
}

TEST(Confinement, KnowsTheOtherEndingThatARouteTakesToo) {
  for (auto policy : {"redirect", "ignore"}) {
    auto taking = [&](const std::string& confine, const std::string& path) {
      return said("{path: " + confine + "}", "routes: [{name: r, match: {path: " + path +
                                                 "}, trailing_slash: " + policy + ", respond: 200}]\n");
    };
    EXPECT_THAT(taking("/a", "/a"), HasSubstr("confined to the path /a, and the route takes others"))
        << policy;
    EXPECT_THAT(taking("/a/**", "/a"), IsEmpty()) << policy;
    EXPECT_THAT(taking("[/a, /a/]", "/a"), IsEmpty()) << policy;
  }
}

TEST(Confinement, KnowsHosts) {
  for (auto match : {"{host: a.x.com}", "{host: '*.a.x.com'}", "{host: '*.x.com'}"})
    EXPECT_THAT(of_match("{host: '*.x.com'}", match), IsEmpty()) << match;
  for (auto match : {"{host: x.com}", "{host: '*.com'}", "{host: ax.com}", "{path: /a}", "{host: '*'}",
                     "{host: [a.x.com, y.com]}"})
    EXPECT_THAT(of_match("{host: '*.x.com'}", match), HasSubstr("confined to the host *.x.com")) << match;
  EXPECT_THAT(of_match("{host: [x.com, y.com]}", "{host: Y.com}"), IsEmpty());
  EXPECT_THAT(of_match("{host: x.com, path: /a/**}", "{host: x.com, path: /b}"), HasSubstr("the path"));
}

TEST(Confinement, SaysWhereTheRouteAndTheConfinementStand) {
  EXPECT_THAT(
      of_match("{path: /a/**}", "{path: /b}"),
      HasSubstr(
          "team.yaml:1:34: error: this file is confined to the path /a/**, and the route takes others"));
  EXPECT_THAT(of_match("{path: /a/**}", "{path: /b}"), HasSubstr("confined at main.yaml:1:38"));
}

TEST(Confinement, LeavesOtherFilesAlone) {
  EXPECT_THAT(said("{path: /a/**}", "routes: []\n",
                   "routes: [{name: r, match: {path: /b}, respond: 200}]\nuse: [{request_id: {}}]\n"),
              IsEmpty());
}

TEST(Confinement, HoldsForFilesThatAreIncludedFurther) {
  std::string route = "routes: [{name: r, match: {path: /a/b}, respond: 200}]\n";
  auto nested = [&](const std::string& confine) {
    return said("{path: /a/**}", "include: {files: sub.yaml, confine: " + confine + "}\n", "",
                {{"sub.yaml", route}});
  };
  EXPECT_THAT(nested("{path: /a/b/**}"), IsEmpty());
  EXPECT_THAT(nested("{path: /a/c/**}"), HasSubstr("sub.yaml"));
  EXPECT_THAT(nested("{path: /**}"), IsEmpty());
  EXPECT_THAT(said("{path: /c/**}", "include: sub.yaml\n", "", {{"sub.yaml", route}}),
              HasSubstr("confined to the path /c/**"));
}

TEST(Confinement, RefusesWhatConcernsEverybody) {
  for (auto section :
       {"use: [{request_id: {}}]", "listeners: {web: ':80'}", "consumers: [{name: a}]", "on_tie: first",
        "defaults: {merge_slashes: true}", "admin: {bind: ':1'}", "metrics: {}", "workers: 2"})
    EXPECT_THAT(said("{path: /a/**}", std::string(section) + "\n"),
                HasSubstr("a file that is confined cannot hold `"))
        << section;
  EXPECT_THAT(said("{path: /a/**}",
                   "upstreams: {u: {url: 'http://h'}}\npolicies: {p: {request_id: {}}}\nversion: 1\n"),
              IsEmpty());
  // Joined with what the main file has of the kind.
  EXPECT_THAT(said("{path: /a/**}", "use: [{request_id: {}}]\n", "use: [{request_id: {}}]\n"),
              HasSubstr("team.yaml:1:7: error: a file that is confined cannot hold `use`"));
  EXPECT_THAT(said("{path: /a/**}", "listeners: {b: ':81'}\n", "listeners: {a: ':80'}\n"),
              HasSubstr("team.yaml:1:13: error"));
}

TEST(Confinement, IsItselfChecked) {
  EXPECT_THAT(of_match("{paths: /a}", "{path: /b}"),
              HasSubstr("main.yaml:1:39: error: unknown setting `paths`"));
  EXPECT_THAT(of_match("{}", "{path: /b}"), HasSubstr("at least one of host, path is missing"));
  EXPECT_THAT(of_match("{path: b}", "{path: /b}"), HasSubstr("a path starts with `/`"));
}

}  // namespace
}  // namespace sluice::server::confinement_test

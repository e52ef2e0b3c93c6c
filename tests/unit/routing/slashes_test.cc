// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/slashes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/routing/table_builder.h"
#include "gateway/routing/trace.h"

#include "tests/unit/routing/request.h"

namespace sluice::routing::slashes_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Outcome = Lookup::Outcome;

std::vector<std::string> texts(const std::vector<PathPattern>& patterns) {
  std::vector<std::string> out;
  for (const auto& p : patterns) out.push_back(p.text);
  return out;
}
Match with_policy(TrailingSlash policy, std::string_view p, std::vector<std::string> methods = {}) {
  Match m = match("", p, std::move(methods));
  apply(policy, m);
  return m;
}

TEST(TrailingSlash, AddsTheOtherEnding) {
  EXPECT_THAT(texts(with_policy(TrailingSlash::strict, "/a").paths), ElementsAre("/a"));
  EXPECT_THAT(texts(with_policy(TrailingSlash::ignore, "/a").paths), ElementsAre("/a", "/a/"));
  EXPECT_THAT(texts(with_policy(TrailingSlash::ignore, "/a/").paths), ElementsAre("/a/", "/a"));
  EXPECT_THAT(texts(with_policy(TrailingSlash::ignore, "/u/{id}").paths), ElementsAre("/u/{id}", "/u/{id}/"));
  EXPECT_THAT(texts(with_policy(TrailingSlash::redirect, "/a").paths), ElementsAre("/a"));
  EXPECT_THAT(texts(with_policy(TrailingSlash::redirect, "/a").redirected), ElementsAre("/a/"));
}

TEST(TrailingSlash, LeavesAloneWhatSaysItself) {
  for (auto p : {"/a/**", "/{rest...}", "~ /a", "/", "/**"})
    EXPECT_THAT(with_policy(TrailingSlash::redirect, p).redirected, IsEmpty()) << p;
  Match both = match("", "/a");
  both.paths.push_back(path("/a/"));
  apply(TrailingSlash::ignore, both);
  EXPECT_THAT(texts(both.paths), ElementsAre("/a", "/a/"));
}

// "matched r" or "redirected r" and so on.
std::string found(const std::vector<RouteMatches>& routes, const http::RequestHead& head) {
  BuiltTable built = build_table(routes);
  EXPECT_THAT(built.findings, IsEmpty());
  Lookup lookup = built.table.find(head);
  Trace trace;
  EXPECT_EQ(built.table.find(head, &trace).outcome, lookup.outcome);
  if (lookup.outcome == Outcome::matched) return "matched " + routes[lookup.route].name;
  if (lookup.outcome == Outcome::redirected) return "redirected " + routes[lookup.route].name;
  return lookup.outcome == Outcome::no_route ? "no route" : "method";
}

TEST(TrailingSlash, IgnoredMatchesBothEndings) {
  std::vector<RouteMatches> routes{route("a", with_policy(TrailingSlash::ignore, "/a/{x}"))};

  EXPECT_EQ(found(routes, Request("/a/b").head()), "matched a");
  EXPECT_EQ(found(routes, Request("/a/b/").head()), "matched a");
  EXPECT_EQ(found(routes, Request("/a/b//").head()), "no route");
}

TEST(TrailingSlash, RedirectsToTheRoutesOwnPath) {
  std::vector<RouteMatches> routes{route("a", with_policy(TrailingSlash::redirect, "/a")), route("/**")};

  EXPECT_EQ(found(routes, Request("/a").head()), "matched a");
  EXPECT_EQ(found(routes, Request("/a/").head()), "redirected a");
  EXPECT_EQ(found(routes, Request("/b/").head()), "matched /**");
}

TEST(TrailingSlash, NeverTakesAPathFromARouteThatHasIt) {
  std::vector<RouteMatches> routes{route("a", with_policy(TrailingSlash::redirect, "/a", {"GET"})),
                                   route("b", match("", "/a/")), route("c", match("", "/c/", {"POST"})),
                                   route("d", with_policy(TrailingSlash::redirect, "/c"))};

  EXPECT_EQ(found(routes, Request("/a/").head()), "matched b");
  EXPECT_EQ(found(routes, Request("POST", "h", "/c/").head()), "matched c");
  EXPECT_EQ(found(routes, Request("GET", "h", "/c/").head()), "redirected d");
}

TEST(TrailingSlash, RedirectsOnlyWhatTheRouteTakes) {
  std::vector<RouteMatches> routes{route("a", with_policy(TrailingSlash::redirect, "/a", {"POST"}))};

  EXPECT_EQ(found(routes, Request("POST", "h", "/a/").head()), "redirected a");
  EXPECT_EQ(found(routes, Request("GET", "h", "/a/").head()), "method");
}

TEST(TrailingSlash, TiesWhereTwoRoutesHaveOnePath) {
  std::vector<RouteMatches> routes{route("a", with_policy(TrailingSlash::ignore, "/a")), route("/a/")};

  EXPECT_EQ(build_table(routes).findings.size(), 1u);
}

TEST(WithOtherEnding, LeadsToTheSameHostWhateverThePath) {
  base::Arena arena;
  EXPECT_EQ(with_other_ending("/a/b", arena), "/a/b/");
  EXPECT_EQ(with_other_ending("/a/b/", arena), "/a/b");
  EXPECT_EQ(with_other_ending("//evil.example/", arena), "/.//evil.example");
  EXPECT_EQ(with_other_ending("//evil.example", arena), "/.//evil.example/");
}

TEST(WithMergedSlashes, LeavesOneOfSeveral) {
  base::Arena arena;
  EXPECT_EQ(with_merged_slashes("//a///b//", arena), "/a/b/");
  EXPECT_EQ(with_merged_slashes("/", arena), "/");
  EXPECT_EQ(with_merged_slashes("*", arena), "*");
  EXPECT_EQ(with_merged_slashes("", arena), "");
  std::string_view path = "/a/b";
  EXPECT_EQ(with_merged_slashes(path, arena).data(), path.data());
}

}  // namespace
}  // namespace sluice::routing::slashes_test

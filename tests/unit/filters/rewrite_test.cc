// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters {
namespace {

using base::Reason;
using test::FakeExchange;
using testing::HasSubstr;

// The path after `yaml`, for a request whose route matched `matched` characters before its tail.
std::string rewritten(std::string_view yaml, std::string_view path, std::size_t matched = 0) {
  auto built = test::filter(yaml, {"id", "rest"});
  if (!built.problems.empty()) return built.problems;
  FakeExchange fake(path);
  fake.ex.matched_prefix = fake.request().path.substr(0, matched);
  built.get().on_request(fake.ex).await_resume();
  EXPECT_TRUE(fake.request().path.starts_with(fake.ex.matched_prefix));
  return std::string(fake.request().path);
}

struct PrefixRow {
  std::string_view path;
  std::size_t matched;
  std::string_view replacement;
  std::string_view result;
};

// The table of the Gateway API for ReplacePrefixMatch.
constexpr PrefixRow kTable[] = {
    {"/foo/bar", 4, "/xyz", "/xyz/bar"},
    {"/foo/bar", 4, "/xyz/", "/xyz/bar"},
    {"/foo/bar", 5, "/xyz", "/xyz/bar"},
    {"/foo/bar", 5, "/xyz/", "/xyz/bar"},
    {"/foo", 4, "/xyz", "/xyz"},
    {"/foo", 4, "/xyz/", "/xyz"},
    {"/foo/", 4, "/xyz", "/xyz/"},
    {"/foo/bar", 4, "", "/bar"},
    {"/foo/", 4, "", "/"},
    {"/foo", 4, "", "/"},
    {"/foo/", 4, "/", "/"},
    {"/foo", 4, "/", "/"},
    {"/foo/bar", 4, "/", "/bar"},
    // A prefix that is the whole host, and deeper ones.
    {"/a/b", 0, "/xyz", "/xyz/a/b"},
    {"/", 0, "/xyz", "/xyz/"},
    {"/a/b/c", 4, "/x/y", "/x/y/c"},
    // Encoded slashes are no slashes, and the client's own empty segments stay, but not where the pieces
    // meet.
    {"/foo/a%2Fb", 4, "/xyz", "/xyz/a%2Fb"},
    {"/foo//bar", 4, "/xyz", "/xyz/bar"},
    {"/foo//bar", 4, "/", "/bar"},
    {"/foo/a//b", 4, "/xyz", "/xyz/a//b"},
    {"/foo///", 4, "/xyz", "/xyz/"},
};

TEST(Rewrite, ReplacesThePrefixAsTheGatewayApiDoes) {
  for (const PrefixRow& row : kTable) {
    std::string yaml = "rewrite: {prefix: \"" + std::string(row.replacement) + "\"}";
    EXPECT_EQ(rewritten(yaml, row.path, row.matched), row.result)
        << row.path << " [" << row.matched << "] -> " << row.replacement;
  }
}

TEST(Rewrite, StripsAPrefixBySegments) {
  constexpr std::string_view kYaml = "rewrite: {strip_prefix: /api/}";

  EXPECT_EQ(rewritten(kYaml, "/api/users"), "/users");
  EXPECT_EQ(rewritten(kYaml, "/api/"), "/");
  EXPECT_EQ(rewritten(kYaml, "/api"), "/");
  EXPECT_EQ(rewritten(kYaml, "/apis/users"), "/apis/users");
  EXPECT_EQ(rewritten(kYaml, "/API/users"), "/API/users");
  EXPECT_EQ(rewritten(kYaml, "/x/api/users"), "/x/api/users");
  EXPECT_EQ(rewritten(kYaml, "/api//evil"), "/evil");
}

TEST(Rewrite, KeepsTheMatchedPrefixABeginningOfThePath) {
  FakeExchange fake("/api/foo/bar");
  fake.ex.matched_prefix = fake.request().path.substr(0, 8);

  test::filter("rewrite: {strip_prefix: /api}").get().on_request(fake.ex).await_resume();
  EXPECT_EQ(fake.ex.matched_prefix, "/foo");

  auto second = test::filter("rewrite: {prefix: /v2}");
  second.get().on_request(fake.ex).await_resume();
  EXPECT_EQ(fake.request().path, "/v2/bar");
  EXPECT_EQ(fake.ex.matched_prefix, "/v2");
}

TEST(Rewrite, ReplacesTheWholePathWithCaptures) {
  auto built = test::filter("rewrite: {path: \"/v1/${path.id}/x/${path.rest}\"}", {"id", "rest"});
  FakeExchange fake("/whatever?a=b");
  fake.captures({{"id", "caf%C3%A9"}, {"rest", "a/b%20c"}});

  built.get().on_request(fake.ex).await_resume();

  EXPECT_EQ(fake.request().path, "/v1/caf%C3%A9/x/a/b%20c");
  EXPECT_EQ(fake.request().query, "a=b");
}

TEST(Rewrite, PutsTheRequestPathBehindAnother) {
  EXPECT_EQ(rewritten("rewrite: {path: \"/tenant/a${request.path}\"}", "/b/c"), "/tenant/a/b/c");
  EXPECT_EQ(rewritten("rewrite: {path: \"${request.path}/end\"}", "/b/"), "/b/end");
  EXPECT_EQ(rewritten("rewrite: {path: \"/x/${request.path}\"}", "//b"), "/x/b");
}

TEST(Rewrite, NormalisesWhatIsWritten) {
  EXPECT_EQ(rewritten("rewrite: {path: /%7euser}", "/x"), "/~user");
  EXPECT_EQ(rewritten("rewrite: {prefix: /%7euser}", "/x", 0), "/~user/x");
}

TEST(Rewrite, RefusesARequestThatWouldLeaveItsPlace) {
  for (std::string_view evil : {"..", ".", "%2E%2E", "..%3Bx", "a/../b", "a/b", "a%5Cb"}) {
    auto built = test::filter("rewrite: {path: \"/files/${query.name}\"}");
    ASSERT_EQ(built.problems, "");
    FakeExchange fake("/x?name=" + std::string(evil));

    auto step = built.get().on_request(fake.ex).await_resume();

    EXPECT_EQ(step, chain::Step::replied) << evil << " made " << fake.request().path;
    EXPECT_EQ(fake.response().status, 400);
    EXPECT_EQ(fake.ex.reason, Reason::validation);
  }
}

TEST(Rewrite, MakesOneSegmentOfAValueThatIsNoCapture) {
  EXPECT_EQ(rewritten("rewrite: {path: \"/files/${query.name}\"}", "/x?name=a%20b?c"), "/files/a%20b%3Fc");
}

TEST(Rewrite, PassesEncodedSlashesOnWhereTheRouteOrTheOperatorHasThem) {
  auto built = test::filter("rewrite: {path: \"/v1/${path.id}\"}", {"id"});
  FakeExchange fake("/users/a%2Fb");
  fake.captures({{"id", "a%2Fb"}});

  EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::next);

  EXPECT_EQ(fake.request().path, "/v1/a%2Fb");
  EXPECT_EQ(rewritten("rewrite: {path: \"/a%2fb/${query.x}\"}", "/x?x=1"), "/a%2Fb/1");
}

TEST(Rewrite, LeavesRequestsWithoutPathAlone) {
  EXPECT_EQ(rewritten("rewrite: {path: /x}", "*"), "*");
  EXPECT_EQ(rewritten("rewrite: {prefix: /x}", "*"), "*");
  EXPECT_EQ(rewritten("rewrite: {prefix: /x}", ""), "");
}

TEST(Rewrite, RefusesPathsThatAreNone) {
  EXPECT_THAT(rewritten("rewrite: {prefix: v2}", "/"), HasSubstr("must start with `/`"));
  EXPECT_THAT(rewritten("rewrite: {strip_prefix: \"\"}", "/"), HasSubstr("must start with `/`"));
  EXPECT_THAT(rewritten("rewrite: {path: \"users/${path.id}\"}", "/"), HasSubstr("must start with `/`"));
  EXPECT_THAT(rewritten("rewrite: {path: \"/x?y=${path.id}\"}", "/"), HasSubstr("must not hold a query"));
  EXPECT_THAT(rewritten("rewrite: {prefix: /a//b}", "/"), HasSubstr("must not hold `//`"));
  EXPECT_THAT(rewritten("rewrite: {path: /a/../b}", "/"), HasSubstr("`.` or `..`"));
  EXPECT_THAT(rewritten("rewrite: {path: /a/%2e%2e/b}", "/"), HasSubstr("`.` or `..`"));
  EXPECT_THAT(rewritten("rewrite: {prefix: \"/a b\"}", "/"), HasSubstr("must be encoded"));
  EXPECT_THAT(rewritten("rewrite: {prefix: \"/${path.id}\"}", "/"), HasSubstr("must not hold variables"));
}

TEST(Rewrite, WantsExactlyOneWay) {
  EXPECT_NE(rewritten("rewrite: {}", "/"), "/");
  EXPECT_NE(rewritten("rewrite: {prefix: /a, path: /b}", "/"), "/");
}

TEST(Rewrite, NeedsAPatternWithAPrefixToReplaceIt) {
  EXPECT_THAT(test::filter("rewrite: {prefix: /v2}", {}, false).problems, HasSubstr("expression"));
  EXPECT_EQ(test::filter("rewrite: {strip_prefix: /v2}", {}, false).problems, "");
}

TEST(Rewrite, ComplainsAboutCapturesThatTheRouteDoesNotHave) {
  EXPECT_THAT(test::filter("rewrite: {path: \"/${path.ids}\"}", {"id"}).problems, HasSubstr("${path.id}"));
}

}  // namespace
}  // namespace sluice::filters

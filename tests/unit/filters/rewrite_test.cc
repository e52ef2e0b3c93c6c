// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/as_asked.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::rewrite_test {
namespace {

using base::Reason;
using test::FakeExchange;
using testing::HasSubstr;
using testing::Not;

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
    // Encoded slashes are no slashes, and the client's own empty segments stay.
    {"/foo/a%2Fb", 4, "/xyz", "/xyz/a%2Fb"},
    {"/foo/a//b", 4, "/xyz", "/xyz/a//b"},
    {"/foo/a//", 4, "/", "/a//"},
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
  EXPECT_EQ(rewritten(kYaml, "/api/a//b"), "/a//b");
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

TEST(Rewrite, IsStillKnownAsTheClientSentIt) {
  for (std::string settings :
       {"{prefix: /v2}", "{strip_prefix: /a}", "{path: /internal}", R"({regex: "/a/b", to: /internal})"}) {
    auto built = test::filter("rewrite: " + settings);
    ASSERT_EQ(built.problems, "") << settings;
    FakeExchange fake("/a/b");
    fake.ex.matched_prefix = fake.request().path.substr(0, 2);
    EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::next);

    EXPECT_NE(fake.request().path, "/a/b") << settings;
    EXPECT_EQ(chain::client_line(fake.ex).path, "/a/b") << settings;
  }
}

TEST(Rewrite, PutsTheRequestPathBehindAnother) {
  EXPECT_EQ(rewritten("rewrite: {path: \"/tenant/a${request.path}\"}", "/b/c"), "/tenant/a/b/c");
  EXPECT_EQ(rewritten("rewrite: {path: \"${request.path}/end\"}", "/b/"), "/b/end");
  EXPECT_EQ(rewritten("rewrite: {path: \"/x/${request.path}\"}", "/b//c"), "/x/b//c");
  EXPECT_EQ(rewritten("rewrite: {path: \"/x${request.path}\"}", "//b"), "/x//b");
  EXPECT_EQ(rewritten("rewrite: {path: /x}", "//b"), "/x");
}

// Whoever has a route for /api/admin/** did not mean /api//admin, which is another path; the rewritten one
// must not be that of the former.
TEST(Rewrite, RefusesAnEmptySegmentThatWouldVanish) {
  struct Row {
    std::string_view yaml, path;
    std::size_t matched;
    std::string_view rest;
  };
  constexpr Row kRows[] = {
      {"rewrite: {prefix: /}", "/api//admin", 4, "/admin"},
      {"rewrite: {prefix: /xyz}", "/api//admin", 4, "/admin"},
      {"rewrite: {prefix: /xyz}", "/api///", 4, "//"},
      {"rewrite: {prefix: /xyz}", "//admin", 0, "/admin"},
      {"rewrite: {strip_prefix: /api}", "/api//admin", 4, "/admin"},
      {"rewrite: {path: \"/v1/${path.rest}\"}", "/api//admin", 4, "/admin"},
      {"rewrite: {path: \"/x/${request.path}\"}", "//admin", 0, "/admin"},
      {R"yaml(rewrite: {regex: "/api/(.*)", to: '/\1'})yaml", "/api//admin", 0, ""},
      {R"yaml(rewrite: {regex: "/api/+(.*)", to: '/v1/\1'})yaml", "/api//admin", 0, ""},
  };
  for (const Row& row : kRows) {
    auto built = test::filter(row.yaml, {"rest"});
    ASSERT_EQ(built.problems, "");
    FakeExchange fake(row.path);
    fake.captures({{"rest", row.rest}});
    fake.ex.matched_prefix = fake.request().path.substr(0, row.matched);

    EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::replied)
        << row.yaml << " made " << fake.request().path << " of " << row.path;
    EXPECT_EQ(fake.response().status, 400);
    EXPECT_EQ(fake.ex.reason, Reason::validation);
  }
}

// What stands behind it would be asked for in its place.
TEST(Rewrite, RefusesARequestWithoutAValueThatIsASegment) {
  for (std::string_view path :
       {"/tenants/${claim.tenant}/${path.rest}", "/tenants/${query.id}", "/t/${header.x-a}${query.id}/x",
        "/t/${consumer.metadata.v}${request.path}"}) {
    auto built = test::filter("rewrite: {path: \"" + std::string(path) + "\"}", {"rest"});
    ASSERT_EQ(built.problems, "");
    FakeExchange fake("/api/victim/data?id=");
    fake.captures({{"rest", "victim/data"}});

    EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::replied)
        << path << " made " << fake.request().path;
    EXPECT_EQ(fake.response().status, 400);
    EXPECT_EQ(fake.ex.reason, Reason::validation);
  }
}

TEST(Rewrite, TakesAnEmptyValueThatIsNoSegmentOrAPieceOfThePath) {
  EXPECT_EQ(rewritten("rewrite: {path: \"/v1/${path.rest}\"}", "/api"), "/v1/");
  EXPECT_EQ(rewritten("rewrite: {path: \"/v1/${path.rest}/x\"}", "/api"), "/v1/x");
  EXPECT_EQ(rewritten("rewrite: {path: \"/v1/a${query.id}/x\"}", "/api"), "/v1/a/x");
  EXPECT_EQ(rewritten("rewrite: {path: \"/v1/${query.none}${query.id}/x\"}", "/api?id=7"), "/v1/7/x");
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

TEST(Rewrite, ReplacesWhatAnExpressionMatches) {
  constexpr std::string_view kYaml = R"yaml(rewrite: {regex: "/v1/([^/]+)/(.*)", to: '/\2/of/\1'})yaml";

  EXPECT_EQ(rewritten(kYaml, "/v1/ann/orders/7?a=b"), "/orders/7/of/ann");
  EXPECT_EQ(rewritten(kYaml, "/v1/caf%C3%A9/x", 3), "/x/of/caf%C3%A9");
  // It is anchored at both ends, and compares the escaped path.
  EXPECT_EQ(rewritten(kYaml, "/x/v1/ann/orders"), "/x/v1/ann/orders");
  EXPECT_EQ(rewritten(kYaml, "/v1/ann"), "/v1/ann");
  EXPECT_EQ(rewritten(kYaml, "/v1/a%2Fb/c"), "/c/of/a%2Fb");
  EXPECT_EQ(rewritten(R"(rewrite: {regex: "/.*", to: '/v2\0'})", "/a/b"), "/v2/a/b");
  EXPECT_EQ(rewritten(R"(rewrite: {regex: "/a|/b", to: /c})", "/b"), "/c");
  EXPECT_EQ(rewritten(R"(rewrite: {regex: "/a(x)?/b", to: '/c\1'})", "/a/b"), "/c");
}

TEST(Rewrite, LeavesOneSlashWhereWhatAnExpressionMatchedMeetsTheRest) {
  EXPECT_EQ(rewritten(R"yaml(rewrite: {regex: "/a(.*)", to: '/b/\1'})yaml", "/a/"), "/b/");
  EXPECT_EQ(rewritten(R"(rewrite: {regex: "(/.*)a", to: '/b\1/c'})", "/x/a"), "/b/x/c");
  EXPECT_EQ(rewritten(R"yaml(rewrite: {regex: "/a/(.*)", to: '/b/\1'})yaml", "/a/x//y"), "/b/x//y");
}

TEST(Rewrite, RefusesWhatAnExpressionWouldMakeOfBadPieces) {
  struct Row {
    std::string_view yaml, path;
  };
  constexpr Row kRows[] = {
      {R"yaml(rewrite: {regex: "/a(.*)", to: '/files/.\1'})yaml", "/a./b"},
      {R"yaml(rewrite: {regex: "/a(.*)", to: '/files/.\1'})yaml", "/a"},
      {R"yaml(rewrite: {regex: "/a/(%)25(2E)", to: '/files/\1\2\1\2'})yaml", "/a/%252E"},
      {R"yaml(rewrite: {regex: "/a/(%)25(2F)", to: '/files/\1\2'})yaml", "/a/%252F"},
      {R"yaml(rewrite: {regex: "/a/(%)25(00)", to: '/files/\1\2'})yaml", "/a/%2500"},
      {R"(rewrite: {regex: "/a/(%)25(5C)..", to: '/files/\1\2'})", "/a/%255C.."},
      {R"(rewrite: {regex: "/a/(%.).*", to: '/files/\1'})", "/a/%20b"},
  };
  for (const Row& row : kRows) {
    auto built = test::filter(row.yaml);
    ASSERT_EQ(built.problems, "");
    FakeExchange fake(row.path);

    EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::replied)
        << row.path << " made " << fake.request().path;
    EXPECT_EQ(fake.response().status, 400);
    EXPECT_EQ(fake.ex.reason, Reason::validation);
  }
}

// A control character can neither be written nor come with a request, and an encoded one stays encoded.
TEST(Rewrite, PutsNoLineEndIntoThePath) {
  EXPECT_EQ(rewritten(R"yaml(rewrite: {regex: "/a/(.*)", to: '/\1'})yaml", "/a/%0D%0AX-Evil:%201"),
            "/%0D%0AX-Evil:%201");
  EXPECT_THAT(rewritten(R"(rewrite: {regex: /a, to: '/\r\nX-Evil: 1'})", "/a"), HasSubstr("backslash"));
  EXPECT_THAT(rewritten(R"(rewrite: {regex: /a, to: "/\r\nX-Evil: 1"})", "/a"), HasSubstr("must be encoded"));
  EXPECT_THAT(rewritten(R"(rewrite: {regex: /a, to: "/x y"})", "/a"), HasSubstr("must be encoded"));
}

TEST(Rewrite, ComplainsAboutExpressionsAndReplacements) {
  EXPECT_THAT(rewritten("rewrite: {regex: \"/(a\", to: /b}", "/"), HasSubstr("RE2"));
  EXPECT_THAT(rewritten("rewrite: {regex: \"/(?=a)\", to: /b}", "/"), HasSubstr("RE2"));
  EXPECT_THAT(rewritten(R"(rewrite: {regex: "/a", to: '/\1'})", "/"), HasSubstr("no group 1"));
  EXPECT_THAT(rewritten(R"yaml(rewrite: {regex: "/(a)", to: 'b\1'})yaml", "/"),
              HasSubstr("must start with `/`"));
  EXPECT_THAT(rewritten(R"yaml(rewrite: {regex: "/(a)", to: '/\x'})yaml", "/"), HasSubstr("backslash"));
  EXPECT_THAT(rewritten(R"yaml(rewrite: {regex: "/(a)", to: '/%\1'})yaml", "/"), HasSubstr("hexadecimal"));
  EXPECT_THAT(rewritten(R"yaml(rewrite: {regex: "/(a)", to: '/..\1'})yaml", "/"), Not(HasSubstr("segments")));
  EXPECT_THAT(rewritten("rewrite: {regex: /a}", "/"), HasSubstr("needs `to`"));
  EXPECT_THAT(rewritten("rewrite: {prefix: /a, to: /b}", "/"), HasSubstr("needs `regex`"));
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
}  // namespace sluice::filters::rewrite_test

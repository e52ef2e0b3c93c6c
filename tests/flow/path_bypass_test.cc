// SPDX-License-Identifier: Apache-2.0
// Paths written so that they get past whatever looks at one: conditions, branches, rewrites, demands for
// credentials, preflights and confined files. Beside path_confusion_test.cc, which has the kinds of matches.
#include <gmock/gmock.h>

#include "gateway/base/strings.h"

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::path_bypass_test {
namespace {

// Behind what is in front of them, these want to be taken for "/admin/users".
constexpr const char* kAttempts[] = {
    "/public/../admin/users",
    "/public/%2e%2e/admin/users",
    "/public/%252e%252e/admin/users",
    "/public/..%2fadmin/users",
    "/public/..%5cadmin/users",
    "/public/..;/admin/users",
    "/public/%2e%2e;/admin/users",
    "/admin%2fusers",
    "/admin%252fusers",
    "/admin%5cusers",
    "/admin\\users",
    "//admin/users",
    "///admin/users",
    "/./admin/users",
    "/./%61dmin/users",
    "/%61dmin/users",
    "/%2561dmin/users",
    "/%2fadmin/users",
    "/x/..//admin/users",
    "/x//../admin/users",
    "/admin//users",
    "/admin/./users",
    "/admin/users/x/..",
    "/admin/users%00",
    "/%c0%aeadmin/users",
    "/public/%c0%ae%c0%ae/admin/users",
    "/public?/../admin/users",
    "/admin/users?/../../public",
    "/ADMIN/users",
    "/admin;x=y/users",
};

bool of_admin(std::string_view path) { return path == "/admin" || path.starts_with("/admin/"); }

std::string path_of(const Request& request) { return request.target.substr(0, request.target.find('?')); }

// Every route here goes to the service `one`; the guarded ones mark what they let pass.
constexpr const char* kGuarded[] = {
    // Conditions.
    R"(
routes:
  - name: admin
    match: {path: /**, when: 'request.path == "/admin" || request.path.startsWith("/admin/")'}
    priority: 1
    use: [{headers: {request: {set: {X-Guarded: "1"}}}}]
    to: one
  - {name: public, match: {path: /**}, to: one}
)",
    R"(
routes:
  - name: all
    match: {path: /**}
    branch:
      - {when: 'request.path == "/admin" || request.path.startsWith("/admin/")', respond: 403}
      - {to: one}
)",
    R"(
consumers: [{name: root, api_keys: ["sha256:597e4e6ad2418b8f370d2e633197f120896584b564c0bb1059bad3a6a02c8caa"]}]
defaults: {require_auth: {except: [/public/**, "/{x}", "/x/**"]}}
routes:
  - {name: admin, match: {path: /admin/**}, use: [{api_key: {header: X-Api-Key}}], to: one}
  - {name: public, match: {path: [/public/**, "/{x}", "/x/**"]}, to: one}
)",
};

class PathBypass : public ::testing::TestWithParam<const char*> {};

TEST_P(PathBypass, NeverReachesWhatIsGuarded) {
  Gateway gw(GetParam());
  gw.upstream("one").answers(200, "one");

  for (std::string_view attempt : kAttempts) {
    std::size_t before = gw.upstream("one").request_count();
    auto answer = gw.get(attempt);
    auto seen = gw.upstream("one").requests(before);
    EXPECT_EQ(seen.size(), answer.status == 200 ? 1u : 0u) << attempt;
    for (const auto& request : seen)
      if (of_admin(path_of(request))) {
        EXPECT_EQ(request.value("X-Guarded"), "1") << attempt << " arrived as " << request.target;
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Guards, PathBypass, ::testing::ValuesIn(kGuarded));

// Below a prefix that is taken off for one service, part of which is for few: whatever is taken off, the rest
// is not the path that the other route guards.
constexpr const char* kRewrites[] = {
    "{rewrite: {prefix: /}}",
    "{rewrite: {strip_prefix: /api}}",
    "{rewrite: {path: '/${path.rest}'}}",
    "{rewrite: {regex: '/api/?(.*)', to: '/\\1'}}",
    "{rewrite: {regex: '/api(/.*)?', to: '/\\1'}}",
    "{rewrite: {regex: '/api/+(.*)', to: '/\\1'}}",
};

class RewriteBypass : public ::testing::TestWithParam<const char*> {};

TEST_P(RewriteBypass, DoesNotMakeThePathOfAnotherRoute) {
  Gateway gw(
      "routes:\n  - {name: admin, match: {path: /api/admin/**}, respond: 403}\n"
      "  - {name: api, match: {path: ['/api/{rest...}']}, allow_encoded: [slash, backslash], use: [" +
      std::string(GetParam()) + "], to: one}\n");
  gw.upstream("one").answers(200, "one");
  ASSERT_EQ(gw.get("/api/public/users").status, 200);
  ASSERT_EQ(path_of(gw.upstream("one").requests().back()), "/public/users");
  ASSERT_EQ(gw.get("/api/admin/users").status, 403);

  for (std::string_view attempt : kAttempts) {
    std::size_t before = gw.upstream("one").request_count();
    gw.get("/api" + std::string(attempt));
    for (const auto& request : gw.upstream("one").requests(before))
      EXPECT_FALSE(of_admin(path_of(request))) << attempt << " arrived as " << request.target;
  }
}

INSTANTIATE_TEST_SUITE_P(Rewrites, RewriteBypass, ::testing::ValuesIn(kRewrites));

// A preflight is answered by the route that the request itself would come to, and by no other.
TEST(PreflightBypass, IsAnsweredAsTheRequestWouldBe) {
  Gateway gw(R"(
routes:
  - {name: admin, match: {path: /admin/**}, use: [{cors: {origins: "https://admin.example"}}], to: admin}
  - {name: public, match: {path: /**}, use: [{cors: {origins: "https://public.example"}}], to: public}
)");
  for (const char* name : {"admin", "public"}) gw.upstream(name).answers(200, name);

  for (std::string_view attempt : kAttempts) {
    auto answer = gw.get(attempt);
    for (std::string name : {"admin", "public"}) {
      auto preflight =
          gw.ask("OPTIONS " + std::string(attempt) + " HTTP/1.1\r\nHost: a.example\r\nOrigin: https://" +
                 name + ".example\r\nAccess-Control-Request-Method: GET\r\n\r\n");
      bool allowed = preflight.has("Access-Control-Allow-Origin");
      EXPECT_EQ(allowed, answer.status == 200 && answer.body == name) << name << " " << attempt;
    }
  }
}

// Nothing that is sent makes a request one of a file's that is confined to other paths.
TEST(ConfinementBypass, KeepsRequestsOfOthersFromAFile) {
  TemporaryDirectory team;
  auto file = team.write("team.yaml", R"(
routes:
  - {name: team, match: {path: /team/**}, allow_encoded: [slash, backslash], to: team}
  - {name: names, match: {path: "/team/{name}"}, allow_encoded: slash, to: team}
)");
  Gateway gw("include: [{files: \"" + file + R"(", confine: {path: /team/**}}]
routes:
  - {name: admin, match: {path: /admin/**}, to: admin}
  - {name: public, match: {path: /**}, to: public}
upstreams:
  team: {targets: ["<team>"]}
  admin: {targets: ["<admin>"]}
  public: {targets: ["<public>"]}
)");
  for (const char* name : {"team", "admin", "public"}) gw.upstream(name).answers(200, name);
  ASSERT_EQ(gw.get("/team/a%2Fb").body, "team");

  for (std::string_view attempt : kAttempts)
    for (std::string before : {"", "/team", "/team/..", "/team%2f..", "/team/%2e%2e", "/team;x"}) {
      auto target = before + std::string(attempt);
      auto answer = gw.get(target);
      if (answer.body != "team") continue;
      auto path = path_of(gw.upstream("team").requests().back());
      EXPECT_TRUE(path == "/team" || path.starts_with("/team/")) << target << " arrived as " << path;
    }
}

}  // namespace
}  // namespace sluice::test::path_bypass_test

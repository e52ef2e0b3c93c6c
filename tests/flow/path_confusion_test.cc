// SPDX-License-Identifier: Apache-2.0
// Paths written so that one reader takes them for another path than the next one: whatever kind of match a
// route has, the path that it was chosen by is the path that the service gets, and it means the same to
// everybody.
#include <gmock/gmock.h>

#include "gateway/base/strings.h"

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::path_confusion_test {
namespace {

using ::testing::AnyOf;

// Two routes that must be kept apart, in every way in which a route can name a path. What is not below /admin
// is the public's.
constexpr const char* kAdmin[] = {
    "{path: [/admin, /admin/users]}",
    "{path: /admin/**}",
    "{path: [/admin, '/admin/{rest...}']}",
    "{path: [/admin, '/admin/{id}', '/admin/{id}/{of}']}",
    "{path: {regex: '/admin(/.*)?'}}",
    "{path: [/admin, /admin/users], host: [test.example, '*.example.com']}",
    "{path: /**, when: 'request.path == \"/admin\" || request.path.startsWith(\"/admin/\")'}",
    "{path: /admin/**, header: {X-Any: absent}, query: {any: absent}, cookie: {any: absent}}",
};

// What clients send to be taken for somebody else.
constexpr const char* kAttempts[] = {
    "/public/../admin/users",
    "/public/%2e%2e/admin/users",
    "/public/.%2E/admin/users",
    "/public/%252e%252e/admin/users",
    "/public/..%2fadmin/users",
    "/public/..%252fadmin/users",
    "/public/..%5cadmin/users",
    "/public/..\\admin\\users",
    "/public/..;/admin/users",
    "/public/..;a=b/admin/users",
    "/public/%2e%2e;/admin/users",
    "/public/.;/../admin/users",
    "/admin%2fusers",
    "/admin%2Fusers",
    "/admin%252fusers",
    "/admin\\users",
    "/admin%5cusers",
    "//admin/users",
    "/./admin/users",
    "/%61dmin/users",
    "/%2561dmin/users",
    "/admin/./users",
    "/admin//users",
    "/admin;x=y/users",
    "/ADMIN/users",
    "/admin/users/..",
    "/admin/users/../..",
    "/admin/users/../../public/a",
    "/admin/users%00",
    "/admin%00/users",
    "/%c0%aeadmin/users",
    "/public/%c0%ae%c0%ae/admin/users",
    "/public/%e0%80%ae%e0%80%ae/admin/users",
    "/public/..%c0%afadmin/users",
    "/public/%u002e%u002e/admin/users",
    "/public/..%ef%bc%8fadmin/users",
    "/admin%20/users",
    "/admin/users?/../public",
    "/public?/../admin/users",
    "/public/...//admin/users",
};

class PathConfusion : public ::testing::TestWithParam<const char*> {};

TEST_P(PathConfusion, ShowsTheServiceThePathThatTheRouteWasChosenBy) {
  Gateway gw("routes:\n  - {name: admin, match: " + std::string(GetParam()) +
             ", priority: 1, to: admin}\n  - {name: public, match: {path: /**}, to: public}\n");
  for (const char* name : {"admin", "public"}) gw.upstream(name).answers(200, name);
  // The route that took the target, and the path that the service was asked for.
  auto ask = [&](std::string_view target) -> std::pair<std::string, std::string> {
    auto answer = gw.get(target);
    if (answer.status != 200) {
      EXPECT_EQ(answer.status, 400) << target;
      return {"refused", ""};
    }
    auto seen = gw.upstream(answer.body).requests().back().target;
    return {answer.body, seen};
  };
  ASSERT_EQ(ask("/admin/users").first, "admin");
  ASSERT_EQ(ask("/public").first, "public");

  for (std::string_view attempt : kAttempts) {
    auto [route, seen] = ask(attempt);
    if (route == "refused") continue;
    std::string path = base::to_lower(seen.substr(0, seen.find('?')));
    // Nothing is left for the service to resolve.
    for (auto part : {"/../", "/./", "\\", "%2f", "%5c", "%2e", "%00", "..;", "%c0", "%e0%80"})
      EXPECT_EQ(path.find(part), std::string::npos) << attempt << " arrived as " << seen;
    EXPECT_FALSE(path.ends_with("/..") || path.ends_with("/.")) << attempt << " arrived as " << seen;
    // Who asks for that path at once comes to the same route, and changes nothing of it.
    EXPECT_EQ(ask(seen), std::pair(route, seen)) << attempt;
    if (seen.starts_with("/admin/users") || seen == "/admin") {  // paths have a case
      EXPECT_EQ(route, "admin") << attempt;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Matches, PathConfusion, ::testing::ValuesIn(kAdmin));

// The host of an absolute target would go over the Host field (RFC 9112 section 3.2.2); one that disagrees
// with it is refused, so that route and service cannot take different ones.
TEST(HostConfusion, ShowsTheServiceTheHostThatTheRouteWasChosenBy) {
  Gateway gw(R"(
routes:
  - {name: admin, match: {host: admin.example.com}, to: admin}
  - {name: public, match: {host: "*.example.com"}, to: public}
)");
  for (const char* name : {"admin", "public"}) gw.upstream(name).answers(200, name);
  auto ask = [&](std::string_view target, std::string_view host) {
    RawClient client = gw.connect();
    return client.ask("GET " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
  };

  EXPECT_EQ(ask("http://public.example.com/", "admin.example.com").status, 400);
  EXPECT_EQ(ask("http://ADMIN.example.com:80/", "public.example.com").status, 400);
  EXPECT_EQ(gw.upstream("admin").request_count() + gw.upstream("public").request_count(), 0u);
  EXPECT_EQ(ask("http://ADMIN.example.com:80/", "admin.example.com:80").body, "admin");
  EXPECT_EQ(gw.upstream("admin").request(0).count("Host"), 1u);
  EXPECT_EQ(base::to_lower(gw.upstream("admin").request(0).value("Host")), "admin.example.com:80");
  EXPECT_EQ(ask("/", "admin.example.com.").body, "admin");
  for (auto target : {"http://public.example.com@admin.example.com/", "http:///admin", "http://"})
    EXPECT_EQ(ask(target, "public.example.com").status, 400) << target;
  for (auto host :
       {"admin.example.com, public.example.com", "admin.example.com/x", "public.example.com@admin"})
    EXPECT_EQ(ask("/", host).status, 400) << host;
}

TEST(MergedSlashes, AreMergedForRouteAndServiceAlike) {
  Gateway gw(R"(
defaults: {merge_slashes: true}
routes:
  - {name: admin, match: {path: /admin/**}, to: admin}
  - {name: public, match: {path: /**}, to: public}
)");
  for (const char* name : {"admin", "public"}) gw.upstream(name).answers(200, name);

  EXPECT_EQ(gw.get("//admin///users//?a=//b").body, "admin");
  EXPECT_EQ(gw.upstream("admin").request(0).target, "/admin/users/?a=//b");
  // Dot segments are taken out before: of "x//.." the empty segment goes.
  EXPECT_EQ(gw.get("/x//..//admin").body, "public");
  EXPECT_EQ(gw.upstream("public").request(0).target, "/x/admin");
}

TEST(DoubledSlashes, AreOtherPathsUnlessMerged) {
  Gateway gw(R"(
routes:
  - {name: admin, match: {path: /admin/**}, to: admin}
  - {name: public, match: {path: /**}, to: public}
)");
  for (const char* name : {"admin", "public"}) gw.upstream(name).answers(200, name);

  EXPECT_EQ(gw.get("//admin/users").body, "public");
  EXPECT_EQ(gw.upstream("public").request(0).target, "//admin/users");
}

}  // namespace
}  // namespace sluice::test::path_confusion_test

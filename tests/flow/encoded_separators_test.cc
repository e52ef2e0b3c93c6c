// SPDX-License-Identifier: Apache-2.0
// %2F and %5C in paths: they reach services as they were sent, of routes that allow them, and get nobody past
// a route that does not.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::encoded_separators_test {
namespace {

constexpr const char* kYaml = R"(
routes:
  - {name: files, match: {path: "/files/{name}"}, allow_encoded: slash, to: files}
  - name: projects
    match: {path: "/api/projects/{id}/tags"}
    allow_encoded: [slash, backslash]
    use: [{rewrite: {path: "/v4/projects/${path.id}/tags"}}]
    to: files
  - {name: old, match: {path: /old/**}, allow_encoded: slash, use: [{rewrite: {prefix: /new}}], to: files}
  - {name: stripped, match: {path: /cut/**}, allow_encoded: slash, use: [{rewrite: {strip_prefix: /cut}}], to: files}
  - {name: admin, match: {path: /admin/**}, to: admin}
  - {name: public, match: {path: /**}, allow_encoded: [slash, backslash], to: public}
)";

class EncodedSeparators : public ::testing::Test {
 protected:
  EncodedSeparators() {
    for (const char* name : {"files", "admin", "public"}) gw.upstream(name).answers(200, name);
  }
  // What the service was asked for.
  std::string seen(std::string_view target, const char* by) {
    auto answer = gw.get(target);
    EXPECT_EQ(answer.body, by) << target;
    return answer.body == by ? gw.upstream(by).requests().back().target : "";
  }
  Gateway gw{kYaml};
};

TEST_F(EncodedSeparators, ReachTheServiceAsTheyWereSent) {
  EXPECT_EQ(seen("/files/a%2fb?c=%2f", "files"), "/files/a%2Fb?c=%2f");
  EXPECT_EQ(seen("/public/a%5cb%2Fc", "public"), "/public/a%5Cb%2Fc");
}

TEST_F(EncodedSeparators, StayWhatTheyAreInRewrittenPaths) {
  EXPECT_EQ(seen("/api/projects/group%2Fproject/tags", "files"), "/v4/projects/group%2Fproject/tags");
  EXPECT_EQ(seen("/api/projects/a%5Cb%2Fc/tags", "files"), "/v4/projects/a%5Cb%2Fc/tags");
  EXPECT_EQ(seen("/old/a%2Fb", "files"), "/new/a%2Fb");
  EXPECT_EQ(seen("/cut/a%2Fb", "files"), "/a%2Fb");
  // No segment `cut` is in front of this one.
  EXPECT_EQ(seen("/cut%2Fa/b", "public"), "/cut%2Fa/b");
}

TEST_F(EncodedSeparators, AreRefusedWhereTheRouteDoesNotAllowThem) {
  EXPECT_THAT(gw.get("/admin/a%2Fb"), Refused(400, "bad_request"));
  EXPECT_THAT(gw.get("/files/a%5Cb"), Refused(400, "bad_request"));
  EXPECT_EQ(gw.upstream("admin").request_count() + gw.upstream("files").request_count(), 0u);
}

TEST_F(EncodedSeparators, GetNobodyPastARouteThatDoesNotAllowThem) {
  for (auto target :
       {"/admin%2Fusers", "/admin%5Cusers", "/admin%2fa%5cb", "/%61dmin%2Fusers", "/admin%2F",
        "/public/..%2Fadmin", "/public%2F..%2Fadmin", "/./admin%2Fusers", "/x/../admin%2Fusers"})
    EXPECT_THAT(gw.get(target), Refused(400, "bad_request")) << target;
  EXPECT_EQ(gw.upstream("admin").request_count() + gw.upstream("public").request_count(), 0u);
}

TEST_F(EncodedSeparators, NeverHideANul) {
  for (auto target : {"/files/a%00", "/files/a%2F%00", "/public/%00%2F"})
    EXPECT_THAT(gw.get(target), Refused(400, "bad_request")) << target;
}

}  // namespace
}  // namespace sluice::test::encoded_separators_test

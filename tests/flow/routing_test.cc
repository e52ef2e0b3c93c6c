// SPDX-License-Identifier: Apache-2.0
// Which request goes where, through a whole gateway.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test {
namespace {

// Upstreams that say who they are.
class Routing : public ::testing::Test {
 protected:
  explicit Routing(std::string_view yaml = kYaml) : gw(yaml) {
    for (const char* name : {"api", "wild", "exact", "prefix", "one", "rest", "digits", "writes"})
      gw.upstream(name).answers(200, name);
  }
  // The upstream that answered.
  std::string asked(std::string_view host, std::string_view target) {
    return gw.ask("GET " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n").body;
  }
  static constexpr const char* kYaml = R"(
routes:
  - {name: api, match: {host: api.example.com}, to: api}
  - {name: wild, match: {host: "*.example.com"}, to: wild}
  - {name: exact, match: {path: /users}, to: exact}
  - {name: prefix, match: {path: /users/**}, to: prefix}
  - {name: one, match: {path: "/users/{id}"}, to: one}
  - {name: rest, match: {path: "/files/{name...}"}, to: rest}
  - {name: digits, match: {path: {regex: "/v[0-9]+"}}, to: digits}
  - {name: writes, match: {path: /things, method: [PUT, DELETE]}, to: writes}
)";
  Gateway gw;
};

TEST_F(Routing, PrefersTheExactHost) {
  EXPECT_EQ(asked("api.example.com", "/x"), "api");
  EXPECT_EQ(asked("API.Example.COM:8080", "/x"), "api");
  EXPECT_EQ(asked("www.example.com", "/x"), "wild");
  EXPECT_EQ(asked("a.b.example.com", "/x"), "wild");
  EXPECT_EQ(asked("example.com", "/users"), "exact");
}

TEST_F(Routing, PrefersTheMoreSpecificPath) {
  EXPECT_EQ(asked("other", "/users"), "exact");
  EXPECT_EQ(asked("other", "/users/"), "prefix");
  EXPECT_EQ(asked("other", "/users/7"), "one");
  EXPECT_EQ(asked("other", "/users/7/orders"), "prefix");
  EXPECT_EQ(asked("other", "/files/a/b"), "rest");
  EXPECT_EQ(asked("other", "/v12"), "digits");
}

TEST_F(Routing, LooksAtTheNormalisedPath) {
  EXPECT_EQ(asked("other", "/files/../users"), "exact");
  EXPECT_EQ(asked("other", "/%75sers"), "exact");
}

TEST_F(Routing, RefusesWhatNoRouteMatches) {
  EXPECT_THAT(gw.get("/elsewhere"), Refused(404, "no_route"));
  EXPECT_THAT(gw.get("/usersandmore"), Refused(404, "no_route"));
  EXPECT_THAT(gw.get("/v1x"), Refused(404, "no_route"));
}

TEST_F(Routing, NamesTheMethodsThatWouldDo) {
  auto refused = gw.get("/things");

  EXPECT_THAT(refused, Refused(405, "method"));
  EXPECT_THAT(refused, HasField("Allow", "PUT, DELETE, OPTIONS"));
  EXPECT_EQ(gw.upstream("writes").connections(), 0u);
}

TEST_F(Routing, AnswersOptionsThatNobodyClaims) {
  auto answer = gw.ask("OPTIONS /things HTTP/1.1\r\nHost: h\r\n\r\n");

  EXPECT_THAT(answer, HasStatus(204));
  EXPECT_THAT(answer, HasField("Allow", "PUT, DELETE, OPTIONS"));
}

class HeadOnGet : public Routing {
 protected:
  HeadOnGet() : Routing("routes: [{name: api, match: {path: /u, method: GET}, to: api}]") {}
};

TEST_F(HeadOnGet, ServesHeadByTheRouteForGet) {
  auto answer = gw.ask("HEAD /u HTTP/1.1\r\nHost: h\r\n\r\n");

  EXPECT_THAT(answer, HasStatus(200));
  EXPECT_THAT(answer, HasField("Content-Length", "3"));
  EXPECT_EQ(gw.upstream("api").request().method, "HEAD");
}

TEST_F(HeadOnGet, SendsNoBodyWithARefusalOfHead) {
  RawClient client = gw.connect();

  auto refused = client.ask("HEAD /elsewhere HTTP/1.1\r\nHost: h\r\n\r\n");
  auto next = client.ask(get("/u"));

  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(next.body, "api");
}

}  // namespace
}  // namespace sluice::test

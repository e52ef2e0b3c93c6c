// SPDX-License-Identifier: Apache-2.0
// Which request goes where, through a whole gateway.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::routing_test {
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

TEST_F(Routing, NamesTheMethodsOfAllRoutesOfThePath) {
  Gateway more(R"(
routes:
  - {name: reads, match: {path: /things, method: GET}, respond: 200}
  - {name: writes, match: {path: {regex: "/th.*"}, method: POST}, respond: 200}
  - {name: others, match: {host: other, path: /things, method: PATCH}, respond: 200}
)");

  EXPECT_THAT(more.ask("DELETE /things HTTP/1.1\r\nHost: h\r\n\r\n"),
              HasField("Allow", "GET, HEAD, POST, OPTIONS"));
  EXPECT_THAT(more.ask("OPTIONS /things HTTP/1.1\r\nHost: h\r\n\r\n"),
              HasField("Allow", "GET, HEAD, POST, OPTIONS"));
  EXPECT_THAT(more.ask("HEAD /things HTTP/1.1\r\nHost: h\r\n\r\n"), HasStatus(200));
}

TEST_F(Routing, AnswersOptionsOfTheServer) {
  RawClient client = gw.connect();

  auto answer = client.ask("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");

  EXPECT_THAT(answer, HasStatus(204));
  EXPECT_THAT(answer, HasNoField("Allow"));
}

class MaxForwards : public Routing {
 protected:
  MaxForwards()
      : Routing("routes: [{name: api, match: {path: /u, method: [GET, OPTIONS, TRACE]}, to: api}]") {}
  Response asked(std::string_view method, std::string_view limit) {
    return gw.ask(std::string(method) + " /u HTTP/1.1\r\nHost: h\r\nAuthorization: secret\r\nMax-Forwards: " +
                  std::string(limit) + "\r\n\r\n");
  }
};

TEST_F(MaxForwards, CountDownBeforeTheUpstreamIsAsked) {
  EXPECT_EQ(asked("OPTIONS", "3").body, "api");
  EXPECT_THAT(gw.upstream("api").request(0), HasField("Max-Forwards", "2"));
  EXPECT_EQ(asked("TRACE", "1").body, "api");
  EXPECT_THAT(gw.upstream("api").request(1), HasField("Max-Forwards", "0"));
  EXPECT_EQ(asked("GET", "0").body, "api");
  EXPECT_THAT(gw.upstream("api").request(2), HasField("Max-Forwards", "0"));
}

TEST_F(MaxForwards, EndAtTheGateway) {
  auto options = asked("OPTIONS", "0");
  EXPECT_THAT(options, HasStatus(204));
  EXPECT_THAT(options, HasField("Allow", "GET, HEAD, OPTIONS, TRACE"));
  auto trace = asked("TRACE", "0");
  EXPECT_THAT(trace, HasStatus(200));
  EXPECT_THAT(trace, HasField("Content-Type", "message/http"));
  EXPECT_THAT(trace.body, testing::StartsWith("TRACE /u HTTP/"));
  EXPECT_THAT(trace.body, testing::Not(testing::HasSubstr("secret")));
  EXPECT_EQ(gw.upstream("api").connections(), 0u);
}

class TrailingSlash : public Routing {
 protected:
  TrailingSlash()
      : Routing(R"(
defaults: {trailing_slash: redirect}
routes:
  - {name: one, match: {path: /users}, to: one}
  - {name: rest, match: {path: /both}, trailing_slash: ignore, to: rest}
  - {name: exact, match: {path: /strict}, trailing_slash: strict, to: exact}
  - {name: api, match: {path: /**}, to: api}
)") {}
};

TEST_F(TrailingSlash, IsSentToTheRoutesOwnPath) {
  auto answer = gw.get("/users/?a=b");

  EXPECT_THAT(answer, HasStatus(308));
  EXPECT_THAT(answer, HasField("Location", "/users?a=b"));
  EXPECT_EQ(gw.get("/users").body, "one");
  EXPECT_THAT(gw.metrics(), testing::HasSubstr("sluice_requests_total{route=\"one\",method=\"GET\","
                                               "code_class=\"3xx\",source=\"gateway\"} 1"));
}

TEST_F(TrailingSlash, IsIgnoredWhereARouteSaysSo) {
  EXPECT_EQ(gw.get("/both").body, "rest");
  EXPECT_EQ(gw.get("/both/").body, "rest");
  EXPECT_EQ(gw.upstream("rest").request(1).target, "/both/");
}

TEST_F(TrailingSlash, IsAnotherPathWhereARouteIsStrict) {
  EXPECT_EQ(gw.get("/strict").body, "exact");
  EXPECT_EQ(gw.get("/strict/").body, "api");
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
}  // namespace sluice::test::routing_test

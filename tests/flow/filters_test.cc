// SPDX-License-Identifier: Apache-2.0
// Filters and the handlers that answer by themselves, as the two ends see them.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::filters_test {
namespace {

using ::testing::MatchesRegex;

constexpr const char* kUuid = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

TEST(Filters, EditTheRequestForTheUpstream) {
  Gateway gw(R"(
routes:
  - name: u
    match: {path: "/u/{id}"}
    use:
      - headers:
          request: {remove: [X-Secret-*], set: {X-Id: "${path.id}"}, default: {X-Kept: ours}, add: {X-More: "2"}}
    to: users
)");
  gw.upstream("users").answers(200, "ok");

  gw.get("/u/7", "X-Secret-A: 1\r\nX-ID: forged\r\nX-Kept: theirs\r\nX-More: 1\r\n");

  auto got = gw.upstream("users").request();
  EXPECT_THAT(got, HasNoField("X-Secret-A"));
  EXPECT_THAT(got, HasField("X-Id", "7"));
  EXPECT_EQ(got.count("X-Id"), 1u);
  EXPECT_THAT(got, HasField("X-Kept", "theirs"));
  EXPECT_EQ(got.count("X-More"), 2u);
}

// Some services read trailers like the head, and early hints come before any response that a filter sees.
TEST(Filters, LetNothingThatTheyTakeAwayComeByAnotherWay) {
  Gateway gw(R"(
routes:
  - name: u
    match: {path: /u}
    use: [{headers: {request: {remove: X-Secret-*, set: {X-User: ours}}, response: {remove: [Link, X-Node]}}}]
    to: users
)");
  auto client = gw.connect();
  client.send(
      "POST /u HTTP/1.1\r\nHost: h\r\nConnection: TE\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\na\r\n0\r\nX-Secret-A: 1\r\nX-User: forged\r\nX-Sum: 7\r\n\r\n");
  auto target = gw.upstream("users").accept();
  auto request = target.expect_request();
  target.send(
      "HTTP/1.1 103 Early Hints\r\nLink: </internal.css>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nLink: </internal.css>\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\nb\r\n0\r\nX-Node: 3\r\nX-Sum: 8\r\n\r\n");

  ASSERT_EQ(request.trailers.size(), 1u);
  EXPECT_TRUE(same_name(request.trailers[0].name, "X-Sum"));
  auto response = client.response();
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response, HasNoField("Link"));
  EXPECT_EQ(response.body, "b");
  ASSERT_EQ(response.trailers.size(), 1u);
  EXPECT_TRUE(same_name(response.trailers[0].name, "X-Sum"));
}

// Servers of the CGI family read "_" as "-", so that X_User would pass for the X-User that the gateway
// vouches for.
TEST(Filters, LeaveNothingThatLooksLikeWhatTheySetOrRemove) {
  Gateway gw(R"(
routes:
  - name: u
    match: {path: /u}
    use: [{headers: {request: {remove: [X-Secret-*, X-Gone], set: {X-User: ours}}}}]
    to: users
)");
  gw.upstream("users").answers(200, "ok");

  gw.get("/u", "X_User: forged\r\nX-user: forged\r\nx_Secret-A: 1\r\nX_Gone: 1\r\nX_Other: 1\r\n");

  auto got = gw.upstream("users").request();
  EXPECT_THAT(got, HasField("X-User", "ours"));
  EXPECT_EQ(got.count("X-User"), 1u);
  for (auto name : {"X_User", "x_Secret-A", "X_Gone"}) EXPECT_THAT(got, HasNoField(name));
  EXPECT_THAT(got, HasField("X_Other", "1"));
}

TEST(Filters, EditTheResponseForTheClient) {
  Gateway gw(R"(
routes:
  - name: u
    match: {path: /u}
    use: [{headers: {response: {remove: Server, set: {X-Route: "${route.name}"}}}}]
    to: users
)");
  gw.upstream("users").answers(200, "ok", {{"Server", "secret/1.0"}, {"X-Route", "forged"}});

  auto answer = gw.get("/u");

  EXPECT_THAT(answer, HasNoField("Server"));
  EXPECT_THAT(answer, HasField("X-Route", "u"));
}

TEST(Filters, SeeLocalRepliesOnTheirWayBack) {
  Gateway gw(R"(
use: [{request_id: {}}]
routes:
  - {name: u, match: {path: /u}, use: [{headers: {response: {set: {X-A: b}}}}], to: users}
)");
  gw.upstream("users").stop_listening();

  auto refused = gw.get("/u");

  EXPECT_THAT(refused, Refused(502, "upstream_connect_failed"));
  EXPECT_THAT(refused, HasField("X-A", "b"));
  EXPECT_THAT(refused, HasField("X-Request-ID", MatchesRegex(kUuid)));
}

TEST(Filters, RewriteThePathForTheUpstreamAlone) {
  Gateway gw(R"(
routes:
  - {name: p, match: {path: /foo/**}, use: [{rewrite: {prefix: /xyz}}], to: users}
  - {name: s, match: {path: /api/**}, use: [{rewrite: {strip_prefix: /api}}], to: users}
  - {name: t, match: {path: "/v/{id}"}, use: [{rewrite: {path: "/w/${path.id}/x"}}], to: users}
)");
  gw.upstream("users").answers(200, "ok");

  for (auto target : {"/foo/bar?q=1", "/foo", "/foo/", "/api/a", "/api", "/v/a%20b"}) gw.get(target);

  std::vector<std::string> seen;
  for (const auto& r : gw.upstream("users").requests()) seen.push_back(r.target);
  EXPECT_THAT(seen, ::testing::ElementsAre("/xyz/bar?q=1", "/xyz", "/xyz/", "/a", "/", "/w/a%20b/x"));
  EXPECT_EQ(json_value(gw.log_line(), "path"), "/foo/bar?q=1");
}

// What they put into a request may be a secret, and is the upstream's to know.
TEST(Filters, TellTheClientNothingOfWhatTheyEditForTheUpstream) {
  Gateway gw(R"(
policies:
  keyed: {query: {set: {key: hush}}}
  told: {headers: {response: {set: {X-Asked: "${request.method} ${request.uri}"}}}}
routes:
  - {name: u, match: {path: /u}, use: [told, {rewrite: {path: /v2}}, keyed, {method: PUT}], to: users}
  - {name: old, match: {path: /old}, use: [told, keyed], redirect: {path: /new}}
  - {name: fixed, match: {path: /fixed}, use: [told, keyed], respond: {body: "${request.uri}"}}
  - {name: page, match: {path: /page}, use: [told, keyed],
     compose: {json: {at: "${request.uri}"}, calls: {user: {get: "users:/user", hide: true}}}}
)");
  gw.upstream("users").answers(200, "{}");
  auto forwarded = gw.get("/u?a=1");
  auto edited = gw.upstream("users").request();
  EXPECT_EQ(edited.method + " " + edited.target, "PUT /v2?a=1&key=hush");
  EXPECT_THAT(forwarded, HasField("X-Asked", "GET /u?a=1"));
  EXPECT_THAT(gw.get("/old?a=1"), HasField("Location", "/new?a=1"));
  EXPECT_EQ(gw.get("/fixed?a=1").body, "/fixed?a=1");
  EXPECT_EQ(gw.get("/page?a=1").body, R"({"at":"/page?a=1"})");
}

TEST(Filters, TellTheClientNothingOfItWhereTheUpstreamIsAway) {
  Gateway gw(R"(
use: [{headers: {response: {set: {X-Asked: "${request.method} ${request.uri}"}}}}]
defaults: {error_pages: {5xx: {problem: {at: "${request.method} ${request.uri}"}}}}
upstreams: {users: {url: <users>, retry: none}}
routes:
  - {name: u, match: {path: /u}, use: [{rewrite: {path: /v2}}, {query: {set: {key: hush}}}, {method: PUT}], to: users}
)");
  gw.upstream("users").stop_listening();

  auto failed = gw.get("/u?a=1");

  EXPECT_EQ(failed.body, R"({"at":"GET /u?a=1"})");
  EXPECT_THAT(failed, HasField("X-Asked", "GET /u?a=1"));
}

TEST(Filters, GiveEachRequestAnIdOfItsOwn) {
  Gateway gw(R"(
routes: [{name: u, match: {path: /u}, use: [{request_id: {}}], to: users}]
)");
  gw.upstream("users").answers(200, "ok");

  auto first = gw.get("/u", "X-Request-ID: forged\r\n");
  auto second = gw.get("/u");

  EXPECT_THAT(first, HasField("X-Request-ID", MatchesRegex(kUuid)));
  EXPECT_NE(first.value("X-Request-ID"), second.value("X-Request-ID"));
  EXPECT_THAT(gw.upstream("users").request(0), HasField("X-Request-ID", first.value("X-Request-ID")));
  EXPECT_EQ(json_value(gw.log_line(), "request_id"), first.value("X-Request-ID"));
}

TEST(Filters, RunInTheOrderWrittenAndBackwardsOnTheWayBack) {
  Gateway gw(R"(
policies:
  first: {headers: {request: {add: {X-Order: "1"}}, response: {add: {X-Order: "1"}}}}
use: [first]
routes:
  - name: u
    match: {path: /u}
    use: [{headers: {request: {add: {X-Order: "2"}}, response: {add: {X-Order: "2"}}}}]
    to: users
)");
  gw.upstream("users").answers(200, "ok");

  auto answer = gw.get("/u");

  auto order = [](const Message& m) {
    std::string out;
    for (const Line& f : m.fields)
      if (same_name(f.name, "X-Order")) out += f.value;
    return out;
  };
  EXPECT_EQ(order(gw.upstream("users").request()), "12");
  EXPECT_EQ(order(answer), "21");
}

TEST(Handlers, RespondWithWhatTheConfigurationSays) {
  Gateway gw(R"(
routes:
  - {name: t, match: {path: "/hello/{name}"}, respond: {status: 201, body: "hello ${path.name}", headers: {X-A: b}}}
  - {name: j, match: {path: /health}, respond: {json: {ok: true}}}
  - {name: n, match: {path: /nothing}, respond: 204}
)");

  auto text = gw.get("/hello/you");
  auto json = gw.get("/health");

  EXPECT_THAT(text, HasStatus(201));
  EXPECT_EQ(text.body, "hello you");
  EXPECT_THAT(text, HasField("X-A", "b"));
  EXPECT_EQ(json.body, "{\"ok\":true}");
  EXPECT_THAT(json, HasField("Content-Type", "application/json"));
  EXPECT_THAT(gw.get("/nothing"), HasStatus(204));
}

TEST(Handlers, RedirectWithPathAndQuery) {
  Gateway gw(R"(
routes:
  - {name: h, match: {path: /h/**}, redirect: {host: new.example.com}}
  - {name: s, match: {path: /s}, redirect: https}
)");

  auto host = gw.ask("GET /h/a%20b?c=d HTTP/1.1\r\nHost: old.example.com:8080\r\n\r\n");
  auto https = gw.ask("GET /s HTTP/1.1\r\nHost: old.example.com\r\n\r\n");

  EXPECT_THAT(host, HasStatus(302));
  EXPECT_THAT(host, HasField("Location", "http://new.example.com:8080/h/a%20b?c=d"));
  EXPECT_THAT(https, HasStatus(308));
  EXPECT_THAT(https, HasField("Location", "https://old.example.com/s"));
}

}  // namespace
}  // namespace sluice::test::filters_test

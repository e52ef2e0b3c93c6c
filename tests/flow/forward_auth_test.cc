// SPDX-License-Identifier: Apache-2.0
// The filter `forward_auth` between a client, the service that decides, and the upstream.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::forward_auth_test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string config(const std::string& more = "", const std::string& after = "") {
  return R"(
upstreams:
  auth: {url: "<auth>"}
  users: {url: "<users>"}
routes:
  - name: u
    match: {path: "/u/**"}
    use: [{forward_auth: {to: auth, path: "/verify?v=1", copy: [X-User, X-Groups])" +
         more + R"(}}]
    to: users
)" + after;
}

class ForwardAuth : public testing::Test {
 protected:
  void serve(const std::string& yaml) {
    gw_ = std::make_unique<Gateway>(yaml);
    auth().answers(200, "", {{"X-User", "alice"}, {"X-Internal", "secret"}});
    users().answers(200, "ok");
  }
  Upstream& auth() { return gw_->upstream("auth"); }
  Upstream& users() { return gw_->upstream("users"); }

  std::unique_ptr<Gateway> gw_;
};

TEST_F(ForwardAuth, ShowsTheServiceWhatIsAskedAndPassesOnWhatItSays) {
  serve(config());

  EXPECT_EQ(
      gw_->ask("POST /u/7?x=1 HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: Bearer t\r\nCookie: a=b\r\n"
               "X-User: mallory\r\nX-Other: 1\r\nContent-Length: 3\r\n\r\nabc")
          .status,
      200);

  auto asked = auth().request();
  EXPECT_EQ(asked.method, "GET");
  EXPECT_EQ(asked.target, "/verify?v=1");
  EXPECT_THAT(asked, HasField("Authorization", "Bearer t"));
  EXPECT_THAT(asked, HasField("Cookie", "a=b"));
  EXPECT_THAT(asked, HasField("X-Forwarded-Method", "POST"));
  EXPECT_THAT(asked, HasField("X-Forwarded-Uri", "/u/7?x=1"));
  EXPECT_THAT(asked, HasField("X-Forwarded-Host", "api.example.com"));
  EXPECT_THAT(asked, HasField("X-Forwarded-For", "127.0.0.1"));
  EXPECT_THAT(asked, HasNoField("X-Other"));
  EXPECT_THAT(asked, HasNoField("X-User"));
  EXPECT_EQ(asked.body, "");
  auto got = users().request();
  EXPECT_EQ(got.body, "abc");
  EXPECT_THAT(got, HasField("X-User", "alice"));
  EXPECT_EQ(got.count("X-User"), 1u);
  EXPECT_THAT(got, HasNoField("X-Internal"));
}

TEST_F(ForwardAuth, ReturnsAnyOtherAnswerAsItIs) {
  serve(config());
  struct {
    int status;
    std::string body;
    std::vector<Line> fields;
  } answers[] = {{401, "who?", {{"WWW-Authenticate", "Basic realm=\"x\""}}},
                 {403, "no", {{"Content-Type", "text/plain"}}},
                 {302, "", {{"Location", "https://login.example.com/"}, {"Set-Cookie", "s=1"}}}};
  for (const auto& a : answers) {
    auth().answers(a.status, a.body, a.fields);

    auto got = gw_->get("/u/7");

    EXPECT_EQ(got.status, a.status);
    EXPECT_EQ(got.body, a.body);
    for (const Line& line : a.fields) EXPECT_THAT(got, HasField(line.name, line.value));
  }
  EXPECT_EQ(users().connections(), 0u);
  EXPECT_THAT(gw_->log_line(), HasSubstr("unauthenticated"));
  EXPECT_THAT(gw_->log_line(), HasSubstr("forbidden"));
}

// That service cannot tell who calls; what it says of its own trouble is not for the client.
TEST_F(ForwardAuth, TakesAFaultOfTheServiceForNoAnswer) {
  serve(config());
  for (int status : {500, 503, 599}) {
    auth().answers(status, "broken", {{"X-Trace", "at line 7"}});

    auto got = gw_->get("/u/7");

    EXPECT_THAT(got, Refused(503, "auth_unavailable")) << status;
    EXPECT_THAT(got, HasNoField("X-Trace"));
    EXPECT_THAT(got.body, Not(HasSubstr("broken")));
  }
  EXPECT_EQ(users().connections(), 0u);
}

TEST_F(ForwardAuth, FailsClosedWhenTheServiceIsGone) {
  serve(config());
  auth().stop_listening();

  EXPECT_THAT(gw_->get("/u/7"), Refused(503, "auth_unavailable"));
  EXPECT_EQ(users().connections(), 0u);
}

TEST_F(ForwardAuth, FailsClosedWhenTheServiceIsSlow) {
  serve(config(", timeout: 200ms"));
  auth().script().then_wait_for_close();
  auth().script().then_wait_for_close();

  EXPECT_THAT(gw_->get("/u/7"), Refused(503, "auth_unavailable"));
  EXPECT_EQ(users().connections(), 0u);
}

TEST_F(ForwardAuth, AsksOnceForRequestsThatShareAnAnswer) {
  serve(config(R"(, cache: {by: ["${header.authorization}", "${request.path}"], ttl: 1h})"));

  gw_->get("/u/1", "Authorization: a\r\n");
  gw_->get("/u/1", "Authorization: a\r\n");
  EXPECT_EQ(auth().request_count(), 1u);
  EXPECT_THAT(users().request(1), HasField("X-User", "alice"));

  gw_->get("/u/2", "Authorization: a\r\n");
  gw_->get("/u/1", "Authorization: b\r\n");
  EXPECT_EQ(auth().request_count(), 3u);

  auth().answers(403, "");
  EXPECT_EQ(gw_->get("/u/3").status, 403);
  EXPECT_EQ(gw_->get("/u/3").status, 403);
  EXPECT_EQ(auth().request_count(), 5u);  // a refusal is not remembered
}

TEST_F(ForwardAuth, RemembersNothingThatIsNotToBeStored) {
  serve(config(R"(, cache: {by: "${header.authorization}", ttl: 1h})"));
  auth().answers(200, "", {{"Cache-Control", "no-store"}});

  gw_->get("/u/1");
  gw_->get("/u/1");

  EXPECT_EQ(auth().request_count(), 2u);
}

TEST_F(ForwardAuth, NamesTheConsumer) {
  serve(R"(
upstreams:
  auth: {url: "<auth>"}
  users: {url: "<users>"}
consumers: [{name: alice, groups: [staff]}]
routes:
  - name: u
    match: {path: "/u/**"}
    use:
      - forward_auth: {to: auth, consumer: X-User}
      - headers: {request: {set: {X-Consumer: "${consumer.id}", X-Groups: "${consumer.groups}"}}}
    to: users
)");

  gw_->get("/u/1", "X-Consumer: mallory\r\n");

  EXPECT_THAT(users().request(), HasField("X-Consumer", "alice"));
  EXPECT_THAT(users().request(), HasField("X-Groups", "staff"));
}

TEST_F(ForwardAuth, LeavesAStickyCookieKnownThatTheTargetDoesNotGet) {
  serve(R"(
upstreams:
  auth: {url: "<auth>"}
  users: {url: "<users>", sticky: {cookie: shop, secret: "0123456789abcdef0123456789abcdef"}}
routes:
  - name: u
    match: {path: "/u/**"}
    use: [{forward_auth: {to: auth, copy: [Cookie]}}]
    to: users
)");
  auth().answers(200, "", {{"Cookie", "inner=1"}});
  std::string set = gw_->get("/u/1").value("Set-Cookie");
  ASSERT_THAT(set, HasSubstr("shop="));

  auto next = gw_->get("/u/1", "Cookie: " + set.substr(0, set.find(';')) + "\r\n");

  EXPECT_THAT(next, HasNoField("Set-Cookie"));
  users().request();
  EXPECT_THAT(users().request(), HasField("Cookie", "inner=1"));
}

TEST_F(ForwardAuth, LeavesWhoBringsNothingToBeAGuest) {
  serve(R"(
upstreams:
  auth: {url: "<auth>"}
  users: {url: "<users>"}
consumers: [{name: guest}]
routes:
  - name: u
    match: {path: "/u/**"}
    use:
      - any: {of: [{api_key: {header: X-Api-Key}}, {forward_auth: {to: auth}}], anonymous: guest}
      - headers: {request: {set: {X-Consumer: "${consumer.id}"}}}
    to: users
)");
  auth().answers(401, "who?");

  EXPECT_EQ(gw_->get("/u/1").status, 200);
  EXPECT_THAT(users().request(), HasField("X-Consumer", "guest"));
  auto refused = gw_->get("/u/1", "Authorization: Bearer wrong\r\n");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.body, "who?");
  EXPECT_EQ(gw_->get("/u/1", "X-Api-Key: wrong\r\n").status, 401);
}

}  // namespace
}  // namespace sluice::test::forward_auth_test

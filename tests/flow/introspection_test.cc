// SPDX-License-Identifier: Apache-2.0
// The filter `introspection` and the authorization server that it asks.
#include <gmock/gmock.h>

#include <optional>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::introspection_test {
namespace {

using testing::HasSubstr;

std::string config(const std::string& more = "") {
  return R"(
upstreams:
  idp: {url: "<idp>"}
  users: {url: "<users>"}
routes:
  - name: u
    match: {path: /u}
    use:
      - introspection: {to: idp, path: /introspect, client_id: "gate way", client_secret: "a:b", headers: {X-User: sub})" +
         more + R"(}
    to: users
)";
}
constexpr const char* kToken = "Authorization: Bearer opaque+token\r\n";
const std::string kActive =
    R"({"active":true,"sub":"alice","scope":"orders read","aud":["api"],"exp":9000000000})";

class Introspection : public testing::Test {
 protected:
  void serve(const std::string& yaml) {
    gw_ = std::make_unique<Gateway>(yaml);
    idp().answers(200, kActive);
    users().answers(200, "ok");
  }
  Upstream& idp() { return gw_->upstream("idp"); }
  Upstream& users() { return gw_->upstream("users"); }

  std::unique_ptr<Gateway> gw_;
};

TEST_F(Introspection, AsksAsRfc7662Says) {
  serve(config());

  EXPECT_EQ(gw_->get("/u", kToken).status, 200);

  auto asked = idp().request();
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.target, "/introspect");
  EXPECT_EQ(asked.body, "token=opaque%2Btoken&token_type_hint=access_token");
  EXPECT_THAT(asked, HasField("Content-Type", "application/x-www-form-urlencoded"));
  EXPECT_THAT(asked, HasField("Authorization", "Basic Z2F0ZSUyMHdheTphJTNBYg=="));
  EXPECT_THAT(users().request(), HasField("X-User", "alice"));
  EXPECT_THAT(users().request(), HasNoField("Authorization"));
}

TEST_F(Introspection, RemembersGoodAndBadTokens) {
  serve(config());
  gw_->get("/u", kToken);
  EXPECT_EQ(gw_->get("/u", kToken).status, 200);
  EXPECT_EQ(idp().request_count(), 1u);

  idp().answers(200, R"({"active":false})");
  EXPECT_THAT(gw_->get("/u", "Authorization: Bearer other\r\n"), Refused(401, "unauthenticated"));
  auto again = gw_->get("/u", "Authorization: Bearer other\r\n");
  EXPECT_THAT(again, HasField("WWW-Authenticate", HasSubstr("invalid_token")));
  EXPECT_EQ(idp().request_count(), 2u);
  EXPECT_EQ(users().request_count(), 2u);
}

// Unavailable, which is not remembered: the next request asks again.
TEST_F(Introspection, FailsClosedWhenTheServerIsSlow) {
  serve(config(", timeout: 200ms"));
  idp().script().then_wait_for_close();
  idp().script().then_wait_for_close();

  EXPECT_THAT(gw_->get("/u", kToken), Refused(503, "auth_unavailable"));
  EXPECT_EQ(users().connections(), 0u);
}

// Several requests with one token, under way at the same time; the server has the first one's question.
class SameToken : public Introspection {
 protected:
  void begin(const std::string& more = "") {
    gw_ = std::make_unique<Gateway>(config(more) +
                                    "  - {name: other, match: {path: /other}, respond: {status: 200}}\n");
    users().answers(200, "ok");
    ask();
    question_.emplace(idp().accept());
    question_->expect_request();
    ask();
    ask();
    EXPECT_EQ(gw_->get("/other").status, 200);  // they have come by then
  }
  void ask() {
    clients_.push_back(std::make_unique<RawClient>(gw_->connect()));
    clients_.back()->send(get("/u", kToken));
  }
  static void answer(UpstreamConnection& question, const std::string& body) {
    question.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  std::vector<std::unique_ptr<RawClient>> clients_;
  std::optional<UpstreamConnection> question_;
};

TEST_F(SameToken, IsAskedAboutOnce) {
  begin(", cache: 0");
  answer(*question_, kActive);
  for (auto& client : clients_) EXPECT_EQ(client->response().status, 200);
  EXPECT_EQ(idp().request_count(), 1u);
}

TEST_F(SameToken, IsBadForAll) {
  begin();
  answer(*question_, R"({"active":false})");
  for (auto& client : clients_) EXPECT_EQ(client->response().status, 401);
  EXPECT_EQ(idp().request_count(), 1u);
}

TEST_F(SameToken, IsUnavailableForAllWhenTheServerFails) {
  begin();
  answer(*question_, "no JSON");
  for (auto& client : clients_) EXPECT_EQ(client->response().status, 503);
  EXPECT_EQ(idp().request_count(), 1u);
}

TEST_F(SameToken, IsAskedAboutByAnotherOneWhenTheFirstClientLeaves) {
  begin();
  clients_.front()->close();
  clients_.erase(clients_.begin());
  auto again = idp().accept();
  again.expect_request();
  answer(again, kActive);
  for (auto& client : clients_) EXPECT_EQ(client->response().status, 200);
  EXPECT_EQ(idp().request_count(), 2u);
}

TEST_F(Introspection, RemembersNothingIfSoTold) {
  serve(config(", remember: 0s, remember_bad: 0s"));
  gw_->get("/u", kToken);
  gw_->get("/u", kToken);
  EXPECT_EQ(idp().request_count(), 2u);
}

TEST_F(Introspection, RefusesWhatIsNotForThisServiceOrOver) {
  serve(config(", audience: other"));
  EXPECT_THAT(gw_->get("/u", kToken), Refused(401, "unauthenticated"));

  serve(config(", issuer: \"https://idp\", remember_bad: 0s"));
  for (std::string answer : {R"({"active":true,"iss":"https://evil"})", R"({"active":true,"exp":1})",
                             R"({"active":true,"nbf":8000000000})"}) {
    idp().answers(200, answer);
    EXPECT_THAT(gw_->get("/u", kToken), Refused(401, "unauthenticated")) << answer;
  }
}

TEST_F(Introspection, ForbidsWithoutTheScope) {
  serve(config(", require_scopes: write"));

  auto got = gw_->get("/u", kToken);

  EXPECT_THAT(got, Refused(403, "forbidden"));
  EXPECT_THAT(got, HasField("WWW-Authenticate", HasSubstr("insufficient_scope")));
}

TEST_F(Introspection, IsUnavailableWhenTheServerGivesNoAnswerThatCounts) {
  serve(config());
  for (auto [status, body] :
       {std::pair(401, "{}"), std::pair(500, "{}"), std::pair(200, "<html>"), std::pair(200, "{}"),
        std::pair(200, R"({"active":"true"})"), std::pair(200, R"({"active":true,"active":true})")}) {
    idp().answers(status, body);
    EXPECT_THAT(gw_->get("/u", kToken), Refused(503, "auth_unavailable")) << body;
  }
  idp().stop_listening();
  EXPECT_THAT(gw_->get("/u", "Authorization: Bearer another\r\n"), Refused(503, "auth_unavailable"));
  EXPECT_EQ(users().connections(), 0u);
}

TEST_F(Introspection, AsksNobodyWithoutAToken) {
  serve(config());
  EXPECT_THAT(gw_->get("/u"), Refused(401, "unauthenticated"));
  EXPECT_EQ(idp().connections(), 0u);
}

}  // namespace
}  // namespace sluice::test::introspection_test

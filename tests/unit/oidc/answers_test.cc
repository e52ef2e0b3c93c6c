// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::oidc::answers_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using testing::HasSubstr;

TEST(Callback, IsReadFromTheQuery) {
  auto got = read_callback("code=a%2Bb&state=s+1&iss=https%3A%2F%2Fidp&session_state=x&");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->code, "a+b");
  EXPECT_EQ(got->state, "s 1");
  EXPECT_EQ(got->issuer, "https://idp");
  EXPECT_EQ(got->error, "");

  got = read_callback("error=access_denied&error_description=No+way&state=s");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error, "access_denied");
  EXPECT_EQ(got->error_description, "No way");
  EXPECT_EQ(got->issuer, std::nullopt);
}

TEST(Callback, IsNoneWithAParameterTwiceOrWithControlCharacters) {
  for (std::string query : {"state=a&state=a", "code=a&state=s&c%6Fde=b", "iss=a&iss=b", "state=a%0D%0Ab",
                            "error=x%00", "code=%7F"})
    EXPECT_FALSE(read_callback(query)) << query;
  EXPECT_TRUE(read_callback(""));
  EXPECT_TRUE(read_callback("other=1&other=2"));
}

TEST(Tokens, AreReadFromTheAnswer) {
  auto got = read_tokens(200, R"({"access_token":"a","id_token":"i","refresh_token":"r","scope":"x y",
                                  "token_type":"Bearer","expires_in":3600})");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->access_token, "a");
  EXPECT_EQ(got->id_token, "i");
  EXPECT_EQ(got->refresh_token, "r");
  EXPECT_EQ(got->scope, "x y");
  EXPECT_EQ(got->expires_in, 3600s);
  EXPECT_EQ(read_tokens(200, R"({"access_token":"a","expires_in":"60"})")->expires_in, 60s);
  EXPECT_EQ(read_tokens(200, R"({"access_token":"a"})")->expires_in, std::nullopt);
  EXPECT_GT(read_tokens(200, R"({"access_token":"a","expires_in":1e300})")->expires_in, 1h);
}

TEST(Tokens, AreRefusedByTheProviderOnlyWhereItSaysSo) {
  auto got = read_tokens(400, R"({"error":"invalid_grant","error_description":"code is used"})");
  EXPECT_EQ(got.error().reason, Reason::unauthenticated);
  EXPECT_EQ(got.error().detail, "refuses with `invalid_grant`: code is used");
  got = read_tokens(401, R"({"error":"invalid_client"})");
  EXPECT_EQ(got.error().reason, Reason::auth_unavailable);
  EXPECT_EQ(got.error().detail, "refuses with `invalid_client`");
}

TEST(Tokens, AreUnavailableWithAnyOtherAnswer) {
  for (auto [status, body] :
       {std::pair(500, "oops"), std::pair(503, R"({"error":"temporarily_unavailable"})"),
        std::pair(400, "<html>"), std::pair(302, ""), std::pair(200, ""), std::pair(200, "[]"),
        std::pair(200, "{}"), std::pair(200, R"({"id_token":"i"})"),
        std::pair(200, R"({"access_token":"a","expires_in":"soon"})"),
        std::pair(200, R"({"access_token":"a","expires_in":-1})"),
        std::pair(200, R"({"access_token":"a","expires_in":true})"),
        std::pair(200, R"({"access_token":"a\r\nX: y"})")}) {
    auto got = read_tokens(status, body);
    ASSERT_FALSE(got) << status << body;
    EXPECT_EQ(got.error().reason, Reason::auth_unavailable) << status << body;
  }
}

std::string check(const char* json, std::string_view nonce = "n") {
  auto claims = jose::Json::parse(json);
  auto checked = check_id_claims(*claims, "web", nonce);
  return checked ? "" : checked.error().detail;
}

TEST(IdClaims, AreForThisClientAndThisLogin) {
  EXPECT_EQ(check(R"({"sub":"a","nonce":"n","aud":"web"})"), "");
  EXPECT_EQ(check(R"({"sub":"a","nonce":"n","aud":["web"]})"), "");
  EXPECT_EQ(check(R"({"sub":"a","nonce":"n","aud":["web","api"],"azp":"web"})"), "");
  EXPECT_EQ(check(R"({"sub":"a","nonce":"n","aud":"web","azp":"web"})"), "");

  EXPECT_THAT(check(R"({"sub":"a","aud":"web"})"), HasSubstr("nonce"));
  EXPECT_THAT(check(R"({"sub":"a","nonce":"m","aud":"web"})"), HasSubstr("nonce"));
  EXPECT_THAT(check(R"({"sub":"a","nonce":null,"aud":"web"})", "null"), HasSubstr("nonce"));
  EXPECT_THAT(check(R"({"sub":"a","nonce":"n","aud":["web","api"]})"), HasSubstr("several"));
  EXPECT_THAT(check(R"({"sub":"a","nonce":"n","aud":"web","azp":"api"})"), HasSubstr("azp"));
  EXPECT_THAT(check(R"({"nonce":"n","aud":"web"})"), HasSubstr("sub"));
  EXPECT_THAT(check(R"({"sub":"","nonce":"n","aud":"web"})"), HasSubstr("sub"));
}

TEST(RenewedClaims, AreOfTheSameSubject) {
  auto claims = jose::Json::parse(R"({"sub":"a","aud":"web"})");
  EXPECT_TRUE(check_renewed_claims(*claims, "web", "a"));
  EXPECT_FALSE(check_renewed_claims(*claims, "web", "b"));
  EXPECT_FALSE(check_renewed_claims(*jose::Json::parse(R"({"azp":"x","sub":"a"})"), "web", "a"));
}

std::string order(const std::string& members) {
  auto claims = jose::Json::parse(R"({"events":{"http://schemas.openid.net/event/backchannel-logout":{}},)" +
                                  members + "}");
  auto read = read_logout(*claims);
  return read ? read->sid + "/" + read->sub : read.error().detail;
}

TEST(Logout, SaysWhoseSessionsEnd) {
  EXPECT_EQ(order(R"("sid":"s","sub":"a")"), "s/a");
  EXPECT_EQ(order(R"("sid":"s")"), "s/");
  EXPECT_EQ(order(R"("sub":"a")"), "/a");
  EXPECT_THAT(order(R"("jti":"x")"), HasSubstr("whose session"));
  EXPECT_THAT(order(R"("sub":"a","nonce":"n")"), HasSubstr("nonce"));
}

TEST(Logout, IsNoOtherToken) {
  for (std::string claims :
       {R"({"sub":"a"})", R"({"sub":"a","events":{}})", R"({"sub":"a","events":"x"})",
        R"({"sub":"a","events":{"http://schemas.openid.net/event/backchannel-logout":1}})"})
    EXPECT_THAT(read_logout(*jose::Json::parse(claims)).error().detail, HasSubstr("events")) << claims;
}

}  // namespace
}  // namespace sluice::oidc::answers_test

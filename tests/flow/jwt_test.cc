// SPDX-License-Identifier: Apache-2.0
// Tokens whose keys an issuer publishes: fetched before they are needed, kept when the issuer is gone, and
// never a reason to call a good token bad.
#include <gmock/gmock.h>

#include <chrono>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"
#include "tests/support/signer.h"

namespace sluice::test::jwt_test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string config(const std::string& keys, const std::string& more = "") {
  return R"(
routes:
  - name: u
    match: {path: /u}
    use: [{jwt: {issuer: "https://idp", audience: api, )" +
         keys + R"(, headers: {X-User: sub}}}]
    to: users
)" + more;
}
std::string jwks(const Upstream& idp) { return "jwks: \"" + idp.url() + "/keys\""; }

std::string in(long seconds) {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count() + seconds);
}
std::string claims(const std::string& more = "") {
  return R"({"iss":"https://idp","aud":"api","sub":"alice","exp":)" + in(600) + more + "}";
}
std::string bearer(const std::string& token) { return "Authorization: Bearer " + token + "\r\n"; }
std::string of(const Signer& issuer) { return bearer(issuer.token(claims())); }

TEST(JwtOfAPublishedKey, PassesFromTheFirstRequestOn) {
  Upstream idp;
  Signer issuer("ES256", "a");
  idp.answers(200, issuer.jwks());
  Gateway gw(config(jwks(idp)));
  gw.upstream("users").answers(200, "ok");

  EXPECT_EQ(gw.get("/u", of(issuer)).status, 200);

  EXPECT_THAT(gw.upstream("users").request(), HasField("X-User", "alice"));
  EXPECT_THAT(gw.upstream("users").request(), HasNoField("Authorization"));
  EXPECT_EQ(idp.request().target, "/keys");
  EXPECT_THAT(gw.metrics(),
              HasSubstr("sluice_auth_jwks_refreshes_total{issuer=\"https://idp\",result=\"ok\"} 1"));
  auto metrics = gw.metrics();
  EXPECT_THAT(metrics, HasSubstr("sluice_auth_jwks_age_seconds{issuer=\"https://idp\"} "));
  EXPECT_LT(sum(metrics, "sluice_auth_jwks_age_seconds"), 60) << "as old as the fetch, not the epoch";
}

TEST(JwtOfAPublishedKey, IsFoundByDiscovery) {
  Upstream idp;
  Signer issuer("RS256", "a");
  idp.answers_by([&](const Request& r) -> Answer {
    bool metadata = r.target == "/.well-known/openid-configuration";
    std::string body =
        metadata ? R"({"issuer":"https://idp","jwks_uri":")" + idp.url() + R"(/certs"})" : issuer.jwks();
    return {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
  });
  Gateway gw(config("discovery: \"" + idp.url() + "/.well-known/openid-configuration\""));
  gw.upstream("users").answers(200, "ok");

  EXPECT_EQ(gw.get("/u", of(issuer)).status, 200);
  EXPECT_EQ(idp.request(1).target, "/certs");
}

TEST(JwtOfAPublishedKey, IsUnavailableWhileTheIssuerIsDownAndGoodAsSoonAsItIsBack) {
  Upstream idp;
  Signer issuer("ES256", "a"), other("ES256", "a");
  idp.answers(503, "later");
  Gateway gw(config(jwks(idp)));
  gw.upstream("users").answers(200, "ok");

  EXPECT_THAT(gw.get("/u", of(issuer)), Refused(503, "auth_unavailable"));
  EXPECT_THAT(gw.get("/u"), Refused(401, "unauthenticated"));
  EXPECT_EQ(gw.upstream("users").request_count(), 0u);

  idp.answers(200, issuer.jwks());
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  int status = 503;
  while (status == 503 && std::chrono::steady_clock::now() < until) status = gw.get("/u", of(issuer)).status;
  EXPECT_EQ(status, 200);
  EXPECT_THAT(gw.get("/u", of(other)), Refused(401, "unauthenticated"));
}

TEST(JwtOfAPublishedKey, IsNotFetchedAgainAtOnceWhenATokenNamesANewOne) {
  Upstream idp;
  Signer before("ES256", "a"), after("ES256", "b");
  idp.answers(200, before.jwks());
  Gateway gw(config(jwks(idp)));
  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(gw.get("/u", of(before)).status, 200);
  idp.answers(200, after.jwks());

  // Not within ten seconds of the last time: whoever invents ids makes no issuer busy.
  EXPECT_THAT(gw.get("/u", of(after)), Refused(401, "unauthenticated"));
  EXPECT_EQ(idp.request_count(), 1u);
}

TEST(JwtOfAPublishedKey, OutlivesItsIssuerAndAReload) {
  Upstream idp;
  Signer issuer("EdDSA", "a");
  idp.answers(200, issuer.jwks());
  Gateway gw(config(jwks(idp)));
  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(gw.get("/u", of(issuer)).status, 200);
  idp.stop_listening();

  auto loading = gw.reload(config(jwks(idp), "on_tie: first\n"));

  EXPECT_TRUE(loading.good) << loading.diagnostics;
  EXPECT_EQ(gw.get("/u", of(issuer)).status, 200);
  EXPECT_EQ(idp.request_count(), 1u);
}

TEST(Jwt, LeavesNothingOfABadTokenToTheUpstream) {
  Signer issuer("ES256", "a");
  Upstream idp;
  idp.answers(200, issuer.jwks());
  Gateway gw(config(jwks(idp)));
  gw.upstream("users").answers(200, "ok");

  for (const std::string& token :
       {std::string("x"), std::string("eyJhbGciOiJub25lIn0.e30."), issuer.token("{}"), std::string(8000, '.'),
        issuer.token(R"({"alg":"ES256","kid":"../../etc/passwd"})", claims())})
    EXPECT_THAT(gw.get("/u", bearer(token)), Refused(401, "unauthenticated"));
  EXPECT_THAT(gw.get("/u", bearer(std::string(20000, 'a'))), Refused(431, "header_too_large"));

  EXPECT_EQ(gw.upstream("users").connections(), 0u);
}

// Well-formed ones, each wrong in one thing.
TEST(Jwt, LeavesNothingOfATokenThatIsNotForUsToTheUpstream) {
  Signer issuer("ES256", "a"), other("ES256", "b"), other_type("RS256", "a"), secret("HS256", "a");
  Upstream idp;
  idp.answers(200, issuer.jwks());
  Gateway gw(config(jwks(idp)));
  gw.upstream("users").answers(200, "ok");
  auto with = [&](const std::string& iss, const std::string& aud, long seconds) {
    return issuer.token(R"({"iss":")" + iss + R"(","aud":")" + aud + R"(","sub":"alice","exp":)" +
                        in(seconds) + "}");
  };
  // They bring or name the key themselves.
  std::string jwk = R"({"alg":"ES256","kid":"b","jwk":)" + other.jwk() + "}";
  std::string jku = R"({"alg":"ES256","kid":"b","jku":")" + idp.url() + R"(/others"})";

  ASSERT_EQ(gw.get("/u", bearer(with("https://idp", "api", 600))).status, 200);
  for (const std::string& token :
       {with("https://idp", "api", -600), with("https://idp", "others", 600),
        with("https://others", "api", 600), other_type.token(claims()), secret.token(claims()),
        other.token(jwk, claims()), other.token(jku, claims())})
    EXPECT_THAT(gw.get("/u", bearer(token)), Refused(401, "unauthenticated")) << token;

  EXPECT_EQ(gw.upstream("users").request_count(), 1u);
  for (std::size_t i = 0; i < idp.request_count(); ++i) EXPECT_EQ(idp.request(i).target, "/keys");
}

// A log of its own, as its settings are written in it.
TEST(Jwt, HasThoseClaimsLoggedThatAreAskedFor) {
  Signer issuer("ES256", "a");
  Upstream idp;
  idp.answers(200, issuer.jwks());
  TemporaryDirectory directory;
  auto path = directory.write("own.log", "");
  GrowingFile file(path);
  Gateway gw(config(jwks(idp), "access_log: {claims: [tenant, plan, lacking], to: \"" + path + "\"}\n"));
  gw.upstream("users").answers(200, "ok");

  gw.get(
      "/u",
      bearer(issuer.token(claims(R"(,"tenant":"a\"b","plan":{"name":"gold"},"private":"x","scope":"r w")"))));

  auto line = file.line();
  EXPECT_THAT(line,
              HasSubstr(R"("scopes":["r","w"],"claims":{"tenant":"a\"b","plan":"{\"name\":\"gold\"}"},)"));
  EXPECT_THAT(line, Not(HasSubstr("private")));
}

TEST(Jwt, IsNoPlaceForAClientToTellWhoItIs) {
  Signer issuer("ES256", "a");
  Upstream idp;
  idp.answers(200, issuer.jwks());
  Gateway gw(config(jwks(idp), "  - {name: open, match: {path: /open}, to: users}\n"));
  gw.upstream("users").answers(200, "ok");

  gw.get("/open", "X-User: mallory\r\n");
  gw.get("/u", "X-User: mallory\r\n" + of(issuer));

  EXPECT_THAT(gw.upstream("users").request(0), HasNoField("X-User"));
  EXPECT_THAT(gw.upstream("users").request(1), HasField("X-User", "alice"));
  EXPECT_EQ(gw.upstream("users").request(1).count("X-User"), 1u);
}

}  // namespace
}  // namespace sluice::test::jwt_test

// SPDX-License-Identifier: Apache-2.0
// Tokens that are taken back through the admin server although they have not expired, and although the
// gateway remembers that they are good.
#include <gmock/gmock.h>

#include <chrono>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/oidc_provider.h"
#include "tests/support/signer.h"

namespace sluice::test::revocation_test {
namespace {

std::string in(long seconds) {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count() + seconds);
}

// All workers know of it when this returns: they have taken a turn since it was posted to them.
void revoke(Gateway& gw, const std::string& what) {
  EXPECT_EQ(gw.admin("PUT", "/revocations?issuer=https://idp&" + what, "").status, 200);
  EXPECT_EQ(gw.get("/other").status, 204);
}

TEST(Revocation, OfATokenThatIsRememberedAsGood) {
  Upstream idp;
  Signer issuer("ES256", "a");
  idp.answers(200, issuer.jwks());
  Gateway gw(R"(
workers: 1
routes:
  - name: u
    match: {path: /u}
    use: [{jwt: {issuer: "https://idp", audience: api, jwks: ")" +
             idp.url() + R"(/keys"}}]
    to: users
  - {name: other, match: {path: /other}, respond: 204}
)");
  gw.upstream("users").answers(200, "ok");
  auto bearer = [&](const std::string& more) {
    return "Authorization: Bearer " +
           issuer.token(R"({"iss":"https://idp","aud":"api","exp":)" + in(600) + more + "}") + "\r\n";
  };
  std::string stolen = bearer(R"(,"sub":"alice","jti":"j1")"),
              alices = bearer(R"(,"sub":"alice","jti":"j2")");
  std::string bobs = bearer(R"(,"sub":"bob","jti":"j3")"),
              later = bearer(R"(,"sub":"alice","iat":)" + in(30));
  for (int i = 0; i < 2; ++i)
    for (const auto& token : {stolen, alices, bobs, later}) EXPECT_EQ(gw.get("/u", token).status, 200);

  revoke(gw, "jti=j1");
  EXPECT_THAT(gw.get("/u", stolen), Refused(401, "unauthenticated"));
  EXPECT_EQ(gw.get("/u", alices).status, 200);

  revoke(gw, "sub=alice");
  EXPECT_THAT(gw.get("/u", alices), Refused(401, "unauthenticated"));
  EXPECT_EQ(gw.get("/u", later).status, 200) << "it was made after that moment";
  EXPECT_EQ(gw.get("/u", bobs).status, 200);
}

TEST(Revocation, OfAllSessionsOfSomebody) {
  Signer signer("ES256", "key-1");
  OidcProvider provider;
  provider.sign_with(signer);
  Gateway gw(R"(
workers: 1
upstreams:
  idp: {url: "<idp>"}
  users: {url: "<users>"}
routes:
  - name: u
    match: {path: /**}
    use: [{oidc: {issuer: "https://idp", discovery: ")" +
             provider.discovery() + R"(", to: idp, client_id: web, client_secret: s, session: {keys: ")" +
             std::string(32, 'k') + R"("}}}]
    to: users
  - {name: other, match: {path: /other}, respond: 204}
)");
  provider.serve(gw.upstream("idp"));
  gw.upstream("users").answers(200, "ok");
  Browser browser(gw, provider);
  EXPECT_EQ(browser.open("/page").status, 200);
  EXPECT_EQ(browser.get("/page", Browser::kScript).status, 200);

  revoke(gw, "sub=bob&before=" + in(60));
  EXPECT_EQ(browser.get("/page", Browser::kScript).status, 200);

  revoke(gw, "sub=alice&before=" + in(60));
  EXPECT_THAT(browser.get("/page", Browser::kScript), Refused(401, "unauthenticated"));
}

}  // namespace
}  // namespace sluice::test::revocation_test

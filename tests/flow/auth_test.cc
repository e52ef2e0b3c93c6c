// SPDX-License-Identifier: Apache-2.0
// Who calls, from the request's credential to upstream, log and metrics.
#include <gmock/gmock.h>

#include "tests/support/consumers.h"
#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::auth_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string acme() {
  return "consumers: [{name: acme, groups: [partners], scopes: [read], metadata: {plan: gold}, api_keys: "
         "[{key: \"" +
         digest_of("secret") + "\", name: laptop}]}]\n";
}

std::string with_key() {
  return acme() + R"(
routes:
  - name: u
    match: {path: /u}
    use:
      - api_key: {header: X-Api-Key, query: api_key}
      - headers: {request: {set: {X-Consumer: "${consumer.id}", X-Plan: "${consumer.metadata.plan}"}}}
    to: users
  - {name: open, match: {path: /open}, to: users}
)";
}

TEST(Auth, TellsTheUpstreamWhoCallsAndKeepsTheKey) {
  Gateway gw(with_key());
  gw.upstream("users").answers(200, "ok");

  EXPECT_THAT(gw.get("/u", "X-Api-Key: secret\r\nX-Consumer: forged\r\n"), HasStatus(200));

  auto got = gw.upstream("users").request();
  EXPECT_THAT(got, HasNoField("X-Api-Key"));
  EXPECT_THAT(got, HasField("X-Consumer", "acme"));
  EXPECT_EQ(got.count("X-Consumer"), 1u);
  EXPECT_THAT(got, HasField("X-Plan", "gold"));
  auto line = gw.log_line();
  EXPECT_THAT(line, HasSubstr(R"("consumer":"acme","auth_method":"api_key","credential":"laptop",)"
                              R"("groups":["partners"],"scopes":["read"])"));
}

TEST(Auth, RefusesWithoutAskingTheUpstream) {
  Gateway gw(with_key());

  auto answer = gw.get("/u");
  EXPECT_THAT(answer, Refused(401, "unauthenticated"));
  EXPECT_THAT(answer, HasField("WWW-Authenticate", "ApiKey realm=\"sluice\""));
  EXPECT_THAT(gw.get("/u", "X-Api-Key: wrong\r\n"), Refused(401, "unauthenticated"));

  EXPECT_THAT(gw.metrics(), HasSubstr("sluice_policy_decisions_total{policy=\"api_key\",type=\"api_key\","
                                      "decision=\"deny\"} 2"));
  EXPECT_EQ(gw.upstream("users").request_count(), 0u);
}

// The upstream believes the field wherever it comes from.
TEST(Auth, TakesForgedIdentitiesFromTheRequestsOfEveryRoute) {
  Gateway gw(with_key());
  gw.upstream("users").answers(200, "ok");

  gw.get("/open", "X-Consumer: forged\r\nx_plan: gold\r\nX-Mine: 1\r\n");

  auto got = gw.upstream("users").request();
  EXPECT_THAT(got, HasNoField("X-Consumer"));
  EXPECT_THAT(got, HasNoField("x_plan"));
  EXPECT_THAT(got, HasField("X-Mine", "1"));
}

TEST(Auth, TakesForgedIdentitiesFromTrailersToo) {
  Gateway gw(with_key());
  gw.upstream("users").answers(200, "ok");
  RawClient client = gw.connect();

  client.ask(
      "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
      "X-Consumer: forged\r\nx_plan: gold\r\nClient-Cert: :AAAA:\r\nX_Forwarded_For: 1.2.3.4\r\nX.Consumer: "
      "forged\r\n"
      "Content_Length: 9\r\nx-sum: 7\r\n\r\n");

  EXPECT_EQ(gw.upstream("users").request().trailers, std::vector<test::Line>({{"x-sum", "7"}}));
}

TEST(Auth, KeepsKeysOutOfTheLog) {
  Gateway gw(with_key());
  gw.upstream("users").answers(200, "ok");

  gw.get("/u?api_key=secret&a=1");
  EXPECT_EQ(gw.upstream("users").request().target, "/u?a=1");
  EXPECT_THAT(gw.log_line(), Not(HasSubstr("secret")));
  gw.get("/u?api_key=secrte");
  EXPECT_THAT(gw.log_line(), Not(HasSubstr("secrte")));
}

// Something else answers before the filter that reads it, or there is no route at all.
TEST(Auth, KeepsCredentialsOutOfTheLogThatNoFilterHasSeen) {
  Gateway gw(R"(
policies:
  key: {api_key: {query: k}}
  token: {introspection: {to: users, path: /introspect, from: {query: "t"}}}
  nobody: {ip_access: {deny: 0.0.0.0/0}}
routes:
  - {name: u, match: {path: /u}, use: [nobody, key], to: users}
  - {name: v, match: {path: /v}, use: [nobody, token], to: users}
)");

  gw.get("/u?k=secret&a=1");
  EXPECT_EQ(json_value(gw.log_line(), "path"), "/u?k=REDACTED&a=1");
  gw.get("/v?a=1&%74=secret");
  EXPECT_EQ(json_value(gw.log_line(), "path"), "/v?a=1&%74=REDACTED");
  gw.get("/nowhere?k=secret", "Referer: http://a/?t=secret\r\n");
  EXPECT_THAT(gw.log_line(), AllOf(HasSubstr("\"/nowhere?k=REDACTED\""), HasSubstr("http://a/?t=REDACTED"),
                                   Not(HasSubstr("secret"))));
}

TEST(Auth, KnowsNewConsumersAfterAReload) {
  Gateway gw(with_key());
  gw.upstream("users").answers(200, "ok");
  std::string text = with_key();
  std::string old_key = digest_of("secret"), new_key = digest_of("other");
  text.replace(text.find(old_key), old_key.size(), new_key);

  ASSERT_TRUE(gw.reload(text).good);

  EXPECT_THAT(gw.get("/u", "X-Api-Key: secret\r\n"), Refused(401, "unauthenticated"));
  EXPECT_THAT(gw.get("/u", "X-Api-Key: other\r\n"), HasStatus(200));
}

std::string with_guests() {
  return R"(
consumers:
  - {name: acme, groups: partners, api_keys: ")" +
         digest_of("secret") + R"("}
  - {name: guest, groups: visitors}
policies:
  key: {api_key: {header: X-Api-Key}}
  other-key: {api_key: {query: key, realm: other}}
  either: {any: {of: [key, other-key], anonymous: guest}}
routes:
  - {name: open, match: {path: /open}, use: [either, {headers: {request: {set: {X-Who: "${consumer.id}"}}}}], to: users}
  - {name: partners, match: {path: /partners}, use: [either, {require: {groups: partners}}], to: users}
  - {name: staff, match: {path: /staff}, use: [key, {require: {groups: staff}}], to: users}
)";
}

TEST(Auth, LetsCallersWithoutCredentialsPassAsAConsumer) {
  Gateway gw(with_guests());
  gw.upstream("users").answers(200, "ok");

  EXPECT_THAT(gw.get("/open"), HasStatus(200));
  EXPECT_THAT(gw.get("/open", "X-Api-Key: secret\r\n"), HasStatus(200));
  EXPECT_THAT(gw.get("/open", "X-Api-Key: wrong\r\n"), Refused(401, "unauthenticated"));

  EXPECT_THAT(gw.upstream("users").request(0), HasField("X-Who", "guest"));
  EXPECT_THAT(gw.upstream("users").request(1), HasField("X-Who", "acme"));
  EXPECT_THAT(gw.log_line(), HasSubstr(R"("consumer":"guest","auth_method":"anonymous")"));
}

TEST(Auth, LetsGuestsHaveLimitsOfTheirOwn) {
  Gateway gw(R"(
consumers:
  - {name: acme, api_keys: ")" +
             digest_of("secret") + R"("}
  - {name: guest}
policies:
  key-or-guest: {any: {of: [{api_key: {header: X-Api-Key}}], anonymous: guest}}
  few: {rate_limit: {limit: 3/h, by: consumer, tier_by: consumer, tiers: {guest: 1/h}}}
routes:
  - {name: u, match: {path: /u}, use: [key-or-guest, few], respond: 204}
)");
  EXPECT_EQ(gw.get("/u").status, 204);
  EXPECT_THAT(gw.get("/u"), Refused(429, "rate_limited"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gw.get("/u", "X-Api-Key: secret\r\n").status, 204);
  EXPECT_THAT(gw.get("/u", "X-Api-Key: secret\r\n"), Refused(429, "rate_limited"));
}

TEST(Auth, Keeps401And403Apart) {
  Gateway gw(with_guests());
  gw.upstream("users").answers(200, "ok");

  auto guest = gw.get("/partners");
  EXPECT_THAT(guest, Refused(401, "unauthenticated"));
  EXPECT_EQ(guest.count("WWW-Authenticate"), 2u);
  EXPECT_THAT(gw.get("/partners?key=secret"), HasStatus(200));
  auto partner = gw.get("/staff", "X-Api-Key: secret\r\n");
  EXPECT_THAT(partner, Refused(403, "forbidden"));
  EXPECT_THAT(partner, HasNoField("WWW-Authenticate"));
}

TEST(Auth, RefusesAPolicyThatContainsItself) {
  Gateway gw("routes: [{name: u, match: {path: /u}, to: users}]");

  auto loading = gw.reload(R"(
policies: {a: {any: [b]}, b: {all: a}}
routes: [{name: u, match: {path: /u}, use: a, to: users}]
)");

  EXPECT_FALSE(loading.good);
  EXPECT_THAT(loading.diagnostics, HasSubstr("contains itself"));
}

TEST(Auth, ComparesPasswordsAndRemembersThem) {
  Gateway gw(R"(
consumers:
  - name: jo
    basic: {password: "$2y$04$AwdAKVUipQzgHxFLkEsyzuc7J3NqcCvaJVMW0Syx3d8w8JnSiU1bq"}
routes:
  - {name: u, match: {path: /u}, use: [{basic: {}}], to: users}
)");
  gw.upstream("users").answers(200, "ok");
  const char* good = "Authorization: Basic am86c2VjcmV0\r\n";
  const char* wrong = "Authorization: Basic am86d3Jvbmc=\r\n";

  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(gw.get("/u", good), HasStatus(200));
    EXPECT_THAT(gw.get("/u", wrong), Refused(401, "unauthenticated"));
  }
  EXPECT_THAT(gw.upstream("users").request(), HasNoField("Authorization"));
  EXPECT_THAT(gw.get("/u", std::string(good) + good), Refused(401, "unauthenticated"));
  EXPECT_THAT(gw.get("/u", "Authorization: Basic am86c2VjcmV0!\r\n"), Refused(401, "unauthenticated"));
  EXPECT_THAT(gw.get("/u", "Authorization: Basic " + std::string(12'000, 'A') + "\r\n"),
              Refused(401, "unauthenticated"));
}

}  // namespace
}  // namespace sluice::test::auth_test

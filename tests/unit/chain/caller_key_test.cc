// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/caller_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::chain::caller_key_test {
namespace {

using Kind = KeyPart::Kind;
using test::FakeExchange;
using testing::HasSubstr;

std::string key(FakeExchange& fake, std::vector<KeyPart> parts, MissingKey missing = MissingKey::by_ip) {
  CallerKey caller(std::move(parts), missing);
  auto found = caller.of(fake.ex);
  return found.missing ? "<no " + found.missing->text() + ">" : std::string(found.text);
}

TEST(CallerKey, NamesTheClientByItsAddress) {
  FakeExchange fake;
  EXPECT_EQ(key(fake, {{}}), "ip=192.0.2.7");
}

TEST(CallerKey, TakesTheFirst64BitsOfIpv6) {
  FakeExchange fake;
  fake.stream.come_from(*net::Address::parse("2001:db8:1:2:aaaa::1", 4000));
  auto one = key(fake, {{}});
  fake.stream.come_from(*net::Address::parse("2001:db8:1:2:bbbb::9", 4000));
  EXPECT_EQ(key(fake, {{}}), one);
  fake.stream.come_from(*net::Address::parse("2001:db8:1:3::1", 4000));
  EXPECT_NE(key(fake, {{}}), one);
  EXPECT_EQ(one, "ip=20010db800010002/64");
}

TEST(CallerKey, NamesWhoHasIdentifiedItself) {
  FakeExchange fake;
  const Claim claims[] = {{"sub", "u1"}, {"org.id", "7"}};
  fake.ex.identity.method = "jwt";
  fake.ex.identity.consumer = "acme";
  fake.ex.identity.credential = "main";
  fake.ex.identity.claims = claims;
  fake.ex.route_name = "orders";
  EXPECT_EQ(key(fake, {{Kind::consumer}}), "consumer=acme");
  EXPECT_EQ(key(fake, {{Kind::credential}}), "credential=jwt/acme/main");
  EXPECT_EQ(key(fake, {{Kind::claim, "org.id"}, {Kind::route}}), "claim.org.id=7|route=orders");
}

TEST(CallerKey, TellsCredentialsOfTwoIssuersApart) {
  FakeExchange one, other, none;
  for (auto* fake : {&one, &other, &none}) {
    fake->ex.identity.method = "jwt";
    fake->ex.identity.credential = "alice";
  }
  one.ex.identity.issuer = "https://one";
  other.ex.identity.issuer = "https://other";
  EXPECT_EQ(key(one, {{Kind::credential}}), "credential=jwt/https:~1~1one//alice");
  EXPECT_NE(key(one, {{Kind::credential}}), key(other, {{Kind::credential}}));
  EXPECT_EQ(key(none, {{Kind::credential}}), "credential=jwt//alice");
}

TEST(CallerKey, TellsCredentialsApartWhoseNamesHoldSlashes) {
  FakeExchange one, other;
  one.ex.identity.method = other.ex.identity.method = "api_key";
  one.ex.identity.consumer = "a/b";
  one.ex.identity.credential = "c";
  other.ex.identity.consumer = "a";
  other.ex.identity.credential = "b/c";
  EXPECT_NE(key(one, {{Kind::credential}}), key(other, {{Kind::credential}}));
}

TEST(CallerKey, ListsGroupsAndScopes) {
  FakeExchange fake;
  EXPECT_EQ(key(fake, {{Kind::groups}}, MissingKey::reject), "<no groups>");
  const std::string_view groups[] = {"partners", "eu"}, scopes[] = {"a,b", "c%"}, others[] = {"a", "b", "c%"};
  fake.ex.identity.method = "jwt";
  fake.ex.identity.groups = groups;
  fake.ex.identity.scopes = scopes;
  auto one = key(fake, {{Kind::scopes}});

  EXPECT_EQ(key(fake, {{Kind::groups}, {Kind::route}}), "groups=partners,eu|route=");
  fake.ex.identity.scopes = others;
  EXPECT_NE(key(fake, {{Kind::scopes}}), one);
}

TEST(CallerKey, ReadsHeadersAndCookies) {
  FakeExchange fake;
  fake.request().fields.add("X-Key", "k1");
  fake.request().fields.add(http::FieldId::cookie, "a=1; sid=s2;b;c=");
  fake.request().fields.add(http::FieldId::cookie, "late=3");
  EXPECT_EQ(key(fake, {{Kind::header, "x-KEY"}}), "header.x-key=k1");
  EXPECT_EQ(key(fake, {{Kind::cookie, "sid"}}), "cookie.sid=s2");
  EXPECT_EQ(key(fake, {{Kind::cookie, "late"}}), "cookie.late=3");
  EXPECT_EQ(key(fake, {{Kind::cookie, "b"}}, MissingKey::skip), "<no cookie.b>");
  EXPECT_EQ(key(fake, {{Kind::cookie, "c"}}, MissingKey::skip), "<no cookie.c>");
}

TEST(CallerKey, ReadsParametersAndPartsOfThePath) {
  FakeExchange fake;
  const Capture captures[] = {{"id", "7"}};
  fake.ex.captures = captures;
  fake.request().query = "user=a%20b&empty=";
  EXPECT_EQ(key(fake, {{Kind::query, "user"}, {Kind::path, "id"}}), "query.user=a b|path.id=7");
  EXPECT_EQ(key(fake, {{Kind::query, "empty"}}, MissingKey::skip), "<no query.empty>");
  EXPECT_EQ(key(fake, {{Kind::path, "other"}}, MissingKey::skip), "<no path.other>");
}

TEST(CallerKey, ReadsAParameterAsItIsMeantHoweverItIsWritten) {
  for (const char* query : {"k=a%20b%7C", "k=%61+b|", "%6B=a+b%7c"}) {
    FakeExchange fake;
    fake.request().query = query;
    EXPECT_EQ(key(fake, {{Kind::query, "k"}}), "query.k=a b%7C") << query;
  }
}

TEST(CallerKey, IsFoundByNamesOfHeadersHoweverTheyAreSpelled) {
  EXPECT_EQ(key_as_counted("header.X-Key=K1"), "header.x-key=K1");
  EXPECT_EQ(key_as_counted("consumer=header.X|header.X-Key=A=B|query.K=v"),
            "consumer=header.X|header.x-key=A=B|query.K=v");
  for (const char* same : {"", "ip=192.0.2.7", "claim.Org=A", "header.x", "0a1b2c", "|", "|="})
    EXPECT_EQ(key_as_counted(same), same);
}

TEST(CallerKey, CannotBeMadeToLookLikeAnother) {
  FakeExchange one, other;
  one.request().fields.add("A", "x|header.b=y");
  other.request().fields.add("A", "x");
  other.request().fields.add("B", "y");
  EXPECT_NE(key(one, {{Kind::header, "A"}}), key(other, {{Kind::header, "A"}, {Kind::header, "B"}}));
  FakeExchange escaped;
  escaped.request().fields.add("A", "x%7Cheader.b=y");
  EXPECT_NE(key(one, {{Kind::header, "A"}}), key(escaped, {{Kind::header, "A"}}));
}

TEST(CallerKey, PutsTheAddressWhereAPartIsMissing) {
  FakeExchange fake;
  fake.ex.route_name = "orders";
  EXPECT_EQ(key(fake, {{Kind::consumer}, {Kind::route}}), "ip=192.0.2.7|route=orders");
  EXPECT_EQ(key(fake, {{Kind::consumer}}, MissingKey::reject), "<no consumer>");
  EXPECT_EQ(key(fake, {{Kind::header, "X-Key"}}, MissingKey::skip), "<no header.X-Key>");
}

TEST(CallerKey, RefusesByWhatIsMissing) {
  FakeExchange fake;
  refuse_without(fake.ex, {Kind::consumer});
  EXPECT_EQ(fake.response().status, 401);
  refuse_without(fake.ex, {Kind::header, "X-Key"});
  EXPECT_EQ(fake.response().status, 400);
  EXPECT_THAT(fake.body(), HasSubstr("the request has no header `X-Key`"));
}

TEST(CallerKey, RefusesWhoIsKnownWithoutAskingForACredential) {
  FakeExchange known, anonymous;
  known.ex.identity.method = "jwt";
  refuse_without(known.ex, {Kind::claim, "tenant"});
  EXPECT_EQ(known.response().status, 403);
  EXPECT_THAT(known.body(), HasSubstr("nothing is known of the caller's `claim.tenant`"));

  const std::string_view challenges[] = {"Bearer"};
  anonymous.ex.identity.method = "anonymous";
  anonymous.ex.identity.challenges = challenges;
  refuse_without(anonymous.ex, {Kind::claim, "tenant"});
  EXPECT_EQ(anonymous.response().status, 401);
  const auto* challenge = anonymous.response().fields.find("WWW-Authenticate");
  ASSERT_NE(challenge, nullptr);
  EXPECT_EQ(challenge->value, "Bearer");
}

TEST(CallerKey, TellsWhatHoldsSecrets) {
  EXPECT_FALSE(CallerKey({{Kind::ip}, {Kind::consumer}}, MissingKey::skip).confidential());
  EXPECT_TRUE(CallerKey({{Kind::header, "X-Key"}}, MissingKey::skip).confidential());
}

struct Holder {
  std::vector<KeyPart> by;
  bool operator==(const Holder&) const = default;
};
void describe(config::Description<Holder>& d) {
  d.about("holder", "Has a key.");
  d.field("by", &Holder::by, "The key.", config::one_or_many, config::unique);
}

std::string problems(std::string_view by) {
  config::Diagnostics diagnostics;
  auto document = config::parse("by: " + std::string(by), diagnostics);
  config::bind<Holder>(document, diagnostics);
  return diagnostics.text();
}

TEST(CallerKey, IsReadWithHints) {
  EXPECT_EQ(problems("[header.X-Key, claim.sub, cookie.sid, route]"), "");
  EXPECT_THAT(problems("consumr"), HasSubstr("did you mean \"consumer\"?"));
  EXPECT_THAT(problems("headers.X-Key"), HasSubstr("did you mean \"header.X-Key\"?"));
  EXPECT_THAT(problems("header."), HasSubstr("add a name"));
  EXPECT_THAT(problems("\"header.a b\""), HasSubstr("can be no name of a header"));
  EXPECT_THAT(problems("[ip, ip]"), HasSubstr("twice"));
}

TEST(CallerKey, NeedsWhoIdentifies) {
  EXPECT_EQ(needed_stage({{Kind::ip}, {Kind::header, "A"}}), std::nullopt);
  for (auto kind : {Kind::consumer, Kind::credential, Kind::claim, Kind::groups, Kind::scopes})
    EXPECT_EQ(needed_stage({{Kind::ip}, {kind, "x"}}), Stage::identify);
}

}  // namespace
}  // namespace sluice::chain::caller_key_test

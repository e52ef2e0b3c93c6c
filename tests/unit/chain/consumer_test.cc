// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/hex.h"
#include "gateway/jose/digest.h"
#include "gateway/net/tls_certificate.h"

#include "tests/support/consumers.h"

namespace sluice::chain::consumer_test {
namespace {

using test::Consumers;
using test::digest_of;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ConsumerTable, FindsAConsumerByItsName) {
  Consumers known(
      "[{name: acme, groups: [partners, eu], scopes: r, metadata: {plan: gold, seats: 5}}, {name: b}]");
  ASSERT_EQ(known.problems(), "");

  const Consumer* acme = known.table.find("acme");
  ASSERT_TRUE(acme);
  EXPECT_EQ(acme->id, "acme");
  EXPECT_THAT(acme->groups, ElementsAre("partners", "eu"));
  EXPECT_THAT(acme->scopes, ElementsAre("r"));
  EXPECT_EQ(acme->metadatum("plan"), "gold");
  EXPECT_EQ(acme->metadatum("seats"), "5");
  EXPECT_EQ(acme->metadatum("none"), "");
  EXPECT_EQ(known.table.size(), 2u);
  EXPECT_FALSE(known.table.find("acm"));
}

TEST(ConsumerTable, FindsAKeyByItsDigest) {
  Consumers known("[{name: acme, api_keys: [\"" + digest_of("one") + "\", {key: \"" + digest_of("two") +
                  "\", name: laptop, expires: 2027-01-31}]}]");
  ASSERT_EQ(known.problems(), "");

  const Credential* one = known.table.find_api_key(jose::sha256("one"));
  const Credential* two = known.table.find_api_key(jose::sha256("two"));
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->name, base::to_hex(jose::view(jose::sha256("one"))).substr(0, 8));
  EXPECT_FALSE(one->expired(base::WallTime::max() - std::chrono::hours(1)));
  EXPECT_EQ(two->name, "laptop");
  EXPECT_EQ(two->consumer, known.table.find("acme"));
  auto end = config::parse_instant("2027-01-31")->when;
  EXPECT_FALSE(two->expired(end - std::chrono::nanoseconds(1)));
  EXPECT_TRUE(two->expired(end));
  EXPECT_FALSE(known.table.find_api_key(jose::sha256("three")));
}

TEST(ConsumerTable, FindsTheBearerOfAToken) {
  Consumers known(
      "[{name: a, tokens: {issuer: \"https://x\", value: s1}},"
      " {name: b, tokens: [{issuer: \"https://y\", value: s1}, {issuer: \"https://x\", claim: client_id, "
      "value: c}]}]");
  ASSERT_EQ(known.problems(), "");
  base::Arena arena;
  auto bearer = [&](std::string_view issuer, std::vector<Claim> claims) {
    const auto* found = known.table.find_token(issuer, claims, arena);
    return found ? std::string(found->consumer->id) + " by " + std::string(found->name) : "nobody";
  };

  EXPECT_EQ(bearer("https://x", {{"sub", "s1"}}), "a by s1");
  EXPECT_EQ(bearer("https://y", {{"aud", "x"}, {"sub", "s1"}}), "b by s1");
  EXPECT_EQ(bearer("https://x", {{"client_id", "c"}, {"sub", "other"}}), "b by c");
  EXPECT_EQ(bearer("https://y", {{"client_id", "c"}}), "nobody");
  EXPECT_EQ(bearer("https://x", {{"azp", "s1"}}), "nobody");
  EXPECT_EQ(bearer("", {{"sub", std::string_view("https://x\0sub\0s1", 16)}}), "nobody");
}

// Of the password `secret`.
constexpr const char* kHash = "$2y$04$AwdAKVUipQzgHxFLkEsyzuc7J3NqcCvaJVMW0Syx3d8w8JnSiU1bq";

TEST(ConsumerTable, FindsAUserByName) {
  std::string hash = kHash;
  EXPECT_FALSE(Consumers("[{name: a}]").table.any_user());
  Consumers known("[{name: a, basic: {password: \"" + hash +
                  "\"}}, {name: b, basic: [{username: it, password: \"" + hash + "\"}]}]");
  ASSERT_EQ(known.problems(), "");

  EXPECT_EQ(known.table.find_user("a")->secret, hash);
  EXPECT_EQ(known.table.find_user("a")->name, "a");
  EXPECT_EQ(known.table.find_user("it")->consumer->id, "b");
  EXPECT_FALSE(known.table.find_user("b"));
  EXPECT_TRUE(known.table.any_user());
}

TEST(ConsumerTable, FindsACertificateByAName) {
  using Kind = net::CertificateName::Kind;
  Consumers known(
      "[{name: a, certificates: [{spiffe: \"spiffe://x/a\"}, {dns: A.internal}]}, {name: b, certificates: "
      "{cn: a.internal}}]");
  ASSERT_EQ(known.problems(), "");
  auto owner = [&](Kind kind, std::string name) {
    const auto* found = known.table.find_certificate(certificate_key({kind, std::move(name)}));
    return found ? std::string(found->consumer->id) : "nobody";
  };

  EXPECT_EQ(owner(Kind::uri, "spiffe://x/a"), "a");
  EXPECT_EQ(owner(Kind::dns, "a.internal"), "a");
  EXPECT_EQ(owner(Kind::cn, "a.internal"), "b");
  EXPECT_EQ(owner(Kind::email, "a.internal"), "nobody");
}

TEST(ConsumerTable, FindsWhoSignsByTheIdOfTheSecret) {
  const std::string secret = "c2VjcmV0cyBvZiAzMiBieXRlcyBhbmQgbW9yZSBhcmUgZ29vZA==";
  Consumers known("[{name: acme, hmac: [{id: acme-1, secret: \"" + secret + "\", expires: 2027-01-31}]}]");
  ASSERT_EQ(known.problems(), "");
  const Credential* found = known.table.find_hmac("acme-1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->consumer->id, "acme");
  EXPECT_EQ(found->name, "acme-1");
  EXPECT_EQ(found->secret, "secrets of 32 bytes and more are good");
  EXPECT_TRUE(found->expired(config::parse_instant("2027-01-31")->when));
  EXPECT_FALSE(known.table.find_hmac("acme"));

  Consumers twice("[{name: a, hmac: {id: k, secret: \"" + secret +
                  "\"}}, {name: b, hmac: {id: k, secret: \"" + secret + "\"}}]");
  EXPECT_THAT(twice.problems(), HasSubstr("consumer `a` has this id already"));
}

TEST(ConsumerTable, RefusesACredentialOfTwo) {
  std::string key = digest_of("one");
  Consumers shared("\n- {name: a, api_keys: \"" + key + "\"}\n- {name: b, api_keys: \"" + key + "\"}");
  EXPECT_THAT(shared.problems(), HasSubstr("consumer `a` has this key already"));
  EXPECT_THAT(shared.problems(), HasSubstr(":3:"));
  Consumers twice("[{name: a, tokens: [{issuer: i, value: v}, {issuer: i, claim: sub, value: v}]}]");
  EXPECT_THAT(twice.problems(), HasSubstr("this token is listed twice"));
}

TEST(ConsumerTable, MakesAnIdentity) {
  Consumers known("[{name: acme, groups: g, scopes: s, api_keys: \"" + digest_of("one") + "\"}]");

  Identity who = identity_of(*known.table.find_api_key(jose::sha256("one")), "api_key");

  EXPECT_EQ(who.method, "api_key");
  EXPECT_EQ(who.consumer, "acme");
  EXPECT_EQ(who.entry, known.table.find("acme"));
  EXPECT_THAT(who.groups, ElementsAre("g"));
  EXPECT_THAT(who.scopes, ElementsAre("s"));
}

}  // namespace
}  // namespace sluice::chain::consumer_test

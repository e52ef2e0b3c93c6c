// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/jwk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/base64.h"

#include "tests/support/signer.h"

namespace sluice::jose::jwk_test {
namespace {

using test::Signer;
using testing::ElementsAre;
using testing::HasSubstr;

std::string set(std::initializer_list<std::string> keys) {
  std::string out = R"({"keys":[)";
  for (const auto& k : keys) out += (out.back() == '[' ? "" : ",") + k;
  return out + "]}";
}
// Why a set of this key alone is empty.
std::string why_left_out(const std::string& jwk, bool secrets = false) {
  auto keys = parse_jwks(set({jwk}), secrets);
  if (!keys) return keys.error().detail;
  return keys->left_out.empty() ? "" : keys->left_out.front();
}

TEST(Jwks, HoldsTheKeysOfAnIssuer) {
  Signer first("RS256", "a"), second("ES256", "b");

  auto keys = parse_jwks(
      set({first.jwk(R"("use":"sig","alg":"RS256",)"), second.jwk(R"("x5c":["ignored"],)")}), false);

  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->keys().size(), 2u);
  EXPECT_TRUE(keys->left_out.empty());
  EXPECT_EQ(keys->keys()[0].id, "a");
  EXPECT_TRUE(keys->keys()[0].takes(Algorithm::rs256));
  EXPECT_FALSE(keys->keys()[0].takes(Algorithm::rs512));  // it says that it is for RS256
  EXPECT_TRUE(keys->keys()[1].takes(Algorithm::es256));
  EXPECT_TRUE(keys->knows("b"));
  EXPECT_FALSE(keys->knows("c"));
}

TEST(Jwks, MayBeOneKeyAlone) {
  auto keys = parse_jwks(Signer("EdDSA", "solo").jwk(), false);

  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->keys().size(), 1u);
}

TEST(Jwks, LeavesOutWhatMustNotCheckSignaturesAndSaysWhy) {
  Signer good("ES256", "good"), encrypting("RS256", "enc");

  auto keys = parse_jwks(set({encrypting.jwk(R"("use":"enc",)"), good.jwk()}), false);

  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->keys().size(), 1u);
  EXPECT_THAT(keys->left_out, ElementsAre("key `enc` is not for signatures"));
}

TEST(Jwks, LeavesOutEachKindOfUnfitKey) {
  Signer ec("ES256", "k"), secret("HS256", "k");
  EXPECT_THAT(why_left_out(ec.jwk(R"("key_ops":["sign"],)")), HasSubstr("not for checking signatures"));
  EXPECT_EQ(why_left_out(ec.jwk(R"("key_ops":["verify"],)")), "");
  EXPECT_THAT(why_left_out(secret.jwk()), HasSubstr("is a secret (`oct`), and no HS algorithm is named"));
  EXPECT_EQ(why_left_out(secret.jwk(), true), "");
  EXPECT_THAT(why_left_out(R"({"kty":"oct","k":"c2hvcnQ"})", true), HasSubstr("less than 32 bytes"));
  EXPECT_THAT(why_left_out(Signer("RS256", "k", 1024).jwk()), HasSubstr("1024 bits only"));
  EXPECT_THAT(why_left_out(ec.jwk(R"("alg":"RS256",)")), HasSubstr("cannot be for its algorithm, RS256"));
  EXPECT_THAT(why_left_out(ec.jwk(R"("alg":"ES384",)")), HasSubstr("cannot be for its algorithm"));
  EXPECT_THAT(why_left_out(ec.jwk(R"("alg":"none",)")), HasSubstr("not known here"));
  EXPECT_THAT(why_left_out(R"({"kty":"PQ"})"), HasSubstr("key without id is of the kind `PQ`"));
  EXPECT_THAT(why_left_out(R"({"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"})"), HasSubstr("secp256k1"));
  EXPECT_THAT(why_left_out(R"({"kty":"OKP","crv":"X25519","x":"AA"})"), HasSubstr("X25519"));
  EXPECT_THAT(why_left_out(R"({"kty":"OKP","crv":"Ed25519","x":"AA"})"), HasSubstr("cannot be one"));
  EXPECT_THAT(why_left_out(R"({"kty":"RSA","n":"AA==","e":"AQAB"})"), HasSubstr("no `n` in base64url"));
  EXPECT_THAT(why_left_out(R"("text")"), HasSubstr("is no object"));
}

TEST(Jwks, LeavesOutPointsThatAreNotOnTheirCurve) {
  std::string x = base::encode_base64url(std::string(32, '\x01')),
              y = base::encode_base64url(std::string(32, '\x02'));
  EXPECT_THAT(why_left_out(R"({"kty":"EC","crv":"P-256","x":")" + x + R"(","y":")" + y + "\"}"),
              HasSubstr("cannot be one"));
  std::string shorter = base::encode_base64url(std::string(31, '\x01'));
  EXPECT_THAT(why_left_out(R"({"kty":"EC","crv":"P-256","x":")" + shorter + R"(","y":")" + y + "\"}"),
              HasSubstr("wrong size"));
}

TEST(Jwks, LeavesOutRsaKeysWithAbsurdNumbers) {
  std::string modulus = base::encode_base64url('\x81' + std::string(255, '\x01'));
  for (const char* e : {"AQ", "Ag", "AA"})
    EXPECT_NE(why_left_out(R"({"kty":"RSA","n":")" + modulus + R"(","e":")" + e + "\"}"), "") << e;
  std::string huge = base::encode_base64url(std::string(2000, '\xff'));
  EXPECT_THAT(why_left_out(R"({"kty":"RSA","e":"AQAB","n":")" + huge + "\"}"),
              HasSubstr("too large a modulus"));
}

TEST(Jwks, IsAnErrorWhenItIsNone) {
  auto why = [](std::string_view text) { return parse_jwks(text, false).error().detail; };
  EXPECT_THAT(why("<html>"), HasSubstr("is not JSON"));
  EXPECT_THAT(why("{}"), HasSubstr("no `keys`"));
  EXPECT_THAT(why("[]"), HasSubstr("no `keys`"));
  EXPECT_THAT(why(R"({"keys":{}})"), HasSubstr("no list"));
  EXPECT_THAT(why(R"({"keys":[],"keys":[]})"), HasSubstr("second time"));
  EXPECT_THAT(why(std::string(KeySet::kMaxBytes + 1, ' ')), HasSubstr("too large"));
  EXPECT_TRUE(parse_jwks(R"({"keys":[]})", false)->empty());
}

TEST(Jwks, HasABoundOfKeys) {
  std::string many = R"({"keys":[)", key = Signer("EdDSA").jwk();
  for (std::size_t i = 0; i <= KeySet::kMaxKeys; ++i) many += (i ? "," : "") + key;

  auto keys = parse_jwks(many + "]}", false);

  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.error().detail, HasSubstr("too many keys"));
}

}  // namespace
}  // namespace sluice::jose::jwk_test

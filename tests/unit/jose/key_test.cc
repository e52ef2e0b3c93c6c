// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/jose/jwk.h"

#include "tests/support/certificates.h"
#include "tests/support/signer.h"

namespace sluice::jose::key_test {
namespace {

using test::Signer;
using testing::HasSubstr;

constexpr const char* kEach[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
                                 "ES384", "ES512", "EdDSA", "Ed448", "HS256", "HS384", "HS512"};

Key key_of(const Signer& signer) {
  auto keys = parse_jwks(signer.jwks(), true);
  if (!keys || keys->empty()) throw std::runtime_error("no key");
  return keys->keys().front().key;
}

TEST(Key, ChecksEachAlgorithm) {
  for (const char* name : kEach) {
    Signer signer(name);
    Key key = key_of(signer);
    auto a = *algorithm(signer.algorithm());

    EXPECT_TRUE(checks(key, a, "text", signer.sign("text"))) << name;
    EXPECT_FALSE(checks(key, a, "texT", signer.sign("text"))) << name;
    EXPECT_FALSE(checks(key, a, "text", "")) << name;
    EXPECT_FALSE(checks(key, a, "text", std::string(64, '\0'))) << name;
    EXPECT_FALSE(checks(key, a, "text", signer.sign("text") + "x")) << name;
  }
}

TEST(Key, ChecksNoAlgorithmOfAnotherFamilyOrCurve) {
  for (const char* name : kEach) {
    Signer signer(name);
    Key key = key_of(signer);
    std::string family = signer.algorithm().substr(0, 2);
    for (const char* other : kEach) {
      auto a = algorithm(other);
      if (!a) continue;
      std::string its = std::string(other).substr(0, 2);
      bool rsa = (family == "RS" || family == "PS") && (its == "RS" || its == "PS");
      bool same = rsa || (family == "HS" && its == "HS") || other == signer.algorithm();
      EXPECT_EQ(fits(key, *a), same) << name << " for " << other;
      EXPECT_EQ(checks(key, *a, "text", signer.sign("text")), other == signer.algorithm()) << other;
    }
  }
}

// The attack that gave the confusion of keys its name: the public key, which everybody knows, as HMAC secret.
TEST(Key, IsNoSecretWhenItIsPublic) {
  Signer rsa("RS256");
  std::string pem = rsa.pem();
  unsigned char mac[EVP_MAX_MD_SIZE];
  std::size_t size = 0;
  EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, pem.data(), pem.size(),
            reinterpret_cast<const unsigned char*>("text"), 4, mac, sizeof mac, &size);

  auto key = key_of_pem(pem);

  ASSERT_TRUE(key);
  EXPECT_FALSE(checks(*key, Algorithm::hs256, "text", {reinterpret_cast<const char*>(mac), size}));
}

TEST(Key, TakesEcdsaSignaturesOfTheRightSizeOnly) {
  Signer signer("ES256");
  Key key = key_of(signer);
  std::string good = signer.sign("text");

  EXPECT_FALSE(checks(key, Algorithm::es256, "text", good.substr(0, 63)));
  EXPECT_FALSE(checks(key, Algorithm::es256, "text", good.substr(0, 32) + '\0' + good.substr(32)));
  EXPECT_FALSE(checks(key, Algorithm::es256, "text", std::string(64, '\xff')));
}

TEST(Key, OfASecretIsAsLongAsTheHash) {
  HmacKey key(std::string(40, 'k'));

  EXPECT_TRUE(fits(Key(key), Algorithm::hs256));
  EXPECT_FALSE(fits(Key(key), Algorithm::hs384));
  EXPECT_FALSE(key.checks(HmacScheme{Hash::sha512}, "text", std::string(64, 'x')));
}

TEST(KeyOfPem, ReadsPublicKeysAndCertificates) {
  for (const char* name : {"RS256", "ES256", "ES384", "ES512", "EdDSA", "Ed448"}) {
    Signer signer(name);
    auto key = key_of_pem("text around it\n" + signer.pem());
    ASSERT_TRUE(key) << name << key.error().detail;
    EXPECT_TRUE(checks(*key, *algorithm(signer.algorithm()), "text", signer.sign("text")));
  }
  auto of_certificate = key_of_pem(test::Authority().issue().certificate);
  ASSERT_TRUE(of_certificate);
  EXPECT_TRUE(std::holds_alternative<EcKey>(*of_certificate));
}

TEST(KeyOfPem, SaysWhyItRefuses) {
  Signer weak("RS256", "weak", 1024);

  EXPECT_THAT(key_of_pem(weak.pem()).error().detail, HasSubstr("1024 bits only; RSA needs 2048"));
  EXPECT_THAT(key_of_pem(Signer("ES256").private_pem()).error().detail, HasSubstr("is private"));
  EXPECT_THAT(key_of_pem("hello").error().detail, HasSubstr("no PEM of a PUBLIC KEY"));
  EXPECT_THAT(key_of_pem("").error().detail, HasSubstr("no PEM of a PUBLIC KEY"));

  net::KeyPtr other(EVP_EC_gen("secp256k1"));
  EXPECT_THAT(make_key(std::move(other)).error().detail, HasSubstr("of the curve secp256k1"));
  net::KeyPtr agreement(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
  EXPECT_THAT(make_key(std::move(agreement)).error().detail, HasSubstr("no algorithm here"));
}

}  // namespace
}  // namespace sluice::jose::key_test

// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.h"

namespace sluice::net::tls_certificate_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const test::Authority& authority() {
  static const test::Authority a;
  return a;
}

template <class T>
std::string refusal(const base::Result<T>& r) {
  return r ? "" : const_cast<base::Result<T>&>(r).error().detail;
}

TEST(TlsCertificate, ReadsAChainInItsOrder) {
  auto issued = authority().issue({.common_name = "leaf"});
  auto all = parse_certificates("a comment\n" + issued.certificate + authority().certificate());

  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(subject(all->front().get()), "CN = leaf");
}

TEST(TlsCertificate, SaysWhatIsWrongWithAFile) {
  auto issued = authority().issue();
  std::string broken = issued.certificate;
  broken.insert(broken.size() / 2, "!!!");

  EXPECT_THAT(refusal(parse_certificates("")), HasSubstr("is no PEM file"));
  EXPECT_THAT(refusal(parse_certificates("\x30\x82\x01")), HasSubstr("-----BEGIN CERTIFICATE-----"));
  EXPECT_EQ(refusal(parse_certificates(issued.key)), "holds no certificate");
  EXPECT_THAT(refusal(parse_certificates(broken)), HasSubstr("holds a broken certificate"));
  EXPECT_THAT(refusal(parse_key(issued.certificate)), HasSubstr("holds a certificate instead"));
  EXPECT_THAT(refusal(parse_key("nothing")), HasSubstr("is no PEM file"));
  EXPECT_THAT(refusal(parse_key(
                  "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n")),
              HasSubstr("passphrase"));
  EXPECT_THAT(refusal(parse_crls(issued.certificate)), HasSubstr("holds no revocation list"));
}

TEST(TlsCertificate, NeverShowsAKeyThatItCannotRead) {
  auto issued = authority().issue();
  std::string broken = issued.key;
  broken.insert(broken.size() / 2, "!!!");

  auto why = refusal(parse_key(broken));
  EXPECT_THAT(why, HasSubstr("broken private key"));
  EXPECT_THAT(why, Not(HasSubstr(issued.key.substr(30, 20))));
}

TEST(TlsCertificate, KnowsAnothersKey) {
  auto one = authority().issue({.common_name = "one"}), other = authority().issue();
  auto made =
      make_certificate(std::move(*parse_certificates(one.certificate)), std::move(*parse_key(other.key)));

  EXPECT_EQ(refusal(made), "is not the key of the certificate (CN = one)");
}

TEST(TlsCertificate, KnowsWhichKeysAreSlow) {
  EXPECT_FALSE(authority().issue({.kind = "P-256"}).load().slow());
  EXPECT_FALSE(authority().issue({.kind = "ED25519"}).load().slow());
  EXPECT_TRUE(authority().issue({.kind = "P-384"}).load().slow());
  EXPECT_TRUE(authority().issue({.kind = "RSA"}).load().slow());
}

TEST(TlsCertificate, TakesItsNamesFromTheAlternativesOrElseTheSubject) {
  EXPECT_THAT(authority().issue({.names = {"A.example.com", "*.example.com", "10.0.0.1"}}).load().names,
              ElementsAre("a.example.com", "*.example.com"));
  EXPECT_THAT(authority().issue({.names = {}, .common_name = "old.example.com"}).load().names,
              ElementsAre("old.example.com"));
  EXPECT_THAT(authority().issue({.names = {"10.0.0.1"}, .common_name = "x.example.com"}).load().names,
              ElementsAre());
}

TEST(TlsCertificate, TellsWhenItEnds) {
  auto c = authority().issue({.expires_in = 10}).load();
  auto now = std::time(nullptr);

  EXPECT_NEAR(static_cast<double>(c.expires() - now), 10 * 86400.0, 3600);
  EXPECT_LT(c.begins(), now);
}

TEST(TlsCertificate, TakesOcspResponsesAboutItself) {
  auto issued = authority().issue(), other = authority().issue();
  auto c = issued.load();

  EXPECT_TRUE(check_ocsp(authority().vouch(issued), c));
  EXPECT_THAT(refusal(check_ocsp(authority().vouch(other), c)), HasSubstr("another certificate"));
  EXPECT_THAT(refusal(check_ocsp("no DER", c)), HasSubstr("is no OCSP response"));
}

TEST(TlsCertificate, TellsUntilWhenARevocationListIsGood) {
  auto of = [](int days) { return std::move(*parse_crls(authority().revoke({}, days))); };
  auto now = static_cast<double>(std::time(nullptr));
  auto next_week = of(7), past = of(-2);

  EXPECT_NEAR(static_cast<double>(expiry_of(next_week.front().get())), now + 7 * 86400, 60);
  EXPECT_NEAR(static_cast<double>(expiry_of(past.front().get())), now - 2 * 86400, 60);
  EXPECT_EQ(expiry_of(X509CrlPtr(X509_CRL_new()).get()), 0);
  EXPECT_EQ(issuer_of(past.front().get()), "CN = Test Authority");
}

TEST(TlsCertificate, WritesItselfAsAByteSequence) {
  auto c = authority().issue().load();
  auto text = byte_sequence(c.leaf.get());

  ASSERT_GT(text.size(), 100u);
  EXPECT_EQ(text.front(), ':');
  EXPECT_EQ(text.back(), ':');
  EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", 1),
            text.size() - 1);
}

TEST(TlsCertificate, HasNamesOfSeveralKinds) {
  using Kind = CertificateName::Kind;
  auto certificate = test::client_certificate(
      "URI:spiffe://example.org/a,DNS:A.Internal,email:jo@example.org,IP:127.0.0.1", "Jo");

  std::vector<CertificateName> expected{{Kind::uri, "spiffe://example.org/a"},
                                        {Kind::dns, "a.internal"},
                                        {Kind::email, "jo@example.org"},
                                        {Kind::cn, "Jo"}};
  EXPECT_EQ(names_in(certificate.get()), expected);
  EXPECT_EQ(names_in(from_byte_sequence(byte_sequence(certificate.get())).get()), expected);
}

TEST(TlsCertificate, IsNotReadFromAnythingElse) {
  for (const char* text : {"", ":", "::", ":x:", "MIIB", ":MIIB:", ":AAAA:"})
    EXPECT_FALSE(from_byte_sequence(text)) << text;
}

}  // namespace
}  // namespace sluice::net::tls_certificate_test

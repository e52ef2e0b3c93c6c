// SPDX-License-Identifier: Apache-2.0
// What the authority issues, as OpenSSL itself sees it.
#include "tests/support/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ocsp.h>

#include <openssl/x509_vfy.h>

namespace sluice::test::certificates_test {
namespace {

// X509_V_OK, or what is wrong with the certificate in the eyes of who believes in `authority`; with a
// revocation list, if there is one.
int verdict(const Authority& authority, const Issued& issued, const std::string& crl = {}) {
  net::X509Ptr root = std::move(authority.load().front());
  auto leaf = issued.load();
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, root.get());
  if (!crl.empty()) {
    auto lists = net::parse_crls(crl);
    for (const auto& list : *lists) X509_STORE_add_crl(store, list.get());
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
  }
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, leaf.leaf.get(), nullptr);
  X509_verify_cert(context);
  int error = X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return error;
}

TEST(Authority, IssuesWhatItsOwnCertificateProves) {
  Authority authority, stranger("Stranger");
  auto issued = authority.issue({.names = {"a.test", "*.b.test"}, .common_name = "users"});

  EXPECT_EQ(verdict(authority, issued), X509_V_OK);
  EXPECT_NE(verdict(stranger, issued), X509_V_OK);
  auto loaded = issued.load();
  EXPECT_THAT(loaded.names, ::testing::UnorderedElementsAre("a.test", "*.b.test"));
  EXPECT_EQ(net::subject(loaded.leaf.get()), "CN = users");
  EXPECT_EQ(X509_check_private_key(loaded.leaf.get(), loaded.key.get()), 1);
}

TEST(Authority, IssuesWhatHasExpired) {
  Authority authority;

  EXPECT_EQ(verdict(authority, authority.issue({.expires_in = -1})), X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST(Authority, IssuesKeysOfTheKindThatIsWanted) {
  Authority authority;

  EXPECT_EQ(EVP_PKEY_get_base_id(authority.issue({.kind = "RSA"}).load().key.get()), EVP_PKEY_RSA);
  EXPECT_EQ(EVP_PKEY_get_base_id(authority.issue().load().key.get()), EVP_PKEY_EC);
}

TEST(Authority, RevokesThoseThatItListsAlone) {
  Authority authority;
  auto kept = authority.issue(), lost = authority.issue();
  auto crl = authority.revoke({lost});

  EXPECT_EQ(verdict(authority, kept, crl), X509_V_OK);
  EXPECT_EQ(verdict(authority, lost, crl), X509_V_ERR_CERT_REVOKED);
}

TEST(Authority, WritesIntoACertificateWhereItsStateIsToldAndThatItMustBe) {
  Authority authority;
  auto told = authority.issue({.responder = "http://127.0.0.1:1/ocsp", .must_staple = true}).load();
  auto plain = authority.issue().load();

  EXPECT_EQ(verdict(authority, authority.issue({.responder = "http://127.0.0.1:1/"})), X509_V_OK);
  auto* urls = X509_get1_ocsp(told.leaf.get());
  ASSERT_EQ(sk_OPENSSL_STRING_num(urls), 1);
  EXPECT_STREQ(sk_OPENSSL_STRING_value(urls, 0), "http://127.0.0.1:1/ocsp");
  X509_email_free(urls);
  EXPECT_GE(X509_get_ext_by_NID(told.leaf.get(), NID_tlsfeature, -1), 0);
  EXPECT_LT(X509_get_ext_by_NID(plain.leaf.get(), NID_tlsfeature, -1), 0);
}

TEST(Authority, VouchesForWhatItHasIssued) {
  Authority authority;
  auto issued = authority.issue();
  auto der = authority.vouch(issued, {.revoked = true});
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  OCSP_RESPONSE* response = d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size()));
  ASSERT_NE(response, nullptr);
  OCSP_BASICRESP* basic = OCSP_response_get1_basic(response);
  auto leaf = issued.load();
  auto root = authority.load();
  OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), leaf.leaf.get(), root.front().get());
  int status = -1;

  EXPECT_EQ(OCSP_resp_find_status(basic, id, &status, nullptr, nullptr, nullptr, nullptr), 1);

  EXPECT_EQ(status, V_OCSP_CERTSTATUS_REVOKED);
  OCSP_CERTID_free(id);
  OCSP_BASICRESP_free(basic);
  OCSP_RESPONSE_free(response);
}

}  // namespace
}  // namespace sluice::test::certificates_test

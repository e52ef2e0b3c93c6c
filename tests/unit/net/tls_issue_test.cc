// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_issue.h"

#include <gtest/gtest.h>

#include <ctime>

#include <openssl/x509v3.h>

namespace sluice::net::tls_issue_test {
namespace {

struct Made {
  KeyPtr key = make_key("P-256");
  X509Ptr certificate;
};

Made authority() {
  Made ca;
  auto now = std::time(nullptr);
  ca.certificate = issue({"Local CA", {}, true, false, now, now + 3600}, ca.key.get(), nullptr, nullptr);
  return ca;
}

TEST(TlsIssue, MakesCertificatesThatTheirAuthorityVerifies) {
  auto ca = authority();
  auto key = make_key("ED25519");
  auto now = std::time(nullptr);
  auto leaf = issue({"x", {"a.example.com", "::1"}, false, false, now, now + 3600}, key.get(),
                    ca.certificate.get(), ca.key.get());
  ASSERT_TRUE(leaf);

  EXPECT_EQ(X509_verify(leaf.get(), ca.key.get()), 1);
  EXPECT_EQ(X509_check_host(leaf.get(), "a.example.com", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_host(leaf.get(), "b.example.com", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ca(leaf.get()), 0);
  EXPECT_EQ(X509_check_ca(ca.certificate.get()), 1);
}

TEST(TlsIssue, TakesACommaInANameForPartOfIt) {
  auto ca = authority();
  auto leaf = issue({"x", {"a,DNS:b.example.com"}, false, false, 0, 1}, ca.key.get(), ca.certificate.get(),
                    ca.key.get());

  ASSERT_TRUE(leaf);
  EXPECT_EQ(X509_check_host(leaf.get(), "b.example.com", 0, 0, nullptr), 0);
}

TEST(TlsIssue, KnowsTheKindsOfKeys) {
  EXPECT_TRUE(make_key("P-384"));
  EXPECT_TRUE(make_key("RSA"));
  EXPECT_FALSE(make_key("P-257"));
}

TEST(TlsIssue, WritesPem) {
  auto ca = authority();
  EXPECT_TRUE(to_pem(ca.certificate.get()).starts_with("-----BEGIN CERTIFICATE-----\n"));
  EXPECT_TRUE(to_pem(ca.key.get()).starts_with("-----BEGIN PRIVATE KEY-----\n"));
}

}  // namespace
}  // namespace sluice::net::tls_issue_test

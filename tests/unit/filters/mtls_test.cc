// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.h"
#include "tests/support/chained.h"
#include "tests/support/consumers.h"

namespace sluice::filters::mtls_test {
namespace {

using test::Chained;
using test::FakeExchange;

struct Request : FakeExchange {
  Request() {
    static const test::Consumers known(
        "[{name: cart, groups: shop, certificates: [{spiffe: \"spiffe://example.org/cart\"}, {cn: old-cart, "
        "expires: 2020-01-01}]},"
        " {name: batch, certificates: [{dns: batch.internal}, {email: batch@example.org}, {cn: batch}]}]");
    EXPECT_EQ(known.problems(), "");
    ex.consumers = &known.table;
  }
  // A certificate with these alternative names, as OpenSSL writes them, and this common name.
  Request& with(const std::string& alternative, const std::string& common_name) {
    tls.client = test::shown_certificate(alternative, common_name, verified);
    stream.connected_by(tls);
    return *this;
  }
  std::string ask(std::string_view yaml = "mtls: {}") {
    Chained mtls(yaml);
    EXPECT_EQ(mtls.problems, "");
    int status = mtls.ask(*this);
    if (status == 204)
      return std::string(ex.identity.consumer) + " as " + std::string(ex.identity.credential);
    return std::to_string(status) + " " + std::string(ex.detail);
  }
  net::TlsFacts tls;
  bool verified = true;
};

TEST(MtlsFilter, TellsTheConsumerByANameInItsCertificate) {
  Request r;
  EXPECT_EQ(r.with("URI:spiffe://example.org/cart", "x").ask(), "cart as spiffe://example.org/cart");
  EXPECT_EQ(r.ex.identity.method, "mtls");
  EXPECT_THAT(r.ex.identity.groups, testing::ElementsAre("shop"));
  EXPECT_EQ(Request().with("DNS:other,DNS:BATCH.internal", "x").ask(), "batch as batch.internal");
  EXPECT_EQ(Request().with("email:batch@example.org", "x").ask(), "batch as batch@example.org");
  EXPECT_EQ(Request().with("", "batch").ask(), "batch as batch");
}

TEST(MtlsFilter, TellsKindsOfNamesApart) {
  const std::string nobody = "401 nobody has this certificate";
  EXPECT_EQ(Request().with("", "batch.internal").ask(), nobody);
  EXPECT_EQ(Request().with("DNS:spiffe://example.org/cart", "x").ask(), nobody);
  EXPECT_EQ(Request().with("IP:127.0.0.1", "x").ask(), nobody);
}

TEST(MtlsFilter, AsksForACertificate) {
  EXPECT_EQ(Request().ask(), "401 a TLS certificate is needed");
  Request tls;
  tls.stream.connected_by(tls.tls);
  EXPECT_EQ(tls.ask(), "401 a TLS certificate is needed");
}

TEST(MtlsFilter, KnowsNoCertificateThatTheListenerTookUnseen) {
  Request r;
  r.verified = false;
  r.with("DNS:batch.internal", "x");
  EXPECT_EQ(r.ask(), "401 the listener verifies no certificates");
  EXPECT_EQ(r.ask("mtls: {unlisted: true}"), "401 the listener verifies no certificates");
}

TEST(MtlsFilter, RefusesTheCertificateOfTwo) {
  EXPECT_EQ(Request().with("URI:spiffe://example.org/cart", "batch").ask(),
            "403 the certificate is one of two callers");
  EXPECT_EQ(Request().with("DNS:batch.internal", "batch").ask(), "batch as batch.internal");
}

TEST(MtlsFilter, RefusesNamesThatHaveExpired) {
  EXPECT_EQ(Request().with("", "old-cart").ask(), "401 the certificate is not the caller's any more");
}

TEST(MtlsFilter, MayLetUnlistedCallersPass) {
  EXPECT_EQ(Request().with("URI:spiffe://example.org/new", "x").ask("mtls: {unlisted: true}"),
            " as spiffe://example.org/new");
  EXPECT_EQ(Request().with("", "just-a-name").ask("mtls: {unlisted: true}"), " as just-a-name");
  EXPECT_EQ(Request().ask("mtls: {unlisted: true}"), "401 a TLS certificate is needed");
}

}  // namespace
}  // namespace sluice::filters::mtls_test

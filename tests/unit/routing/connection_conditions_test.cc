// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/connection_conditions.h"

#include <gtest/gtest.h>

#include "gateway/http/stream.h"

#include "tests/support/certificates.h"
#include "tests/unit/routing/request.h"

namespace sluice::routing::connection_conditions_test {
namespace {

// A connection, and what a request on it meets.
struct Connection {
  explicit Connection(std::string_view ip = "192.0.2.7", std::string name = "public",
                      std::string scheme = "http") {
    listener.name = std::move(name);
    listener.scheme = std::move(scheme);
    facts.listener = &listener;
    facts.peer = *net::Address::parse(ip, 4711);
  }
  Connection& asks_for(std::string_view sni) {
    tls.sni = sni;
    facts.tls = &tls;
    return *this;
  }
  // Shows a certificate with these alternative names, as OpenSSL writes them, and this common name.
  Connection& shows(const std::string& alternative, const std::string& common_name, bool verified = true) {
    tls.client = test::shown_certificate(alternative, common_name, verified);
    facts.tls = &tls;
    return *this;
  }
  bool meets(const std::shared_ptr<const Condition>& condition) const {
    return condition->fits({request.head(), &facts});
  }
  Request request{"/"};
  http::ListenerFacts listener;
  net::TlsFacts tls;
  http::ConnectionFacts facts;
};

std::vector<net::Cidr> networks(std::vector<std::string_view> texts) {
  std::vector<net::Cidr> out;
  for (auto text : texts) out.push_back(*net::Cidr::parse(text));
  return out;
}
std::shared_ptr<const Condition> client(std::vector<std::string_view> in,
                                        std::vector<std::string_view> not_in = {}) {
  return client_ip_condition(networks(std::move(in)), networks(std::move(not_in)));
}
std::shared_ptr<const Condition> sni(std::vector<std::string_view> names) {
  std::vector<HostPattern> patterns;
  for (auto name : names) patterns.push_back(host(name));
  return sni_condition(std::move(patterns));
}

TEST(ConnectionConditions, HoldNowhereWithoutAConnection) {
  Request request("/");
  EXPECT_FALSE(client({}, {"10.0.0.0/8"})->fits(request.head()));
  EXPECT_FALSE(listener_condition({"public"})->fits(request.head()));
  EXPECT_FALSE(sni({"*"})->fits(request.head()));
  EXPECT_EQ(client({"10.0.0.0/8"})->kind(), Condition::Kind::other);
}

TEST(ClientIp, IsInOneOfTheNetworksAndInNoneOfTheOthers) {
  EXPECT_TRUE(Connection("10.1.2.3").meets(client({"192.0.2.0/24", "10.0.0.0/8"})));
  EXPECT_FALSE(Connection("11.1.2.3").meets(client({"192.0.2.0/24", "10.0.0.0/8"})));
  EXPECT_FALSE(Connection("10.1.2.3").meets(client({"10.0.0.0/8"}, {"10.1.0.0/16"})));
  EXPECT_TRUE(Connection("10.2.2.3").meets(client({"10.0.0.0/8"}, {"10.1.0.0/16"})));
  EXPECT_TRUE(Connection("2001:db8::1").meets(client({}, {"10.1.0.0/16"})));
}

TEST(ClientIp, ExcludesNetworksThatHaveNothingInCommon) {
  auto office = client({"10.0.0.0/8", "2001:db8::/32"});
  EXPECT_TRUE(office->excludes(*client({"192.0.2.0/24", "2001:db9::/32"})));
  EXPECT_FALSE(office->excludes(*client({"192.0.2.0/24", "10.1.0.0/16"})));
  EXPECT_FALSE(client({"10.1.0.0/16"})->excludes(*office));
  EXPECT_TRUE(office->excludes(*client({}, {"10.0.0.0/8", "2001:db8::/32"})));
  EXPECT_FALSE(office->excludes(*client({}, {"10.0.0.0/8"})));
  EXPECT_TRUE(client({"10.0.0.0/8"}, {"10.1.0.0/16"})->excludes(*client({"10.1.2.0/24"})));
  EXPECT_FALSE(client({"10.0.0.0/8"}, {"10.1.2.0/24"})->excludes(*client({"10.1.0.0/16"})));
  EXPECT_FALSE(client({}, {"10.0.0.0/8"})->excludes(*client({}, {"192.0.2.0/24"})));
  EXPECT_TRUE(client({"unix"})->excludes(*office));
  EXPECT_FALSE(office->excludes(*listener_condition({"public"})));
}

TEST(ListenerCondition, KnowsTheListenerByItsName) {
  EXPECT_TRUE(Connection().meets(listener_condition({"internal", "public"})));
  EXPECT_FALSE(Connection().meets(listener_condition({"internal"})));
  EXPECT_TRUE(listener_condition({"a", "b"})->excludes(*listener_condition({"c"})));
  EXPECT_FALSE(listener_condition({"a", "b"})->excludes(*listener_condition({"b"})));
}

TEST(SchemeCondition, KnowsTheListenersScheme) {
  EXPECT_TRUE(Connection("::1", "l", "https").meets(scheme_condition("https")));
  EXPECT_FALSE(Connection("::1", "l", "http").meets(scheme_condition("https")));
  EXPECT_TRUE(scheme_condition("http")->excludes(*scheme_condition("https")));
  EXPECT_FALSE(scheme_condition("http")->excludes(*listener_condition({"https"})));
}

TEST(SniCondition, KnowsTheNameThatWasAskedFor) {
  EXPECT_TRUE(Connection().asks_for("API.example.com").meets(sni({"api.example.com"})));
  EXPECT_FALSE(Connection().asks_for("www.example.com").meets(sni({"api.example.com"})));
  EXPECT_TRUE(Connection().asks_for("a.b.example.com").meets(sni({"*.example.com"})));
  EXPECT_FALSE(Connection().asks_for("example.com").meets(sni({"*.example.com"})));
  EXPECT_FALSE(Connection().asks_for("aexample.com").meets(sni({"*.example.com"})));
  EXPECT_FALSE(Connection().asks_for("").meets(sni({"*"})));
  EXPECT_FALSE(Connection().meets(sni({"*"})));
}

TEST(SniCondition, ExcludesNamesThatDoNotOverlap) {
  EXPECT_TRUE(sni({"a.com"})->excludes(*sni({"b.com", "*.a.com"})));
  EXPECT_FALSE(sni({"x.a.com"})->excludes(*sni({"*.a.com"})));
  EXPECT_FALSE(sni({"*.com"})->excludes(*sni({"*.a.com"})));
  EXPECT_FALSE(sni({"a.com"})->excludes(*sni({"a.com"})));
  EXPECT_FALSE(sni({"*"})->excludes(*sni({"a.com"})));
}

TEST(ClientCertificate, KnowsTheNamesInAVerifiedOne) {
  using Kind = net::CertificateName::Kind;
  auto named = [](Kind kind, std::string text) {
    return client_certificate_condition({{kind, std::move(text)}});
  };
  Connection batch, unverified;
  batch.shows("DNS:Batch.internal,URI:spiffe://example.org/batch", "x");
  unverified.shows("DNS:batch.internal", "x", false);

  EXPECT_TRUE(batch.meets(named(Kind::dns, "batch.internal")));
  EXPECT_TRUE(batch.meets(named(Kind::cn, "x")));
  EXPECT_FALSE(batch.meets(named(Kind::cn, "batch.internal")));
  EXPECT_TRUE(batch.meets(named(Kind::uri, "spiffe://example.org/*")));
  EXPECT_FALSE(batch.meets(named(Kind::uri, "spiffe://example.org/b")));
  EXPECT_FALSE(batch.meets(named(Kind::dns, "*")));
  EXPECT_FALSE(unverified.meets(named(Kind::dns, "batch.internal")));
  EXPECT_FALSE(Connection().meets(named(Kind::dns, "batch.internal")));
  EXPECT_FALSE(Connection().asks_for("a").meets(named(Kind::dns, "batch.internal")));
}

TEST(ClientCertificate, ExcludesNothingAsOneMayHaveManyNames) {
  using Kind = net::CertificateName::Kind;
  auto a = client_certificate_condition({{Kind::cn, "a"}}),
       b = client_certificate_condition({{Kind::cn, "b"}});
  EXPECT_FALSE(a->excludes(*b));
}

TEST(ConnectionConditions, AreShownInWords) {
  using Kind = net::CertificateName::Kind;
  EXPECT_EQ(client({"10.0.0.0/8"}, {"10.1.0.0/16", "10.2.0.0/16"})->text(),
            "client_ip in 10.0.0.0/8 not in one of 10.1.0.0/16, 10.2.0.0/16");
  EXPECT_EQ(listener_condition({"a", "b"})->text(), "listener one of a, b");
  EXPECT_EQ(scheme_condition("https")->text(), "scheme https");
  EXPECT_EQ(sni({"*.a.com"})->text(), "sni *.a.com");
  EXPECT_EQ(client_certificate_condition({{Kind::dns, "a"}, {Kind::cn, "b"}})->text(),
            "client_certificate one of dns a, cn b");
}

}  // namespace
}  // namespace sluice::routing::connection_conditions_test

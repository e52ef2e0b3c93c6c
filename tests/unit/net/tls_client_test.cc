// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_client.h"

#include "tests/unit/net/tls_pair.h"

namespace sluice::net::tls_client_test {
namespace {

using testing::HasSubstr;

class TlsClientTest : public TlsPair {
 protected:
  // "" if the target was believed.
  std::string doubts(const test::Wanted& wanted, const std::string& host, TlsClientOptions options = {}) {
    shake(server_of({wanted}), client(std::move(options)), host);
    return far_ ? "" : far_failure_.why;
  }
};

TEST_F(TlsClientTest, BelievesACertificateOfTheHost) {
  EXPECT_EQ(doubts({.names = {"a.example.com"}}, "a.example.com"), "");
  EXPECT_EQ(doubts({.names = {"*.example.com"}}, "b.example.com"), "");
  EXPECT_EQ(doubts({.names = {"127.0.0.1"}}, "127.0.0.1"), "");
  EXPECT_EQ(doubts({.names = {"::1"}}, "::1"), "");
}

TEST_F(TlsClientTest, SaysWhyItDoesNotBelieve) {
  EXPECT_THAT(doubts({.names = {"a.example.com"}}, "b.example.com"), HasSubstr("hostname mismatch"));
  EXPECT_THAT(doubts({.names = {"a.example.com"}}, "127.0.0.1"), HasSubstr("IP address mismatch"));
  EXPECT_THAT(doubts({.expires_in = -2}, "localhost"), HasSubstr("certificate has expired"));
  TlsClientOptions other;
  other.ca = test::Authority("Another").load();
  EXPECT_THAT(doubts({}, "localhost", std::move(other)), HasSubstr("unable to get local issuer certificate"));
}

TEST_F(TlsClientTest, BelievesAnythingWithoutVerification) {
  TlsClientOptions options;
  options.verify = false;
  options.ca = test::Authority("Another").load();
  EXPECT_EQ(doubts({.names = {"a.example.com"}, .expires_in = -2}, "localhost", std::move(options)), "");
}

TEST_F(TlsClientTest, AsksForOneOfTheNamesThatItWasGiven) {
  TlsClientOptions options;
  options.names = {"spare.example.com", "service.internal"};
  EXPECT_EQ(doubts({.names = {"service.internal"}}, "10.0.0.1", std::move(options)), "");

  TlsClientOptions strict;
  strict.names = {"service.internal"};
  EXPECT_THAT(doubts({.names = {"localhost"}}, "localhost", std::move(strict)),
              HasSubstr("hostname mismatch"));
}

TEST_F(TlsClientTest, TakesAnAddressOrAUriForANameToo) {
  auto options = [] {
    TlsClientOptions o;
    o.names = {"service.internal", "10.0.0.1", "spiffe://example.com/orders"};
    return o;
  };
  EXPECT_EQ(doubts({.names = {"service.internal"}}, "localhost", options()), "");
  EXPECT_EQ(doubts({.names = {"10.0.0.1"}}, "localhost", options()), "");
  EXPECT_EQ(doubts({.uri = "spiffe://example.com/orders"}, "localhost", options()), "");
  for (const char* other :
       {"spiffe://example.com/orders/2", "spiffe://example.com/order", "spiffe://EXAMPLE.com/orders"})
    EXPECT_THAT(doubts({.uri = other}, "localhost", options()), HasSubstr("hostname mismatch")) << other;
  EXPECT_THAT(doubts({.names = {"10.0.0.2"}}, "localhost", options()), HasSubstr("hostname mismatch"));
}

TEST_F(TlsClientTest, NamesAnotherHostIfToldTo) {
  TlsClientOptions options;
  options.sni = "a.example.com";
  EXPECT_EQ(doubts({.names = {"a.example.com"}}, "127.0.0.1", std::move(options)), "");
  EXPECT_EQ(near_->facts().sni, "a.example.com");
}

TEST_F(TlsClientTest, NamesNoAddresses) {
  EXPECT_EQ(doubts({.names = {"127.0.0.1"}}, "127.0.0.1"), "");
  EXPECT_EQ(near_->facts().sni, "");
}

TEST_F(TlsClientTest, RemembersSessionsByWhoeverAskedForThem) {
  TlsServerOptions options;
  options.tickets = std::make_shared<TicketKeys>();
  auto s = server(std::move(options));
  auto c = client();
  auto ours = std::make_shared<TlsSessions>(), others = std::make_shared<TlsSessions>();
  shake(s, c, "localhost", ours);
  write(*near_, "x");
  text(*far_, 1);
  ASSERT_NE(ours->last(), nullptr);

  shake(s, c, "localhost", others);
  EXPECT_FALSE(far_->facts().resumed);
  shake(s, c, "localhost", ours);
  EXPECT_TRUE(far_->facts().resumed);
}

}  // namespace
}  // namespace sluice::net::tls_client_test

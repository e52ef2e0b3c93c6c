// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_server.h"

#include "gateway/net/ocsp.h"

#include "tests/unit/net/tls_pair.h"

namespace sluice::net::tls_server_test {
namespace {

using testing::HasSubstr;
using Kind = TlsFailure::Kind;

class TlsServerTest : public TlsPair {
 protected:
  // Who answers for a host, by common name.
  std::string who(const Server& s, const std::string& host, TlsClientOptions options = {}) {
    options.verify = false;
    shake(s, client(std::move(options)), host);
    if (!far_) return "nobody: " + far_failure_.why;
    return subject(SSL_get0_peer_certificate(far_->ssl()));
  }
  static TlsServerOptions strict() {
    TlsServerOptions o;
    o.strict_sni = true;
    return o;
  }
};

TEST_F(TlsServerTest, ChoosesByNameAndAnExactOneBeatsAWildcard) {
  auto s = server_of({{.names = {"first.example.com"}, .common_name = "first"},
                      {.names = {"*.example.com"}, .common_name = "wild"},
                      {.names = {"api.example.com", "example.org"}, .common_name = "api"}});

  EXPECT_EQ(who(s, "api.example.com"), "CN = api");
  EXPECT_EQ(who(s, "API.Example.COM"), "CN = api");
  EXPECT_EQ(who(s, "example.org"), "CN = api");
  EXPECT_EQ(who(s, "other.example.com"), "CN = wild");
  EXPECT_EQ(who(s, "a.b.example.com"), "CN = first");  // a wildcard stands for one label
  EXPECT_EQ(who(s, "example.com"), "CN = first");
  EXPECT_EQ(who(s, "127.0.0.1"), "CN = first");  // names no host
}

TEST_F(TlsServerTest, RefusesUnknownNamesWhenStrict) {
  auto s = server_of({{.names = {"a.example.com"}, .common_name = "a"}}, strict());

  EXPECT_EQ(who(s, "a.example.com"), "CN = a");
  EXPECT_THAT(who(s, "b.example.com"), HasSubstr("unrecognized name"));
  EXPECT_EQ(near_failure_.kind, Kind::refused);
  EXPECT_THAT(near_failure_.why, HasSubstr("no certificate"));
  EXPECT_THAT(who(s, "127.0.0.1"), HasSubstr("unrecognized name"));
}

TEST_F(TlsServerTest, ChoosesTheKindOfKeyThatTheClientKnows) {
  auto s = server_of({{.kind = "RSA", .common_name = "rsa"}, {.kind = "P-256", .common_name = "ecdsa"}});
  EXPECT_EQ(who(s, "localhost"), "CN = ecdsa");
  EXPECT_FALSE(near_->may_be_slow());

  int fds[2];
  pair(fds);
  auto c = client();
  SslPtr ssl = c->connect("localhost", nullptr);
  SSL_set1_sigalgs_list(ssl.get(), "RSA-PSS+SHA256:RSA+SHA256");
  base::Scope scope;
  Shaking serving(&scope), asking(&scope);
  start(serving, fds[0], s->accept(), s);
  start(asking, fds[1], std::move(ssl), c);
  ASSERT_TRUE(until([&] { return !serving.running() && !asking.running(); }));
  auto asked = asking.join().await_resume();
  ASSERT_TRUE(asked.transport) << asked.failure.why;
  EXPECT_EQ(subject(SSL_get0_peer_certificate(asked.transport->ssl())), "CN = rsa");
}

TEST_F(TlsServerTest, SpeaksTls12WithAeadSuitesAlone) {
  auto s = server();
  auto with = [&](const char* suites) {
    int fds[2];
    pair(fds);
    auto c = client();
    SslPtr ssl = c->connect("localhost", nullptr);
    SSL_set_max_proto_version(ssl.get(), TLS1_2_VERSION);
    SSL_set_cipher_list(ssl.get(), suites);
    base::Scope scope;
    Shaking serving(&scope), asking(&scope);
    start(serving, fds[0], s->accept(), s);
    start(asking, fds[1], std::move(ssl), c);
    until([&] { return !serving.running() && !asking.running(); });
    auto served = serving.join().await_resume();
    return served.transport ? std::string(served.transport->facts().cipher) : served.failure.why;
  };

  EXPECT_EQ(with("ALL"), "ECDHE-ECDSA-AES128-GCM-SHA256");
  EXPECT_EQ(with("ECDHE-ECDSA-AES256-GCM-SHA384"), "ECDHE-ECDSA-AES256-GCM-SHA384");
  EXPECT_EQ(with("ECDHE-ECDSA-AES256-SHA384"), "no shared cipher");
  EXPECT_EQ(with("AES128-GCM-SHA256"), "no shared cipher");
}

TEST_F(TlsServerTest, InsistsOnTheVersionThatWasAskedFor) {
  TlsServerOptions options;
  options.min_version = TlsVersion::tls_1_3;
  auto s = server(std::move(options));
  int fds[2];
  pair(fds);
  auto c = client();
  SslPtr ssl = c->connect("localhost", nullptr);
  SSL_set_max_proto_version(ssl.get(), TLS1_2_VERSION);
  base::Scope scope;
  Shaking serving(&scope), asking(&scope);
  start(serving, fds[0], s->accept(), s);
  start(asking, fds[1], std::move(ssl), c);
  ASSERT_TRUE(until([&] { return !serving.running() && !asking.running(); }));

  EXPECT_EQ(serving.join().await_resume().failure.why, "unsupported protocol");
}

TEST_F(TlsServerTest, ChoosesTheProtocolThatItLikesBest) {
  TlsServerOptions options;
  options.alpn = {Alpn::h2, Alpn::http_1_1};
  auto both = server(std::move(options));
  TlsClientOptions asks;
  asks.alpn = {Alpn::http_1_1, Alpn::h2};
  shake(both, client(std::move(asks)));
  ASSERT_TRUE(near_);
  EXPECT_EQ(near_->facts().alpn, Alpn::h2);

  shake(both, client());
  ASSERT_TRUE(near_);
  EXPECT_EQ(near_->facts().alpn, Alpn::http_1_1);
}

TEST_F(TlsServerTest, RefusesClientsThatMeanAnotherProtocol) {
  TlsClientOptions asks;
  asks.alpn = {Alpn::h2};
  shake(server(), client(std::move(asks)));

  EXPECT_FALSE(near_);
  EXPECT_THAT(near_failure_.why, HasSubstr("none of our protocols"));
  EXPECT_THAT(far_failure_.why, HasSubstr("no application protocol"));
}

TEST_F(TlsServerTest, ResumesWithATicketAlsoAfterTheKeysWereRotatedOnce) {
  auto tickets = std::make_shared<TicketKeys>();
  TlsServerOptions options;
  options.tickets = tickets;
  auto s = server(std::move(options));
  auto c = client();
  auto sessions = std::make_shared<TlsSessions>();
  auto resumed = [&] {
    shake(s, c, "localhost", sessions);
    // The ticket comes behind the handshake.
    write(*near_, "x");
    text(*far_, 1);
    return near_->facts().resumed;
  };

  EXPECT_FALSE(resumed());
  EXPECT_TRUE(resumed());
  tickets->rotate();
  EXPECT_TRUE(resumed());
  EXPECT_TRUE(resumed());
  tickets->rotate();
  tickets->rotate();
  EXPECT_FALSE(resumed());
}

// However often a client comes back, and gets a new ticket each time.
TEST_F(TlsServerTest, ResumesNoLongerThanAnHourAfterTheFirstHandshake) {
  static std::time_t passed;
  passed = 0;
  TlsServerOptions options;
  options.tickets = std::make_shared<TicketKeys>();
  options.now = [] { return std::time(nullptr) + passed; };
  auto s = server(std::move(options));
  auto sessions = std::make_shared<TlsSessions>();
  auto resumed_after = [&](std::time_t minutes) {
    passed = 60 * minutes;
    shake(s, client(), "localhost", sessions);
    write(*near_, "x");
    text(*far_, 1);
    return near_->facts().resumed;
  };

  EXPECT_FALSE(resumed_after(0));
  EXPECT_TRUE(resumed_after(40));
  EXPECT_FALSE(resumed_after(80));  // the first handshake of a new series
  EXPECT_TRUE(resumed_after(120));
}

TEST_F(TlsServerTest, GivesNoTicketsWithoutKeys) {
  auto s = server();
  auto c = client();
  auto sessions = std::make_shared<TlsSessions>();
  for (int i = 0; i < 2; ++i) {
    shake(s, c, "localhost", sessions);
    write(*near_, "x");
    text(*far_, 1);
    EXPECT_FALSE(near_->facts().resumed);
  }
  EXPECT_EQ(sessions->last(), nullptr);
}

TEST_F(TlsServerTest, TakesNoTicketsOfAnotherListener) {
  auto tickets = std::make_shared<TicketKeys>();
  auto named = [&](std::string name) {
    TlsServerOptions options;
    options.tickets = tickets;
    options.name = std::move(name);
    return server(std::move(options));
  };
  auto sessions = std::make_shared<TlsSessions>();
  auto c = client();
  shake(named("public"), c, "localhost", sessions);
  write(*near_, "x");
  text(*far_, 1);
  ASSERT_NE(sessions->last(), nullptr);

  shake(named("internal"), c, "localhost", sessions);
  EXPECT_FALSE(near_ && near_->facts().resumed);
}

class TlsStaplingTest : public TlsServerTest {
 protected:
  // What a client that asks for one gets stapled.
  std::string stapled(Certificate certificate) {
    std::vector<Certificate> certificates;
    certificates.push_back(std::move(certificate));
    auto s = *TlsServer::make({}, std::move(certificates));
    int fds[2];
    pair(fds);
    auto c = client();
    SslPtr ssl = c->connect("localhost", nullptr);
    SSL_set_tlsext_status_type(ssl.get(), TLSEXT_STATUSTYPE_ocsp);
    base::Scope scope;
    Shaking serving(&scope), asking(&scope);
    start(serving, fds[0], s->accept(), s);
    start(asking, fds[1], std::move(ssl), c);
    if (!until([&] { return !serving.running() && !asking.running(); })) return "no handshake";
    auto asked = asking.join().await_resume();
    if (!asked.transport) return "refused";
    const unsigned char* der = nullptr;
    long size = SSL_get_tlsext_status_ocsp_resp(asked.transport->ssl(), &der);
    return size > 0 ? std::string(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)) : "";
  }

  test::Issued issued_ = authority_.issue();
  std::string response_ = authority_.vouch(issued_);
};

TEST_F(TlsStaplingTest, SendsTheResponseOfItsCertificate) {
  auto certificate = issued_.load();
  certificate.ocsp = response_;

  EXPECT_EQ(stapled(std::move(certificate)), response_);
}

TEST_F(TlsStaplingTest, SendsTheOneThatWasFetchedUntilItExpires) {
  auto fetched = [&](std::time_t expires) {
    auto certificate = issued_.load();
    auto staple = std::make_shared<Staple>("a.pem", certificate.leaf.get(), authority_.load().front().get(),
                                           OcspResponder{});
    if (expires) staple->put({response_, expires});
    certificate.staple = std::move(staple);
    return stapled(std::move(certificate));
  };

  EXPECT_EQ(fetched(0), "");
  EXPECT_EQ(fetched(std::time(nullptr) + 3600), response_);
  EXPECT_EQ(fetched(std::time(nullptr) - 1), "");
}

class TlsClientAuthTest : public TlsServerTest {
 protected:
  Server asking(ClientAuth mode, const std::string& crl = {}) {
    TlsServerOptions options;
    options.client_auth = mode;
    options.client_ca = authority_.load();
    if (!crl.empty()) options.client_crls = std::move(*parse_crls(crl));
    options.tickets = std::make_shared<TicketKeys>();
    return server(std::move(options));
  }
  Server believing(const std::string& authorities, const std::string& lists) {
    TlsServerOptions options;
    options.client_auth = ClientAuth::require;
    options.client_ca = std::move(*parse_certificates(authorities));
    options.client_crls = std::move(*parse_crls(lists));
    return server(std::move(options));
  }
  // TLS 1.3: the client is done before the server has seen its certificate.
  std::string answer(const Server& s, const test::Issued* identity) {
    TlsClientOptions us;
    if (identity) us.identity = std::make_shared<Certificate>(identity->load());
    shake(s, client(std::move(us)));
    if (!near_) return near_failure_.why;
    X509* peer = SSL_get0_peer_certificate(near_->ssl());
    return peer ? subject(peer) : "nobody";
  }
};

TEST_F(TlsClientAuthTest, TakesCertificatesOfItsAuthorityAlone) {
  auto good = authority_.issue({.client = true, .common_name = "caller"});
  auto strange = test::Authority("Another").issue({.client = true});
  auto expired = authority_.issue({.expires_in = -1, .client = true});
  auto of_a_server = authority_.issue();
  auto s = asking(ClientAuth::require);

  EXPECT_EQ(answer(s, &good), "CN = caller");
  EXPECT_THAT(answer(s, &strange), HasSubstr("unable to get local issuer certificate"));
  EXPECT_THAT(answer(s, &expired), HasSubstr("certificate has expired"));
  EXPECT_THAT(answer(s, &of_a_server), HasSubstr("unsuitable certificate purpose"));
  EXPECT_THAT(answer(s, nullptr), HasSubstr("peer did not return a certificate"));
}

TEST_F(TlsClientAuthTest, LetsClientsWithoutOneInWhenItIsOptional) {
  auto strange = test::Authority("Another").issue({.client = true});
  auto s = asking(ClientAuth::optional);

  EXPECT_EQ(answer(s, nullptr), "nobody");
  EXPECT_THAT(answer(s, &strange), HasSubstr("certificate verify failed"));
}

TEST_F(TlsClientAuthTest, TakesAnyCertificateWhereItVerifiesNone) {
  auto strange =
      test::Authority("Another").issue({.expires_in = -1, .client = true, .common_name = "strange"});
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i) many.push_back("name-" + std::to_string(i) + ".example.com");
  auto large = authority_.issue({.names = many, .client = true});
  auto s = asking(ClientAuth::optional_no_verify);

  EXPECT_EQ(answer(s, nullptr), "nobody");
  EXPECT_EQ(answer(s, &strange), "CN = strange");
  EXPECT_THAT(answer(s, &large), HasSubstr("excessive message size"));
}

TEST_F(TlsClientAuthTest, RefusesRevokedCertificates) {
  auto good = authority_.issue({.client = true, .common_name = "good"});
  auto revoked = authority_.issue({.client = true});
  auto s = asking(ClientAuth::require, authority_.revoke({revoked}));

  EXPECT_EQ(answer(s, &good), "CN = good");
  EXPECT_THAT(answer(s, &revoked), HasSubstr("certificate revoked"));
}

TEST_F(TlsClientAuthTest, KnowsNobodyAgainOnceTheListsHaveChanged) {
  auto caller = authority_.issue({.client = true});
  auto tickets = std::make_shared<TicketKeys>();
  auto with = [&](const std::string& lists) {
    TlsServerOptions options;
    options.client_auth = ClientAuth::require;
    options.client_ca = authority_.load();
    options.client_crls = std::move(*parse_crls(lists));
    options.tickets = tickets;
    return server(std::move(options));
  };
  TlsClientOptions us;
  us.identity = std::make_shared<Certificate>(caller.load());
  auto c = client(std::move(us));
  auto sessions = std::make_shared<TlsSessions>();
  auto resumed = [&](const Server& s) {
    shake(s, c, "localhost", sessions);
    if (!near_) return false;
    write(*near_, "x");
    text(*far_, 1);
    return near_->facts().resumed;
  };
  auto before = with(authority_.revoke({}));

  EXPECT_FALSE(resumed(before));
  EXPECT_TRUE(resumed(before));
  EXPECT_FALSE(resumed(with(authority_.revoke({caller}))));
  EXPECT_THAT(near_failure_.why, HasSubstr("certificate revoked"));
}

// A client of an authority below the one that is believed, with the certificate that leads there.
class TlsRevokedAuthorityTest : public TlsClientAuthTest {
 protected:
  test::Issued of(const test::Authority& issuer) const {
    auto issued = issuer.issue({.client = true, .common_name = "caller"});
    issued.certificate += issuer.certificate();
    return issued;
  }

  test::Authority below_{"Below", authority_};
  test::Issued caller_ = of(below_);
  std::string nothing_below_ = below_.revoke({});
  std::string below_revoked_ = authority_.revoke({below_.own()});
};

TEST_F(TlsRevokedAuthorityTest, RefusesWhomARevokedOneVouchesFor) {
  auto fine = believing(authority_.certificate(), authority_.revoke({}) + nothing_below_);
  auto revoked = believing(authority_.certificate(), below_revoked_ + nothing_below_);

  EXPECT_EQ(answer(fine, &caller_), "CN = caller");
  EXPECT_THAT(answer(revoked, &caller_), HasSubstr("certificate revoked"));
}

TEST_F(TlsRevokedAuthorityTest, RefusesAChainOfWhichAnIssuerHasNoList) {
  auto s = believing(authority_.certificate(), nothing_below_);

  EXPECT_THAT(answer(s, &caller_), HasSubstr("unable to get certificate CRL"));
}

TEST_F(TlsRevokedAuthorityTest, AsksForNoListAboutTheOneThatIsBelieved) {
  auto s = believing(below_.certificate(), nothing_below_);
  auto with_that_above = believing(below_.certificate(), nothing_below_ + authority_.revoke({}));

  EXPECT_EQ(answer(s, &caller_), "CN = caller");
  EXPECT_EQ(answer(with_that_above, &caller_), "CN = caller");
}

TEST_F(TlsRevokedAuthorityTest, DoesNotBelieveItThoughItIsListedBesideItsIssuer) {
  auto both = authority_.certificate() + below_.certificate();
  auto fine = believing(both, authority_.revoke({}) + nothing_below_);
  auto revoked = believing(both, below_revoked_ + nothing_below_);

  EXPECT_EQ(answer(fine, &caller_), "CN = caller");
  EXPECT_THAT(answer(revoked, &caller_), HasSubstr("certificate revoked"));
}

TEST_F(TlsRevokedAuthorityTest, BelievesNoListThatAnotherHasSigned) {
  auto forged = test::Authority().revoke({below_.own()});  // of the same name, with another key
  auto s = believing(below_.certificate() + authority_.certificate(), forged + nothing_below_);

  EXPECT_EQ(answer(s, &caller_), "CN = caller");
}

}  // namespace
}  // namespace sluice::net::tls_server_test

// SPDX-License-Identifier: Apache-2.0
// TLS of listeners: certificates by name, versions, tickets, clients' certificates, renewal, redirects.
#include "tests/support/tls.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::tls_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Tls : public testing::Test {
 protected:
  // Writes certificate and key; "cert: ..., key: ...".
  std::string files(const std::string& name, const Wanted& wanted = {}) {
    return files(name, authority_.issue(wanted));
  }
  std::string files(const std::string& name, const Issued& issued) {
    return "cert: \"" + directory_.write(name + ".pem", issued.certificate) + "\", key: \"" +
           directory_.write(name + ".key", issued.key) + "\"";
  }
  static std::string yaml(const std::string& tls, const std::string& rest = {}) {
    return "listeners: {web: {bind: \"127.0.0.1:0\", tls: {" + tls +
           "}}}\nroutes: [{name: u, match: {path: /**}, to: users}]\n" + rest;
  }
  std::string one(const std::string& more = {}) { return yaml("certs: [{" + files("a") + "}]" + more); }
  TlsWishes wishes() const { return {.ca = authority_.certificate()}; }
  // A copy for each use: OpenSSL gives a session up when a connection that was begun with it fails.
  static std::shared_ptr<SSL_SESSION> session_of(const TlsClient& client) {
    return {SSL_SESSION_dup(client.session().get()), SSL_SESSION_free};
  }

  Authority authority_;
  TemporaryDirectory directory_;
};

TEST_F(Tls, ServesRequestsAsPlainListenersDo) {
  Gateway gw(one());
  gw.upstream("users").answers(200, "hello");
  TlsClient client(gw.port(), wishes());
  ASSERT_EQ(client.failure(), "");

  EXPECT_EQ(client.ask(get("/u")).body, "hello");
  EXPECT_EQ(client.ask(post("/u", "body")).body, "hello");
  auto seen = gw.upstream("users").request(1);
  EXPECT_EQ(seen.body, "body");
  EXPECT_THAT(seen, HasField("X-Forwarded-Proto", "https"));
  auto line = gw.log_line();
  EXPECT_THAT(line, HasSubstr("\"tls_version\":\"TLSv1.3\",\"sni\":\"localhost\""));
}

// A service may say something else in a page for http, such as links to it.
TEST_F(Tls, IsToldToServicesWhoseAnswersAreKept) {
  Gateway gw("listeners: {web: {bind: \"127.0.0.1:0\", tls: {certs: [{" + files("a") +
             "}]}}, plain: {bind: \"127.0.0.1:0\"}}\nupstreams: {users: {url: <users>}}\n"
             "routes: [{name: u, match: {path: /**}, compose: {calls: {a: {get: \"users:/\", as: a, cache: "
             "1h}}}}]\n");
  gw.upstream("users").answers_by(
      [](const Request& r) { return Answer{ok("\"" + r.value("X-Forwarded-Proto") + "\"")}; });
  TlsClient secure(gw.port(), wishes());
  auto plain = gw.connect("plain");

  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(secure.ask(get("/u")).body, R"({"a":"https"})");
    EXPECT_EQ(plain.ask(get("/u")).body, R"({"a":"http"})");
  }
}

TEST_F(Tls, CarriesLargeBodiesBothWays) {
  Gateway gw(one());
  std::string large = patterned(3'000'000);
  gw.upstream("users").answers(200, large);
  TlsClient client(gw.port(), wishes());

  EXPECT_TRUE(client.ask(get("/u")).body == large);
  EXPECT_TRUE(client.ask(post("/u", large)).body == large);
  EXPECT_TRUE(gw.upstream("users").request(1).body == large);
}

TEST_F(Tls, ServesPipelinedAndTrickledRequests) {
  Gateway gw(one());
  gw.upstream("users").answers(200, "ok");
  TlsClient client(gw.port(), wishes());

  client.send(get("/1") + get("/2") + get("/3"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.response().body, "ok");
  client.trickle(get("/4"));
  EXPECT_EQ(client.response().body, "ok");
}

TEST_F(Tls, EndsAResponseWithoutLengthByCloseNotify) {
  Gateway gw(one());
  gw.upstream("users").answers_with("HTTP/1.1 200 OK\r\n\r\nuntil the end", true);
  TlsClient client(gw.port(), wishes());

  client.send("GET /u HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.rest(), HasSubstr("until the end"));
  EXPECT_EQ(client.end(), End::closed);  // by close_notify: anything else is a reset to this client
}

TEST_F(Tls, DoesNotSayGoodbyeInTheMiddleOfAResponse) {
  Gateway gw(one());
  gw.upstream("users")
      .script()
      .expect_request()
      .then_send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
      .then_close();
  TlsClient client(gw.port(), wishes());

  client.send("GET /u HTTP/1.0\r\nHost: a\r\n\r\n");
  client.rest();
  EXPECT_EQ(client.end(), End::reset);
}

TEST_F(Tls, ChoosesCertificatesByName) {
  Gateway gw(yaml("certs: [{" + files("a", {.names = {"a.example.com"}, .common_name = "a"}) + "}, {" +
                  files("w", {.names = {"*.example.com"}, .common_name = "wild"}) + "}]"));
  auto who = [&](const std::string& host) { return TlsClient(gw.port(), {.host = host}).server(); };

  EXPECT_EQ(who("a.example.com"), "a");
  EXPECT_EQ(who("b.example.com"), "wild");
  EXPECT_EQ(who("example.org"), "a");
  EXPECT_EQ(who(""), "a");
}

TEST_F(Tls, CountsHandshakes) {
  Gateway gw(one(", strict_sni: true"));
  gw.upstream("users").answers(200, "ok");
  Metrics before(gw);
  auto handshakes = [&](const Labels& labels) {
    return before.growth("sluice_tls_handshakes_total", labels);
  };

  TlsClient first(gw.port(), wishes());
  first.ask(get("/"));
  auto resumes = wishes();
  resumes.session = first.session();
  TlsClient again(gw.port(), resumes);
  EXPECT_TRUE(again.resumed());
  again.ask(get("/"));
  auto old = wishes();
  old.max_version = TLS1_2_VERSION;
  TlsClient(gw.port(), old).ask(get("/"));
  EXPECT_THAT(TlsClient(gw.port(), {.host = "elsewhere"}).failure(), HasSubstr("unrecognized name"));
  RawClient(gw.port()).send("GET / HTTP/1.1\r\n\r\n");

  EXPECT_TRUE(
      before.grows_by(2, "sluice_tls_handshakes_total", {{"result", "refused"}, {"listener", "web"}}));
  EXPECT_EQ(handshakes({{"version", "1.3"}, {"resumed", "no"}, {"result", "ok"}}), 1);
  EXPECT_EQ(handshakes({{"version", "1.3"}, {"resumed", "yes"}, {"result", "ok"}}), 1);
  EXPECT_EQ(handshakes({{"version", "1.2"}, {"resumed", "no"}, {"result", "ok"}}), 1);
}

TEST_F(Tls, AnswersPlainHttpInPlainWords) {
  Gateway gw(one());
  Metrics before(gw);
  for (const std::string& request :
       {get("/u"), post("/u", patterned(200'000)), std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}) {
    RawClient client(gw.port());
    client.send(request);
    auto answer = client.response();
    EXPECT_THAT(answer, Refused(400, "bad_request"));
    EXPECT_THAT(answer, HasField("Connection", "close"));
    EXPECT_THAT(answer.body, HasSubstr("use https://"));
    EXPECT_EQ(client.rest(), "");
    EXPECT_EQ(client.end(), End::closed);  // no reset that might have overtaken the answer
  }
  EXPECT_TRUE(
      before.grows_by(3, "sluice_tls_handshakes_total", {{"result", "refused"}, {"listener", "web"}}));
}

TEST_F(Tls, IsToldAsSuchWhereItIsNotExpected) {
  Gateway gw("routes: [{name: u, match: {path: /**}, to: users}]");
  RawClient client = gw.connect();
  client.send("\x16\x03\x01\x02 hello");

  auto answer = client.response();

  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(gw.log_line(), HasSubstr("a TLS handshake where plain-text HTTP is expected"));
}

TEST_F(Tls, ResumesAcrossAReload) {
  Gateway gw(one());
  gw.upstream("users").answers(200, "ok");
  TlsClient first(gw.port(), wishes());
  first.ask(get("/"));

  ASSERT_TRUE(gw.reload(yaml("certs: [{" + files("a") + "}], min_version: 1.3")).good);
  auto resumes = wishes();
  resumes.session = first.session();
  EXPECT_TRUE(TlsClient(gw.port(), resumes).resumed());
  EXPECT_EQ(first.ask(get("/")).body, "ok") << "the connection of before was cut";
}

TEST_F(Tls, SharesTicketsByFile) {
  std::string keys = directory_.write("tickets", std::string(80, 'k'));
  std::string text = yaml("certs: [{" + files("a") + "}], ticket_keys: \"" + keys + "\"");
  Gateway one(text), other(text);
  one.upstream("users").answers(200, "ok");
  TlsClient first(one.port(), wishes());
  first.ask(get("/"));

  auto resumes = wishes();
  resumes.session = first.session();
  EXPECT_TRUE(TlsClient(other.port(), resumes).resumed());
}

TEST_F(Tls, TakesTicketsOfAKeyAsLongAsItsFileHasIt) {
  const std::string old(80, 'o'), young(80, 'y');
  auto keys = [&](const std::string& bytes) { return directory_.write("tickets", bytes); };
  Gateway gw(yaml("certs: [{" + files("a") + "}], ticket_keys: \"" + keys(old) + "\""));
  gw.upstream("users").answers(200, "ok");
  auto rotated = [&](const std::string& bytes) {
    Metrics before(gw);
    keys(bytes);
    return before.grows_by(1, "sluice_tls_certificate_reloads_total", {{"result", "ok"}});
  };
  auto resumes = [&](const TlsClient& known) {
    auto again = wishes();
    again.session = session_of(known);
    return TlsClient(gw.port(), again).resumed();
  };
  TlsClient first(gw.port(), wishes());
  first.ask(get("/"));

  ASSERT_TRUE(rotated(young + old));
  TlsClient second(gw.port(), wishes());
  second.ask(get("/"));
  EXPECT_TRUE(resumes(first));
  EXPECT_TRUE(resumes(second));
  ASSERT_TRUE(rotated(young));
  EXPECT_FALSE(resumes(first));
  EXPECT_TRUE(resumes(second));
}

TEST_F(Tls, StaplesAnOcspResponse) {
  auto issued = authority_.issue();
  Gateway gw(yaml("certs: [{" + files("a", issued) + ", ocsp: \"" +
                  directory_.write("a.ocsp", authority_.vouch(issued)) + "\"}]"));
  auto asks = wishes();
  asks.then = [](SSL* ssl) { SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp); };
  TlsClient client(gw.port(), asks);

  const unsigned char* response = nullptr;
  EXPECT_GT(SSL_get_tlsext_status_ocsp_resp(client.ssl(), &response), 100);
}

TEST_F(Tls, StaplesNothingThatItsIssuerHasNotSaid) {
  auto issued = authority_.issue();
  auto with_issuer = issued;
  with_issuer.certificate += authority_.certificate();
  std::string text =
      yaml("certs: [{" + files("a", with_issuer) + ", ocsp: \"" + (directory_ / "a.ocsp") + "\"}]");
  auto asks = wishes();
  asks.then = [](SSL* ssl) { SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp); };
  auto stapled = [&](Gateway& gw) {
    TlsClient client(gw.port(), asks);
    const unsigned char* response = nullptr;
    return SSL_get_tlsext_status_ocsp_resp(client.ssl(), &response) > 0;
  };
  directory_.write("a.ocsp", authority_.vouch(issued));
  Gateway gw(text);
  EXPECT_TRUE(stapled(gw));

  for (auto [der, why] :
       {std::pair(authority_.vouch(issued, {.revoked = true}), "says that the certificate is revoked"),
        std::pair(Authority("Other").vouch(issued), "is about another certificate")}) {
    directory_.write("a.ocsp", der);
    auto loading = gw.reload(text);

    EXPECT_TRUE(loading.good);
    EXPECT_THAT(loading.diagnostics, HasSubstr("a.ocsp " + std::string(why) + "; it is not sent"));
    EXPECT_FALSE(stapled(gw));
  }
}

TEST_F(Tls, TellsTargetsWhoTheClientIs) {
  std::string ca = directory_.write("ca.pem", authority_.certificate());
  Gateway gw(one(", client_auth: {mode: optional, ca: \"" + ca + "\", chain: true}"));
  gw.upstream("users").answers(200, "ok");
  std::string forged = "Client-Cert: :AAAA:\r\nclient-cert-chain: :AAAA:\r\n";

  TlsClient(gw.port(), wishes()).ask(get("/", forged));
  auto identified = wishes();
  identified.identity = authority_.issue({.client = true});
  TlsClient(gw.port(), identified).ask(get("/", forged));

  EXPECT_THAT(gw.upstream("users").request(0), HasNoField("Client-Cert"));
  EXPECT_THAT(gw.upstream("users").request(0), HasNoField("Client-Cert-Chain"));
  auto expected = net::byte_sequence(identified.identity->load().leaf.get());
  EXPECT_THAT(gw.upstream("users").request(1), HasField("Client-Cert", expected));
  auto chain = net::byte_sequence(authority_.load().front().get());
  EXPECT_THAT(gw.upstream("users").request(1), HasField("Client-Cert-Chain", chain));
}

TEST_F(Tls, TellsConsumersByTheirCertificates) {
  std::string ca = directory_.write("ca.pem", authority_.certificate());
  Gateway gw("listeners: {web: {bind: \"127.0.0.1:0\", tls: {certs: [{" + files("a") +
             "}], client_auth: {mode: optional, ca: \"" + ca +
             "\"}}}}\n"
             "consumers: [{name: cart, certificates: {dns: cart.internal}}]\n"
             "routes: [{name: u, match: {path: /**}, use: [{mtls: {}}], to: users}]\n");
  gw.upstream("users").answers(200, "ok");
  auto cart = wishes(), other = wishes();
  cart.identity = authority_.issue({.names = {"cart.internal"}, .client = true});
  other.identity = authority_.issue({.names = {"other.internal"}, .client = true});

  EXPECT_THAT(TlsClient(gw.port(), wishes()).ask(get("/")), Refused(401, "unauthenticated"));
  EXPECT_THAT(TlsClient(gw.port(), other).ask(get("/")), Refused(401, "unauthenticated"));
  TlsClient client(gw.port(), cart);
  EXPECT_THAT(client.ask(get("/")), HasStatus(200));
  EXPECT_THAT(client.ask(get("/")), HasStatus(200));
}

TEST_F(Tls, LetsTargetsVerifyCertificates) {
  Gateway gw("listeners: {web: {bind: \"127.0.0.1:0\", tls: {certs: [{" + files("a") +
             "}], client_auth: {mode: optional_no_verify}}}}\n"
             "consumers: [{name: cart, certificates: {dns: cart.internal}}]\n"
             "routes: [{name: m, match: {path: /m}, use: [{mtls: {}}], to: users},"
             " {name: u, match: {path: /**}, to: users}]\n");
  gw.upstream("users").answers(200, "ok");
  auto strange = wishes();
  strange.identity = test::Authority("Another").issue({.names = {"cart.internal"}, .client = true});
  auto expected = net::byte_sequence(strange.identity->load().leaf.get());

  TlsClient client(gw.port(), strange);
  EXPECT_THAT(client.ask(get("/")), HasStatus(200));
  EXPECT_THAT(client.ask(get("/m")), Refused(401, "unauthenticated"));
  strange.session = client.session();
  TlsClient resumed(gw.port(), strange);
  EXPECT_TRUE(resumed.resumed());
  EXPECT_THAT(resumed.ask(get("/m")), Refused(401, "unauthenticated"));
  EXPECT_THAT(TlsClient(gw.port(), wishes()).ask(get("/")), HasStatus(200));

  EXPECT_THAT(gw.upstream("users").request(0), HasField("Client-Cert", expected));
  EXPECT_THAT(gw.upstream("users").request(1), HasNoField("Client-Cert"));
}

TEST_F(Tls, RefusesClientsWithoutACertificateWhenOneIsRequired) {
  std::string ca = directory_.write("ca.pem", authority_.certificate());
  Gateway gw(one(", client_auth: \n    {ca: \"" + ca + "\"}"));
  auto client = wishes();
  client.max_version = TLS1_2_VERSION;  // which hears of it in its handshake

  EXPECT_NE(TlsClient(gw.port(), client).failure(), "");
  client.identity = authority_.issue({.client = true});
  EXPECT_EQ(TlsClient(gw.port(), client).failure(), "");
}

TEST_F(Tls, BelievesNobodyOnPlainListeners) {
  Gateway gw("routes: [{name: u, match: {path: /**}, to: users}]");
  gw.upstream("users").answers(200, "ok");
  gw.get("/", "Client-Cert: :AAAA:\r\n");

  EXPECT_THAT(gw.upstream("users").request(), HasNoField("Client-Cert"));
}

TEST_F(Tls, TakesUpChangedFilesWithoutCuttingConnections) {
  Gateway gw(one());
  gw.upstream("users").answers(200, "ok");
  TlsClient old(gw.port(), wishes());
  old.ask(get("/"));
  Metrics before(gw);

  files("a", {.common_name = "renewed"});
  ASSERT_TRUE(before.grows_by(1, "sluice_tls_certificate_reloads_total", {{"result", "ok"}}));

  EXPECT_EQ(TlsClient(gw.port(), wishes()).server(), "renewed");
  EXPECT_EQ(old.ask(get("/")).body, "ok");
}

TEST_F(Tls, KeepsTheCertificateOfBeforeWhenTheNewOneIsBroken) {
  Gateway gw(one());
  Metrics before(gw);

  directory_.write("a.pem", "no certificate\n");
  ASSERT_TRUE(before.grows_by(1, "sluice_tls_certificate_reloads_total", {{"result", "failed"}}));

  EXPECT_EQ(TlsClient(gw.port(), wishes()).server(), "test");
  files("a", {.common_name = "repaired"});
  ASSERT_TRUE(before.grows_by(1, "sluice_tls_certificate_reloads_total", {{"result", "ok"}}));
  EXPECT_EQ(TlsClient(gw.port(), wishes()).server(), "repaired");
}

TEST_F(Tls, TellsWhenCertificatesExpire) {
  Gateway gw(one());
  double expires = sum(gw.metrics(), "sluice_tls_certificate_expiry_timestamp_seconds",
                       {{"certificate", directory_ / "a.pem"}});
  EXPECT_NEAR(expires, static_cast<double>(std::time(nullptr)) + 30 * 86400, 3600);
}

TEST_F(Tls, RefusesClientsOfWhomAListSaysSo) {
  auto good = authority_.issue({.client = true}), bad = authority_.issue({.client = true});
  std::string ca = directory_.write("ca.pem", authority_.certificate());
  std::string crl = directory_.write("crl.pem", authority_.revoke({bad}));
  Gateway gw(one(", client_auth: {ca: \"" + ca + "\", crl: \"" + crl + "\"}"));
  gw.upstream("users").answers(200, "ok");
  auto client = wishes();
  client.max_version = TLS1_2_VERSION;  // which hears of it in its handshake
  client.identity = bad;
  EXPECT_NE(TlsClient(gw.port(), client).failure(), "");
  client.identity = good;
  TlsClient known(gw.port(), client);
  EXPECT_EQ(known.ask(get("/")).body, "ok");
  client.session = session_of(known);
  EXPECT_TRUE(TlsClient(gw.port(), client).resumed());
  Metrics before(gw);

  directory_.write("crl.pem", authority_.revoke({bad, good}));
  ASSERT_TRUE(before.grows_by(1, "sluice_tls_certificate_reloads_total", {{"result", "ok"}}));

  client.session = session_of(known);
  EXPECT_NE(TlsClient(gw.port(), client).failure(), "") << "its session was taken";
  client.session = nullptr;
  EXPECT_NE(TlsClient(gw.port(), client).failure(), "");
}

TEST_F(Tls, TellsWhenListsExpire) {
  std::string ca = directory_.write("ca.pem", authority_.certificate());
  std::string crl = directory_.write("crl.pem", authority_.revoke({}));
  std::string text = one(", client_auth: {ca: \"" + ca + "\", crl: \"" + crl + "\"}");
  Gateway gw(text);
  auto expires = [&] {
    return sum(gw.metrics(), "sluice_tls_certificate_expiry_timestamp_seconds", {{"certificate", crl}});
  };
  EXPECT_NEAR(expires(), static_cast<double>(std::time(nullptr)) + 30 * 86400, 3600);

  directory_.write("crl.pem", authority_.revoke({}, -2));
  auto loading = gw.reload(text);

  EXPECT_TRUE(loading.good);
  EXPECT_THAT(loading.diagnostics,
              HasSubstr(crl + " has a list of CN = Test Authority that has expired on "));
  EXPECT_NEAR(expires(), static_cast<double>(std::time(nullptr)) - 2 * 86400, 3600);
}

TEST_F(Tls, SaysWhatIsWrongWithItsFiles) {
  auto refused = [&](const std::string& tls) {
    try {
      Gateway gw(yaml(tls));
    } catch (const std::runtime_error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  auto a = authority_.issue(), b = authority_.issue();
  files("a", a);
  auto cert = [&](const std::string& c, const std::string& k) {
    return "certs: {cert: \"" + c + "\", key: \"" + k + "\"}";
  };
  auto at = [&](const std::string& name) { return directory_ / name; };
  directory_.write("other.key", b.key);

  EXPECT_THAT(refused(cert(at("none.pem"), at("a.key"))),
              HasSubstr("cannot read " + at("none.pem") + ": No such"));
  EXPECT_THAT(refused(cert(at("a.pem"), at("other.key"))),
              HasSubstr("other.key is not the key of the certificate"));
  EXPECT_THAT(refused(cert(at("a.key"), at("a.key"))), HasSubstr("a.key holds no certificate"));
  EXPECT_THAT(refused(cert(at("a.pem"), at("a.pem"))), HasSubstr("a.pem holds a certificate instead"));
  EXPECT_THAT(refused(cert(at("a.pem"), at("a.pem"))), HasSubstr("config.yaml:1:"));
  auto pasted = refused("certs: {cert: \"" + at("a.pem") + "\", key: \"" + a.key.substr(0, a.key.find('\n')) +
                        a.key.substr(28, 40) + "\"}");
  EXPECT_THAT(pasted, HasSubstr("must be the path of the file"));
  EXPECT_THAT(pasted, Not(HasSubstr(a.key.substr(28, 40))));
}

TEST_F(Tls, RedirectsPlainRequests) {
  Gateway gw(
      "listeners: {web: {bind: \"127.0.0.1:0\", redirect: https}, "
      "high: {bind: \"127.0.0.1:0\", redirect: {port: 8443}}}\n"
      "routes: [{name: u, match: {path: /**}, to: users}]");
  auto at = [&](std::string_view request) { return gw.ask(request); };

  auto answer = at("GET /a//b?x=1 HTTP/1.1\r\nHost: Example.com:8080\r\n\r\n");
  EXPECT_EQ(answer.status, 308);
  EXPECT_THAT(answer, HasField("Location", "https://example.com/a//b?x=1"));
  EXPECT_THAT(at("POST / HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 2\r\n\r\nab"),
              HasField("Location", "https://[::1]/"));
  EXPECT_THAT(at("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), HasField("Location", "https://a/"));
  EXPECT_THAT(gw.connect("high").ask(get("/")), HasField("Location", "https://test.example:8443/"));
  EXPECT_EQ(at("GET / HTTP/1.0\r\n\r\n").status, 400);
  EXPECT_EQ(gw.upstream("users").request_count(), 0u);
}

TEST_F(Tls, RedirectsGetAndHeadByTheStatusAskedFor) {
  Gateway gw(
      "listeners: {web: {bind: \"127.0.0.1:0\", redirect: {status: 301}}}\n"
      "routes: [{name: u, match: {path: /**}, to: users}]");

  EXPECT_EQ(gw.get("/").status, 301);
  EXPECT_EQ(gw.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").status, 308);
}

TEST_F(Tls, LeavesChallengesOfAcmeToTheirRoute) {
  Gateway gw(
      "listeners: {web: {bind: \"127.0.0.1:0\", redirect: https}}\n"
      "routes:\n"
      "  - {name: acme, match: {path: \"/.well-known/acme-challenge/**\", method: GET}, to: users}\n"
      "  - {name: u, match: {path: /u}, to: users}");
  gw.upstream("users").answers(200, "token");

  EXPECT_EQ(gw.get("/.well-known/acme-challenge/abc").body, "token");
  EXPECT_EQ(gw.get("/.well-known/acme-challenge/../../u").status, 308);
  EXPECT_EQ(gw.get("/u").status, 308);
  EXPECT_EQ(gw.post("/.well-known/acme-challenge/abc", "").status, 308);
}

TEST_F(Tls, RedirectsAChallengeThatARouteForMoreWouldTake) {
  for (std::string_view match : {"{path: /**}", "{path: \"/.well-known/**\"}", "{path: {regex: \"/.*\"}}",
                                 "{path: \"/{a}/{b}/{c}\"}"}) {
    Gateway gw(
        "listeners: {web: {bind: \"127.0.0.1:0\", redirect: https}}\n"
        "routes: [{name: u, match: " +
        std::string(match) + ", respond: {status: 200, body: open}}]");

    EXPECT_EQ(gw.get("/.well-known/acme-challenge/abc").status, 308) << match;
  }
}

TEST_F(Tls, RedirectsAChallengeThatNoRouteHas) {
  Gateway gw(
      "listeners: {web: {bind: \"127.0.0.1:0\", redirect: https}}\n"
      "routes: [{name: u, match: {path: /u}, to: users}]");

  EXPECT_THAT(gw.get("/.well-known/acme-challenge/abc"),
              HasField("Location", "https://test.example/.well-known/acme-challenge/abc"));
}

TEST_F(Tls, SpeaksOfStrictTransportOverTlsAlone) {
  std::string use = "use: [{hsts: {}}]\n";
  Gateway secure(one() + use), plain("routes: [{name: u, match: {path: /**}, to: users}]\n" + use);
  secure.upstream("users").answers(200, "ok");
  plain.upstream("users").answers(200, "ok");

  EXPECT_THAT(TlsClient(secure.port(), wishes()).ask(get("/")),
              HasField("Strict-Transport-Security", "max-age=31536000"));
  EXPECT_THAT(plain.get("/"), HasNoField("Strict-Transport-Security"));
}

TEST_F(Tls, DrainsConnectionsInTheirHandshake) {
  Gateway gw(one(", handshake_timeout: 500ms"));
  RawClient silent = gw.connect();

  EXPECT_EQ(gw.drain().get(), 0u);
  EXPECT_TRUE(silent.ended());
}

}  // namespace
}  // namespace sluice::test::tls_test

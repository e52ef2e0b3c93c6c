// SPDX-License-Identifier: Apache-2.0
// OCSP responses that the gateway fetches by itself, from a responder that the test plays.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"
#include "tests/support/tls.h"

namespace sluice::test::tls_stapling_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Setting {
  std::string name = "web", ocsp{};
  bool with_issuer = true;
};

class TlsStapling : public testing::Test {
 protected:
  std::string listener(const Issued& issued, const Setting& setting) {
    std::string pem = issued.certificate + (setting.with_issuer ? authority_.certificate() : "");
    return setting.name + ": {bind: \"127.0.0.1:0\", tls: {certs: {cert: \"" +
           directory_.write(setting.name + ".pem", pem) + "\", key: \"" +
           directory_.write(setting.name + ".key", issued.key) + "\"" +
           (setting.ocsp.empty() ? "" : ", ocsp: " + setting.ocsp) + "}}}";
  }
  static std::string yaml(const std::string& listeners) {
    return "listeners: {" + listeners + "}\nroutes: [{name: r, match: {path: /**}, respond: {body: hi}}]\n";
  }
  std::string web(const Setting& setting = {}) { return yaml(listener(issued_, setting)); }

  void say(const std::string& der) {
    responder_.answers(200, der, {{"Content-Type", "application/ocsp-response"}});
  }
  // What a handshake that asks for a staple gets; it must succeed.
  std::string staple(Gateway& gateway) {
    TlsWishes wishes{.ca = authority_.certificate()};
    wishes.then = [](SSL* ssl) { SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp); };
    TlsClient client(gateway.port(), wishes);
    EXPECT_EQ(client.failure(), "");
    const unsigned char* der = nullptr;
    long size = client.ssl() ? SSL_get_tlsext_status_ocsp_resp(client.ssl(), &der) : 0;
    return size > 0 ? std::string(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)) : "";
  }
  static bool heard(Gateway& gateway, const std::string& result) {
    return Metrics(gateway).becomes(1, "sluice_tls_ocsp_answers_total", {{"result", result}});
  }

  Upstream responder_;
  Authority authority_;
  TemporaryDirectory directory_;
  Issued issued_ = authority_.issue({.responder = responder_.url() + "/ocsp"});
};

TEST_F(TlsStapling, AsksTheResponderThatTheCertificateNames) {
  std::string good = authority_.vouch(issued_);
  say(good);
  Gateway gw(web());
  ASSERT_TRUE(heard(gw, "ok"));

  EXPECT_EQ(staple(gw), good);
  auto asked = responder_.request();
  EXPECT_EQ(asked.method + " " + asked.target, "POST /ocsp");
  EXPECT_THAT(asked, HasField("Content-Type", "application/ocsp-request"));
}

TEST_F(TlsStapling, SendsNothingThatItDoesNotBelieve) {
  say(authority_.vouch(issued_, {.revoked = true}));
  Gateway gw(web());
  ASSERT_TRUE(heard(gw, "failed"));

  EXPECT_EQ(staple(gw), "");
}

TEST_F(TlsStapling, ServesWhileTheResponderIsSilent) {
  responder_.script().then_wait_for_close();
  Gateway gw(web());

  EXPECT_EQ(staple(gw), "");
}

TEST_F(TlsStapling, KeepsAnAnswerOverAReload) {
  std::string good = authority_.vouch(issued_);
  say(good);
  Gateway gw(web());
  ASSERT_TRUE(heard(gw, "ok"));

  ASSERT_TRUE(gw.reload(web() + "# changed\n").good);

  EXPECT_EQ(staple(gw), good);
  EXPECT_EQ(responder_.request_count(), 1u);
}

TEST_F(TlsStapling, AsksNobodyWhenItIsOff) {
  Upstream other;
  auto certificate = authority_.issue({.responder = other.url()});
  say(authority_.vouch(issued_));
  Gateway gw(yaml(listener(certificate, {.name = "aside", .ocsp = "off"}) + ", " +
                  listener(issued_, {.ocsp = "auto"})));
  ASSERT_TRUE(heard(gw, "ok"));

  EXPECT_EQ(other.connections(), 0u);
}

TEST_F(TlsStapling, WarnsOfCertificatesThatCannotHaveOne) {
  auto demanding = authority_.issue({.must_staple = true});
  Gateway gw(web({.ocsp = "off"}));
  auto warnings = [&](const std::string& text) {
    auto loading = gw.reload(text);
    EXPECT_TRUE(loading.good);
    return loading.diagnostics;
  };

  EXPECT_THAT(warnings(web({.with_issuer = false})),
              HasSubstr("names an OCSP responder, which is not asked"));
  EXPECT_THAT(warnings(yaml(listener(demanding, {}))), HasSubstr("(must-staple), and there is none to send"));
  EXPECT_THAT(warnings(web({.ocsp = "off"})), Not(HasSubstr("OCSP")));
}

}  // namespace
}  // namespace sluice::test::tls_stapling_test

// SPDX-License-Identifier: Apache-2.0
// TLS to targets: whom we believe, what we show, what is said when it fails.
#include <gmock/gmock.h>

#include <future>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"
#include "tests/support/tls.h"

namespace sluice::test::upstream_tls_test {
namespace {

using ::testing::HasSubstr;

class UpstreamTls : public testing::Test {
 protected:
  // A target with TLS at 127.0.0.1, with these names.
  void serve(const Wanted& wanted = {.names = {"127.0.0.1", "localhost"}},
             const std::string& client_ca = {}) {
    users_.speak_tls({authority_.issue(wanted), client_ca});
    users_.answers(200, "hello");
  }
  std::string yaml(const std::string& tls, const std::string& host = "127.0.0.1") const {
    return "upstreams: {users: {url: \"https://" + host + ":" + std::to_string(users_.port()) +
           "\", retry: none, tls: {" + tls + "}}}\nroutes: [{name: u, match: {path: /**}, to: users}]";
  }
  std::string ca() const { return "ca: \"" + directory_.write("ca.pem", authority_.certificate()) + "\""; }

  Authority authority_;
  TemporaryDirectory directory_;
  Upstream users_;
};

TEST_F(UpstreamTls, AsksATargetThatItBelieves) {
  serve();
  Gateway gw(yaml(ca()));

  EXPECT_EQ(gw.get("/u").body, "hello");
  EXPECT_EQ(gw.post("/u", patterned(500'000)).body, "hello");
  EXPECT_TRUE(users_.request(1).body == patterned(500'000));
  EXPECT_EQ(users_.connections(), 1u);
}

TEST_F(UpstreamTls, NamesTheHostThatItWants) {
  serve();
  Gateway gw(yaml(ca() + ", sni: localhost"));

  EXPECT_EQ(gw.get("/u").body, "hello");
  EXPECT_EQ(users_.sni(), "localhost");
}

TEST_F(UpstreamTls, RefusesTargetsThatItDoesNotBelieve) {
  auto why = [&](const std::string& tls) {
    Gateway gw(yaml(tls));
    EXPECT_THAT(gw.get("/u"), Refused(502, "upstream_tls"));
    return gw.log_line();
  };
  serve({.names = {"elsewhere"}});
  EXPECT_THAT(why(ca()), HasSubstr("upstream_tls"));
  serve({.names = {"127.0.0.1"}, .expires_in = -1});
  EXPECT_THAT(why(ca()), HasSubstr("upstream_tls"));
  serve();
  EXPECT_THAT(why("sni: localhost"), HasSubstr("upstream_tls"));  // no authority of the system made it
}

TEST_F(UpstreamTls, BelievesAnybodyWithoutVerificationAndSaysSo) {
  serve({.names = {"elsewhere"}});
  Gateway gw(yaml("verify: false"));

  EXPECT_EQ(gw.get("/u").body, "hello");
  EXPECT_THAT(gw.reload(yaml("verify: false")).diagnostics, HasSubstr("TARGETS ARE NOT VERIFIED"));
}

TEST_F(UpstreamTls, TakesOneOfTheNamesThatItWasGiven) {
  serve({.names = {"service.internal"}});
  Gateway gw(yaml(ca() + ", san: [spare.internal, service.internal]"));

  EXPECT_EQ(gw.get("/u").body, "hello");
}

TEST_F(UpstreamTls, ShowsItsOwnCertificate) {
  serve({.names = {"127.0.0.1"}}, authority_.certificate());
  auto us = authority_.issue({.client = true});
  std::string identity = ", cert: \"" + directory_.write("us.pem", us.certificate) + "\", key: \"" +
                         directory_.write("us.key", us.key) + "\"";
  Gateway gw(yaml(ca() + identity));

  EXPECT_EQ(gw.get("/u").body, "hello");
  ASSERT_TRUE(gw.reload(yaml(ca() + ", min_version: 1.3")).good);
}

TEST_F(UpstreamTls, SpeaksNoOlderVersionThanItIsTold) {
  users_.speak_tls(
      {.certificate = authority_.issue({.names = {"127.0.0.1"}}), .max_version = TLS1_2_VERSION});
  users_.answers(200, "hello");
  Gateway gw(yaml(ca())), strict(yaml(ca() + ", min_version: 1.3"));

  EXPECT_EQ(gw.get("/u").body, "hello");
  EXPECT_THAT(strict.get("/u"), Refused(502, "upstream_tls"));
}

TEST_F(UpstreamTls, ResumesSessionsOnFurtherConnections) {
  serve();
  Gateway gw(yaml(ca()) + "\n");
  users_.answers(200, "bye", {{"Connection", "close"}});

  for (int i = 0; i < 3; ++i) EXPECT_EQ(gw.get("/u").body, "bye");
  EXPECT_EQ(users_.connections(), 3u);
  EXPECT_GE(users_.resumed(), 2u);
}

TEST_F(UpstreamTls, KeepsConnectionsAcrossAReload) {
  serve();
  Gateway gw(yaml(ca()));
  gw.get("/u");

  ASSERT_TRUE(gw.reload(yaml(ca())).good);
  EXPECT_EQ(gw.get("/u").body, "hello");
  EXPECT_EQ(users_.connections(), 1u);
}

TEST_F(UpstreamTls, UsesNoConnectionMadeWithOtherSettings) {
  serve();
  auto forgets = [&](const std::string& before, const std::string& after) {
    Gateway gw(yaml(before));
    EXPECT_EQ(gw.get("/u").body, "hello");
    auto connections = users_.connections();
    ASSERT_TRUE(gw.reload(yaml(after)).good);

    EXPECT_THAT(gw.get("/u"), Refused(502, "upstream_tls"));
    EXPECT_TRUE(users_.closed(connections - 1));
    ASSERT_TRUE(gw.reload(yaml(before)).good);
    EXPECT_EQ(gw.get("/u").body, "hello");
  };
  std::string strangers = "ca: \"" + directory_.write("other.pem", Authority("Other").certificate()) + "\"";

  forgets(ca(), strangers);
  forgets(ca(), ca() + ", san: elsewhere");
  forgets("verify: false", strangers);
}

TEST_F(UpstreamTls, DoesNotKeepAConnectionWhoseSettingsChangedWhileItWasInUse) {
  serve();
  Gateway gw(yaml(ca()));
  std::promise<void> reloaded;
  users_.script()
      .expect_request()
      .then_send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbe")
      .then([&](UpstreamConnection& target) { reloaded.get_future().wait(), target.send("en"); });
  RawClient client = gw.connect();
  client.send(get("/u"));
  client.response_head();
  ASSERT_EQ(client.receive(2), "be");
  ASSERT_TRUE(gw.reload(yaml(ca() + ", san: elsewhere")).good);
  EXPECT_THAT(gw.get("/u"), Refused(502, "upstream_tls"));
  reloaded.set_value();
  ASSERT_EQ(client.receive(2), "en");
  gw.metrics();  // the exchange is over

  EXPECT_THAT(gw.get("/u"), Refused(502, "upstream_tls"));
  EXPECT_TRUE(users_.closed(0));
}

TEST_F(UpstreamTls, BelievesARenewedAuthorityWithoutAReload) {
  serve();
  Authority other("Other");
  Gateway gw(yaml("ca: \"" + directory_.write("ca.pem", other.certificate()) + "\""));
  ASSERT_THAT(gw.get("/u"), Refused(502, "upstream_tls"));
  Metrics before(gw);

  directory_.write("ca.pem", other.certificate() + authority_.certificate());
  ASSERT_TRUE(before.grows_by(1, "sluice_tls_certificate_reloads_total", {{"result", "ok"}}));

  EXPECT_EQ(gw.get("/u").body, "hello");
}

TEST_F(UpstreamTls, ForgetsAnAuthorityThatIsNotInItsFileAnyMore) {
  serve();
  Gateway gw(yaml(ca()));
  ASSERT_EQ(gw.get("/u").body, "hello");
  Metrics before(gw);

  directory_.write("ca.pem", Authority("Other").certificate());
  ASSERT_TRUE(before.grows_by(1, "sluice_tls_certificate_reloads_total", {{"result", "ok"}}));

  EXPECT_THAT(gw.get("/u"), Refused(502, "upstream_tls"));
  EXPECT_TRUE(users_.closed(0)) << "a connection that could not be made any more is no good for requests";
}

TEST_F(UpstreamTls, EndsARequestOnTheConnectionThatItHasWhenFilesAreRenewed) {
  serve();
  Gateway gw(yaml(ca()));
  std::promise<void> renewed;
  users_.script()
      .expect_request()
      .then_send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbe")
      .then([&](UpstreamConnection& target) { renewed.get_future().wait(), target.send("en"); });
  RawClient client = gw.connect();
  client.send(get("/u"));
  client.response_head();
  ASSERT_EQ(client.receive(2), "be");
  Metrics before(gw);

  directory_.write("ca.pem", authority_.certificate() + Authority("Other").certificate());
  ASSERT_TRUE(before.grows_by(1, "sluice_tls_certificate_reloads_total", {{"result", "ok"}}));
  EXPECT_EQ(gw.get("/u").body, "hello");
  renewed.set_value();

  EXPECT_EQ(client.receive(2), "en");
}

TEST_F(UpstreamTls, ShowsARenewedCertificateAndKeepsItWhenTheNextOneIsBroken) {
  Authority clients("Clients");
  serve({.names = {"127.0.0.1"}}, clients.certificate());
  auto show = [&](const Issued& us) {
    directory_.write("us.pem", us.certificate);
    return directory_.write("us.key", us.key);
  };
  std::string key = show(authority_.issue({.client = true}));
  Gateway gw(yaml(ca() + ", cert: \"" + directory_ / "us.pem" + "\", key: \"" + key + "\""));
  ASSERT_EQ(gw.get("/u").status, 502) << "the target knows another authority";
  Metrics before(gw);

  show(clients.issue({.client = true}));
  ASSERT_TRUE(before.grows_by(1, "sluice_tls_certificate_reloads_total", {{"result", "ok"}}));
  EXPECT_EQ(gw.get("/u").body, "hello");
  directory_.write("us.pem", "no certificate\n");
  ASSERT_TRUE(before.grows_by(1, "sluice_tls_certificate_reloads_total", {{"result", "failed"}}));

  users_.answers(200, "still", {{"Connection", "close"}});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(gw.get("/u").body, "still");
}

TEST_F(UpstreamTls, TellsWhenItsOwnCertificateExpires) {
  serve({.names = {"127.0.0.1"}});
  auto us = authority_.issue({.expires_in = 10, .client = true});
  std::string cert = directory_.write("us.pem", us.certificate);
  std::string key = directory_.write("us.key", us.key);
  Gateway gw(yaml(ca() + ", cert: \"" + cert + "\", key: \"" + key + "\""));

  EXPECT_EQ(sum(gw.metrics(), "sluice_tls_certificate_expiry_timestamp_seconds", {{"certificate", cert}}),
            static_cast<double>(us.load().expires()));
}

TEST_F(UpstreamTls, TakesATruncatedBodyForAFailure) {
  serve();
  Gateway gw(yaml(ca()));
  users_.script().expect_request().then_send("HTTP/1.1 200 OK\r\n\r\nhalf of").then_reset();
  RawClient client = gw.connect();
  client.send(get("/u"));

  std::string all = client.rest();
  EXPECT_THAT(all, HasSubstr("half of"));
  EXPECT_THAT(all, ::testing::Not(HasSubstr("\r\n0\r\n"))) << "it looks whole";
}

TEST_F(UpstreamTls, RefusesSettingsThatCannotWork) {
  auto refused = [&](const std::string& text) {
    try {
      Gateway gw(text);
    } catch (const std::runtime_error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_THAT(refused(yaml("cert: a.pem")), HasSubstr("need each other"));
  EXPECT_THAT(refused(yaml("ca: none.pem")), HasSubstr("cannot read none.pem"));
  EXPECT_THAT(refused(yaml("verify: false, ca: none.pem")), HasSubstr("leaves nothing"));
  EXPECT_THAT(refused("upstreams: {users: {url: \"http://127.0.0.1:1\", tls: {verify: true}}}\n"
                      "routes: [{name: u, match: {path: /**}, to: users}]"),
              HasSubstr("no target of this upstream has an https:// URL"));
}

}  // namespace
}  // namespace sluice::test::upstream_tls_test

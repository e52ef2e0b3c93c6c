// SPDX-License-Identifier: Apache-2.0
// Targets that come and go while requests are under way: names and services of a nameserver that is a fake.
#include <gmock/gmock.h>

#include "tests/support/fake_dns.h"
#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::discovery_test {
namespace {

using testing::HasSubstr;

constexpr const char* kService = "_http._tcp.svc.test";

class Discovery : public testing::Test {
 protected:
  Discovery() {
    dns_.resolves("a.test", {"127.0.0.1"});
    dns_.resolves("b.test", {"127.0.0.1"});
    b_.answers(200, "b");
  }
  std::string yaml(std::string_view upstream) const {
    return "resolver: {nameservers: \"" + dns_.address().text() + "\"}\nupstreams: {svc: {" +
           (usually_bridged() ? "protocol: h2, " : "") + std::string(upstream) +
           "}}\nroutes: [{name: all, match: {path: /**}, to: svc}]\n";
  }
  net::ServicePlace place(const char* host, const Upstream& at, std::uint16_t priority = 0) const {
    return {host, at.port(), priority, 1};
  }
  // Waits until the page of upstreams says so, or does not any more.
  static void await(Gateway& gw, const std::string& text, bool there = true) {
    for (int i = 0; i < 100'000; ++i)
      if ((gw.admin("/upstreams").body.find(text) != std::string::npos) == there) return;
    ADD_FAILURE() << text << " is not " << (there ? "there" : "gone") << ": " << gw.admin("/upstreams").body;
  }

  FakeDns dns_;
  Upstream a_{usually_bridged()}, b_{usually_bridged()};
};

TEST_F(Discovery, EndsWhatIsUnderWayAtAPlaceThatIsGoneAndSendsTheRestToTheOthers) {
  dns_.places(kService, {place("a.test", a_)});
  Gateway gw(yaml("url: \"srv+http://_http._tcp.svc.test\""));
  auto client = gw.connect();
  client.send(get("/last"));
  auto target = a_.accept();
  target.expect_request();

  dns_.places(kService, {place("b.test", b_)});
  await(gw, "b.test");
  await(gw, "\"state\":\"draining\"");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(gw.get("/").body, "b");
  target.send(ok("the last"));

  EXPECT_EQ(client.response().body, "the last");
  await(gw, "a.test", false);
  EXPECT_EQ(a_.request_count(), 1u);
}

TEST_F(Discovery, ClosesTheUnusedConnectionsOfAPlaceThatIsGone) {
  a_.answers(200, "a");
  dns_.places(kService, {place("a.test", a_)});
  Gateway gw(yaml("url: \"srv+http://_http._tcp.svc.test\", pool: {idle: 0s}"));
  EXPECT_EQ(gw.get("/").body, "a");

  dns_.places(kService, {place("b.test", b_)});
  await(gw, "b.test");

  EXPECT_TRUE(a_.has_seen(1, 1));
}

TEST_F(Discovery, AsksForTheHostThatTheServiceNames) {
  a_.answers(200, "a");
  dns_.places(kService, {place("a.test", a_)});
  Gateway gw(yaml("url: \"srv+http://_http._tcp.svc.test\", host: upstream"));

  gw.get("/");

  EXPECT_EQ(a_.request().value("host"), "a.test:" + std::to_string(a_.port()));
}

TEST_F(Discovery, GoesOnWithTheTargetsOfBeforeWhenTheNameserverFails) {
  a_.answers(200, "a");
  dns_.resolves("svc.test", {"127.0.0.1"});
  Gateway gw(yaml("url: \"http://svc.test:" + std::to_string(a_.port()) + "\""));
  for (auto mood : {FakeDns::Mood::servfail, FakeDns::Mood::garbage, FakeDns::Mood::nothing}) {
    Metrics before(gw);
    dns_.behaves("svc.test", mood);
    const char* result = mood == FakeDns::Mood::nothing ? "none" : "failed";
    while (before.growth("sluice_dns_lookups_total", {{"result", result}}) < 1)
      EXPECT_EQ(gw.get("/").body, "a");
  }

  EXPECT_THAT(gw.metrics(), testing::ContainsRegex("sluice_discovery_kept.*http://svc.test:[0-9]+\"} 1"));
  EXPECT_EQ(gw.get("/").body, "a");
}

TEST_F(Discovery, RetriesAtAnotherAddressOfTheName) {
  a_.answers(200, "a");
  dns_.resolves("svc.test", {"127.0.0.1", "127.0.0.77"});  // nobody listens on the second one
  Gateway gw(yaml("url: \"http://svc.test:" + std::to_string(a_.port()) + "\""));
  Metrics before(gw);

  for (int i = 0; i < 30; ++i) EXPECT_EQ(gw.get("/").body, "a");

  EXPECT_LE(before.growth("sluice_upstream_requests_total", {{"reason", "upstream_connect_failed"}}), 1)
      << "then it is avoided for a while";
}

TEST_F(Discovery, AnswersThatTheNameIsNotResolvedWhenItNeverWas) {
  Gateway gw(yaml("url: \"http://nowhere.test\""));

  auto response = gw.get("/");

  EXPECT_EQ(response.status, 502);
  EXPECT_THAT(gw.admin("/upstreams").body,
              HasSubstr("\"target\":\"nowhere.test:80\",\"state\":\"unhealthy\",\"why\":"
                        "\"nowhere.test: no such name\""));
}

TEST_F(Discovery, TakesAnotherNameserverWithAReload) {
  FakeDns other;
  other.resolves("late.test", {"127.0.0.1"});
  Gateway gw(yaml("url: \"http://127.0.0.1:" + std::to_string(a_.port()) + "\""));

  auto text = yaml("url: \"http://late.test:" + std::to_string(b_.port()) + "\"");
  auto at = text.find(dns_.address().text());
  text.replace(at, dns_.address().text().size(), other.address().text());
  auto loading = gw.reload(text);

  EXPECT_TRUE(loading.good) << loading.diagnostics;
  EXPECT_EQ(gw.get("/").body, "b");
}

}  // namespace
}  // namespace sluice::test::discovery_test

// SPDX-License-Identifier: Apache-2.0
// Who the client is behind proxies, and what targets are told of it.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::trusted_proxies_test {
namespace {

// `trusted`: of the listener, nothing for none. `more`: of the upstream.
std::string yaml(const std::string& trusted, const std::string& use = "[]", const std::string& more = "") {
  return "listeners: {web: {bind: \"127.0.0.1:0\"" +
         (trusted.empty() ? "" : ", trusted_proxies: " + trusted) + "}}\n" +
         "upstreams: {users: {url: <users>" + more + "}}\n" +
         "routes: [{name: u, match: {path: /**}, use: " + use + ", to: users}]\n";
}

constexpr const char* kTold =
    "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example.com\r\n";

TEST(TrustedProxies, AreNobodyUnlessListed) {
  for (const char* trusted : {"", "192.0.2.0/24"}) {
    Gateway gw(yaml(trusted), Downstream::h1);
    gw.upstream("users").answers(200, "ok");
    gw.get("/u", kTold);

    auto seen = gw.upstream("users").request();
    EXPECT_EQ(seen.value("X-Forwarded-For"), "127.0.0.1");
    EXPECT_EQ(seen.value("X-Forwarded-Proto"), "http");
    EXPECT_NE(seen.value("X-Forwarded-Host"), "shop.example.com");
    EXPECT_EQ(seen.count("X-Forwarded-For"), 1u);
    EXPECT_EQ(json_value(gw.log_line(), "client_ip"), "127.0.0.1");
  }
}

TEST(TrustedProxies, AreBelieved) {
  Gateway gw(
      yaml("127.0.0.0/8", "[{headers: {response: {set: {X-Client: \"${client.ip} ${request.scheme}\"}}}}]"),
      Downstream::h1);
  gw.upstream("users").answers(200, "ok");

  auto answer = gw.get("/u", kTold);

  EXPECT_EQ(answer.value("X-Client"), "203.0.113.7 https");
  auto seen = gw.upstream("users").request();
  EXPECT_EQ(seen.value("X-Forwarded-For"), "203.0.113.7, 127.0.0.1");
  EXPECT_EQ(seen.value("X-Forwarded-Proto"), "https");
  EXPECT_EQ(seen.value("X-Forwarded-Host"), "shop.example.com");
  EXPECT_EQ(json_value(gw.log_line(), "client_ip"), "203.0.113.7");
}

constexpr const char* kToldServices =
    "X-Forwarded-Port: 8443\r\nX-Forwarded-Prefix: /shop\r\nX-Forwarded-User: ada\r\nX-Real-IP: "
    "203.0.113.7\r\n";

// Who got what of kToldServices behind a listener with these proxies.
std::string got(const std::string& trusted, Downstream version) {
  std::string text = yaml(trusted), bind = "127.0.0.1:0\"";
  if (version == Downstream::h2) text.replace(text.find(bind), bind.size(), bind + ", protocols: [h2]");
  Gateway gw(text, version);
  gw.upstream("users").answers(200, "ok");
  gw.get("/u", kToldServices);
  auto seen = gw.upstream("users").request();
  return seen.value("X-Forwarded-Port") + "|" + seen.value("X-Forwarded-Prefix") + "|" +
         seen.value("X-Forwarded-User") + "|" + seen.value("X-Real-IP");
}

TEST(TrustedProxies, TellServicesWhatConcernsNobodyElse) {
  EXPECT_EQ(got("127.0.0.0/8", Downstream::h1), "8443|/shop|ada|");
  EXPECT_EQ(got("127.0.0.0/8", Downstream::h2), "8443|/shop|ada|");
  EXPECT_EQ(got("192.0.2.0/24", Downstream::h1), "|||");
  EXPECT_EQ(got("", Downstream::h1), "|||");
  EXPECT_EQ(got("", Downstream::h2), "|||");
  EXPECT_EQ(got("{from: 127.0.0.0/8, tell: rfc7239}", Downstream::h1), "|||") << "whose word is Forwarded";
}

TEST(TrustedProxies, SpeakForAnotherClientWithEachRequest) {
  Gateway gw(yaml("127.0.0.0/8", "[{ip_access: {deny: 203.0.113.0/24}}]"), Downstream::h1);
  gw.upstream("users").answers(200, "ok");
  RawClient proxy = gw.connect();

  EXPECT_THAT(proxy.ask(get("/u", "X-Forwarded-For: 203.0.113.7\r\n")), Refused(403, "forbidden"));
  EXPECT_THAT(proxy.ask(get("/u", "X-Forwarded-For: 198.51.100.7\r\n")), HasStatus(200));
  EXPECT_THAT(proxy.ask(get("/u")), HasStatus(200));
  // What is left of the client is anybody's word.
  EXPECT_THAT(proxy.ask(get("/u", "X-Forwarded-For: 198.51.100.7, 203.0.113.7\r\n")),
              Refused(403, "forbidden"));
}

// Statuses of a request for each route, with that told of the client; 204 is its route's.
std::vector<int> routed(const std::string& trusted, const char* told) {
  Gateway gw("listeners: {web: {bind: \"127.0.0.1:0\"" +
                 (trusted.empty() ? "" : ", trusted_proxies: " + trusted) + "}}\n" + R"(
routes:
  - {name: ip, match: {path: /ip, client_ip: 203.0.113.0/24}, respond: 204}
  - {name: scheme, match: {path: /scheme, scheme: https}, respond: 204}
  - name: when
    match: {path: /when, when: 'client.ip == "203.0.113.7" && request.scheme == "https"'}
    respond: 204
)",
             Downstream::h1);
  return {gw.get("/ip", told).status, gw.get("/scheme", told).status, gw.get("/when", told).status};
}

TEST(TrustedProxies, TellTheClientThatRoutesAreChosenBy) {
  using testing::ElementsAre;
  EXPECT_THAT(routed("127.0.0.0/8", kTold), ElementsAre(204, 204, 204));
  EXPECT_THAT(routed("127.0.0.0/8", "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: http\r\n"),
              ElementsAre(404, 404, 404));
  EXPECT_THAT(routed("192.0.2.0/24", kTold), ElementsAre(404, 404, 404)) << "of whoever is not listed";
  EXPECT_THAT(routed("", kTold), ElementsAre(404, 404, 404));
}

TEST(TrustedProxies, CountForLimitsByTheClientsAddress) {
  Gateway gw(yaml("127.0.0.0/8", "[{rate_limit: {limit: 1/h, by: ip}}]"), Downstream::h1);
  gw.upstream("users").answers(200, "ok");

  EXPECT_EQ(gw.get("/u", "X-Forwarded-For: 203.0.113.7\r\n").status, 200);
  EXPECT_EQ(gw.get("/u", "X-Forwarded-For: 203.0.113.8\r\n").status, 200);
  EXPECT_EQ(gw.get("/u", "X-Forwarded-For: 203.0.113.7\r\n").status, 429);
}

TEST(TrustedProxies, DoNotHarmByAChainThatCannotBeRead) {
  Gateway gw(yaml("127.0.0.0/8"), Downstream::h1);
  gw.upstream("users").answers(200, "ok");

  EXPECT_EQ(gw.get("/u", "X-Forwarded-For: 203.0.113.7, ;;;\r\n").status, 200);

  EXPECT_EQ(gw.upstream("users").request().value("X-Forwarded-For"), "127.0.0.1");
  EXPECT_EQ(json_value(gw.log_line(), "client_ip"), "127.0.0.1");
}

TEST(TrustedProxies, MayWriteForwarded) {
  Gateway gw(yaml("{from: 127.0.0.0/8, tell: rfc7239}", "[]", ", forwarded: both"), Downstream::h1);
  gw.upstream("users").answers(200, "ok");

  gw.get("/u", "Forwarded: for=203.0.113.7;proto=https;host=shop\r\nX-Forwarded-For: 6.6.6.6\r\n");

  auto seen = gw.upstream("users").request();
  EXPECT_EQ(seen.value("X-Forwarded-For"), "203.0.113.7, 127.0.0.1");
  EXPECT_EQ(seen.value("Forwarded"),
            "for=203.0.113.7;proto=https;host=shop, for=127.0.0.1;host=\"shop\";proto=https");
}

TEST(TrustedProxies, MayNameRequests) {
  Gateway gw(yaml("127.0.0.0/8", "[{request_id: {}}]"), Downstream::h1);
  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(gw.get("/u", "X-Request-ID: theirs\r\n").value("X-Request-ID"), "theirs");

  Gateway distrusting(yaml("", "[{request_id: {}}]"), Downstream::h1);
  distrusting.upstream("users").answers(200, "ok");
  EXPECT_NE(distrusting.get("/u", "X-Request-ID: theirs\r\n").value("X-Request-ID"), "theirs");
}

TEST(TrustedProxies, NameRequestsWithoutAFilterToo) {
  Gateway gw(yaml("127.0.0.0/8"), Downstream::h1);
  gw.upstream("users").answers(200, "ok");

  gw.get("/u", "X-Request-ID: theirs\r\n");
  EXPECT_EQ(gw.upstream("users").request().value("X-Request-ID"), "theirs");
  EXPECT_EQ(json_value(gw.log_line(), "request_id"), "theirs");
  gw.get("/u", "X-Request-ID: \"no id\"\r\n");
  EXPECT_FALSE(gw.upstream("users").request(1).has("X-Request-ID"));
  EXPECT_EQ(json_value(gw.log_line(), "request_id").size(), 36u);

  Gateway distrusting(yaml(""), Downstream::h1);
  distrusting.upstream("users").answers(200, "ok");
  distrusting.get("/u", "X-Request-ID: theirs\r\n");
  EXPECT_FALSE(distrusting.upstream("users").request().has("X-Request-ID"));
  EXPECT_EQ(json_value(distrusting.log_line(), "request_id").size(), 36u);
}

TEST(TrustedProxies, NameRequestsOfWhichTheTargetDoesNotGetTheId) {
  Gateway gw(yaml("127.0.0.0/8", "[{headers: {request: {remove: X-*}}}]"), Downstream::h1);
  gw.upstream("users").answers(200, "ok");

  gw.get("/u", "X-Request-ID: theirs\r\n");
  EXPECT_FALSE(gw.upstream("users").request().has("X-Request-ID"));
  EXPECT_EQ(json_value(gw.log_line(), "request_id"), "theirs");
}

TEST(TrustedProxies, NameNoRequestsWhereTheFilterTrustsNobody) {
  Gateway gw(yaml("127.0.0.0/8", "[{request_id: {trust: false}}]"), Downstream::h1);
  gw.upstream("users").answers(200, "ok");

  EXPECT_NE(gw.get("/u", "X-Request-ID: theirs\r\n").value("X-Request-ID"), "theirs");
  EXPECT_EQ(json_value(gw.log_line(), "request_id").size(), 36u);
}

TEST(TrustedProxies, NameNoRequestsBeforeTheTurnOfTheFilterEither) {
  Gateway gw(yaml("127.0.0.0/8", "[{ip_access: {deny: 127.0.0.0/8}}, {request_id: {trust: false}}]"),
             Downstream::h1);

  EXPECT_EQ(gw.get("/u", "X-Request-ID: theirs\r\n").status, 403);
  EXPECT_EQ(json_value(gw.log_line(), "request_id").size(), 36u);
}

TEST(TrustedProxies, AreBelievedOverHttp2) {
  Gateway gw(
      "listeners: {web: {bind: \"127.0.0.1:0\", protocols: [h2], trusted_proxies: 127.0.0.0/8}}\n"
      "routes: [{name: u, match: {path: /**}, use: [{ip_access: {deny: 203.0.113.0/24}}], respond: 204}]\n",
      Downstream::h2);

  EXPECT_EQ(gw.get("/u", "X-Forwarded-For: 203.0.113.7\r\n").status, 403);
  EXPECT_EQ(gw.get("/u", "X-Forwarded-For: 203.0.114.7\r\n").status, 204);
}

TEST(Forwarded, IsToldAsTheUpstreamWantsIt) {
  auto told = [](const char* how) {
    Gateway gw(yaml("", "[]", std::string(", forwarded: ") + how), Downstream::h1);
    gw.upstream("users").answers(200, "ok");
    gw.get("/u", "Forwarded: for=6.6.6.6\r\nX-Forwarded-For: 6.6.6.6\r\n");
    auto seen = gw.upstream("users").request();
    return seen.value("X-Forwarded-For") + "|" + seen.value("X-Forwarded-Proto") + "|" +
           seen.value("Forwarded").substr(0, 13) + "|" + std::to_string(seen.count("Via"));
  };
  EXPECT_EQ(told("x_forwarded"), "127.0.0.1|http||1");
  EXPECT_EQ(told("rfc7239"), "||for=127.0.0.1|1");
  EXPECT_EQ(told("both"), "127.0.0.1|http|for=127.0.0.1|1");
  EXPECT_EQ(told("off"), "|||1");
}

}  // namespace
}  // namespace sluice::test::trusted_proxies_test

// SPDX-License-Identifier: Apache-2.0
// Which target requests meet: by key, by cookie, while targets are ill, while an upstream is. How the choices
// come out over many requests is for the unit tests.
#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <set>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"
#include "tests/support/signer.h"

namespace sluice::test::balancing_test {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kRoute = "\nroutes: [{name: u, match: {path: \"/u/{id}\"}, to: users}]\n";
constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";
constexpr const char* kTargets = "sluice_upstream_targets";

// Three targets that say their names.
struct Three {
  explicit Three(const std::string& settings)
      : gw("upstreams: {users: {targets: [\"<a>\", \"<b>\", \"<c>\"], " + settings + "}}" + kRoute) {
    for (auto name : {"a", "b", "c"}) gw.upstream(name).answers(200, name);
  }
  std::string body(std::string_view target, const std::string& lines = "") {
    return gw.get(target, lines).body;
  }
  Gateway gw;
};

TEST(Balancing, KeepsRequestsTogetherThatAreAlike) {
  struct {
    const char* by;
    std::function<std::pair<std::string, std::string>(int)> request;  // target and fields of the n-th key
  } cases[] = {
      {"header.X-User", [](int n) { return std::pair("/u/1"s, "X-User: " + std::to_string(n) + "\r\n"); }},
      {"cookie.sid",
       [](int n) { return std::pair("/u/1"s, "Cookie: a=b; sid=" + std::to_string(n) + "\r\n"); }},
      {"query.q", [](int n) { return std::pair("/u/1?q=" + std::to_string(n), ""s); }},
      {"path.id", [](int n) { return std::pair("/u/" + std::to_string(n), ""s); }},
  };
  for (const auto& c : cases) {
    Three three("balance: consistent_hash, hash_by: "s + c.by);
    std::set<std::string> met;
    for (int n = 0; n < 60; ++n) {
      auto [target, lines] = c.request(n);
      auto first = three.body(target, lines);
      EXPECT_EQ(three.body(target, lines), first) << c.by << " " << n;
      met.insert(first);
    }
    EXPECT_EQ(met.size(), 3u) << c.by;
  }
}

TEST(Balancing, KeepsAConsumerAtOneTarget) {
  Gateway gw(R"(
upstreams: {users: {targets: ["<a>", "<b>", "<c>"], balance: consistent_hash, hash_by: consumer}}
consumers:
  - {name: ann, api_keys: ["sha256:02b757a429d88596e65eb1317986428e02d12cc27ca05d916d84590323728ded"]}  # k-ann
  - {name: bob, api_keys: ["sha256:dc3b2e6c977deebea495ebfecc09fd036765694a52702a8cc4230f246380a281"]}  # k-bob
routes: [{name: u, match: {path: /**}, use: [{api_key: {header: X-Api-Key}}], to: users}]
)");
  for (auto name : {"a", "b", "c"}) gw.upstream(name).answers(200, name);

  for (auto key : {"k-ann", "k-bob"}) {
    std::set<std::string> met;
    for (int i = 0; i < 10; ++i) met.insert(gw.get("/", "X-Api-Key: "s + key + "\r\n").body);
    EXPECT_EQ(met.size(), 1u) << key;
    EXPECT_NE(*met.begin(), "");
  }
}

TEST(Balancing, KeepsAnAddressAtOneTarget) {
  Gateway gw(
      "listeners: {web: {bind: \"127.0.0.1:0\", trusted_proxies: 127.0.0.0/8}}\n"
      "upstreams: {users: {targets: [\"<a>\", \"<b>\", \"<c>\"], balance: consistent_hash, hash_by: ip}}"s +
          kRoute,
      Downstream::h1);
  for (auto name : {"a", "b", "c"}) gw.upstream(name).answers(200, name);
  auto meets = [&](const std::string& client) {
    return gw.get("/u/1", "X-Forwarded-For: " + client + "\r\n").body;
  };

  std::set<std::string> met;
  for (int n = 0; n < 60; ++n) {
    auto client = "203.0.113." + std::to_string(n);
    auto first = meets(client);
    EXPECT_EQ(meets(client), first) << client;
    met.insert(first);
  }
  EXPECT_EQ(met.size(), 3u);
  for (int n = 0; n < 20; ++n) {
    auto network = "2001:db8:0:" + std::to_string(n) + ":";
    EXPECT_EQ(meets(network + ":1"), meets(network + "ffff::2"))
        << "one client may have a network of 64 bits";
  }
}

TEST(Balancing, KeepsAClaimAtOneTarget) {
  Upstream idp;
  Signer issuer("ES256", "a");
  idp.answers(200, issuer.jwks());
  Gateway gw(R"(
upstreams: {users: {targets: ["<a>", "<b>", "<c>"], balance: consistent_hash, hash_by: claim.tenant}}
routes:
  - name: u
    match: {path: /**}
    use: [{jwt: {issuer: "https://idp", audience: api, jwks: ")" +
             idp.url() + R"(/keys"}}]
    to: users
)");
  for (auto name : {"a", "b", "c"}) gw.upstream(name).answers(200, name);
  auto meets = [&](const std::string& who, int tenant) {
    auto token = issuer.token(R"({"iss":"https://idp","aud":"api","exp":4102444800,"sub":")" + who +
                              R"(","tenant":"t)" + std::to_string(tenant) + "\"}");
    return gw.get("/", "Authorization: Bearer " + token + "\r\n").body;
  };

  std::set<std::string> met;
  for (int tenant = 0; tenant < 40; ++tenant) {
    auto first = meets("ann", tenant);
    EXPECT_EQ(meets("bob", tenant), first) << tenant;
    met.insert(first);
  }

  EXPECT_EQ(met, (std::set<std::string>{"a", "b", "c"}));
}

TEST(Balancing, MovesAKeyOnlyWhileItsTargetIsAway) {
  Three three("balance: consistent_hash, hash_by: path.id");
  std::map<int, std::string> before;
  for (int n = 0; n < 30; ++n) before[n] = three.body("/u/" + std::to_string(n));

  three.gw.upstream("b").stop_listening();
  three.gw.upstream("b").answers_with("", true);  // ends the connections that are open

  for (int n = 0; n < 30; ++n) {
    auto now = three.body("/u/" + std::to_string(n));
    if (before[n] == "b") {
      EXPECT_THAT(now, testing::AnyOf("a", "c"));
    } else {
      EXPECT_EQ(now, before[n]);
    }
  }
}

TEST(Balancing, ByLatencyFindsTheQuickTarget) {
  Three three("balance: peak_ewma, retry: none");
  three.gw.upstream("a").answers(503, "no");
  three.gw.upstream("b").answers(503, "no");
  for (int i = 0; i < 6; ++i) three.body("/u/1");  // each is tried once

  std::map<std::string, int> met;
  for (int i = 0; i < 60; ++i) ++met[three.body("/u/1")];

  // Of two drawn at random c is better whenever it is one of them: 40 times.
  EXPECT_GT(met["c"], 15);
}

TEST(Balancing, AtRandomMeetsEveryTarget) {
  Three three("balance: random");
  std::set<std::string> met;
  for (int i = 0; i < 60; ++i) met.insert(three.body("/u/1"));

  EXPECT_EQ(met.size(), 3u);
}

std::string sticky(const std::string& more = "") {
  return "balance: round_robin, sticky: {cookie: shop, secret: "s + kSecret + more + "}";
}
// What a browser sends back.
std::string cookie_of(const Response& r) {
  std::string line(r.value("Set-Cookie"));
  return line.empty() ? "" : "Cookie: " + line.substr(0, line.find(';')) + "\r\n";
}

TEST(Sticky, BringsAClientBackToItsTarget) {
  Three three(sticky());
  auto first = three.gw.get("/u/1");
  EXPECT_THAT(std::string(first.value("Set-Cookie")), HasSubstr("; Path=/; HttpOnly; Secure; SameSite=Lax"));
  EXPECT_THAT(std::string(first.value("Set-Cookie")),
              Not(HasSubstr(std::to_string(three.gw.upstream(first.body).port()))));

  for (int i = 0; i < 6; ++i) {
    auto next = three.gw.get("/u/1", cookie_of(first));
    EXPECT_EQ(next.body, first.body);
    EXPECT_THAT(next, HasNoField("Set-Cookie"));
  }
  EXPECT_TRUE(three.gw.get("/u/1", "Cookie: shop=AAAAAAAAAAAAAAAAAAAAAA\r\n").has("Set-Cookie"));
}

TEST(Sticky, IsUnderstoodByAnotherGatewayWithTheSecret) {
  Three one(sticky());
  auto first = one.gw.get("/u/1");
  std::string targets;
  for (auto name : {"c", "a", "b"})
    targets += (targets.empty() ? "\"" : ", \"") + one.gw.upstream(name).url() + "\"";
  Gateway other("upstreams: {users: {targets: [" + targets + "], " + sticky() + "}}" + kRoute);

  for (int i = 0; i < 6; ++i) EXPECT_EQ(other.get("/u/1", cookie_of(first)).body, first.body);
}

TEST(Sticky, ChoosesAnotherTargetWhereTheOldOneIsGone) {
  Three three(sticky(", ttl: 1h"));
  auto first = three.gw.get("/u/1");
  auto& gone = three.gw.upstream(first.body);
  gone.stop_listening();
  gone.answers_with("", true);

  auto next = three.gw.get("/u/1", cookie_of(first));

  EXPECT_THAT(next, HasStatus(200));
  EXPECT_NE(next.body, first.body);
  EXPECT_THAT(std::string(next.value("Set-Cookie")), HasSubstr("; Max-Age=3600;"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(three.gw.get("/u/1", cookie_of(next)).body, next.body);
}

TEST(Sticky, ForgetsATargetThatAReloadHasRemoved) {
  Three three(sticky());
  auto first = three.gw.get("/u/1");
  std::string left;
  for (auto name : {"a", "b", "c"})
    if (name != first.body) left += (left.empty() ? "\"<"s : ", \"<"s) + name + ">\"";

  ASSERT_TRUE(
      three.gw.reload("upstreams: {users: {targets: [" + left + "], " + sticky() + "}}" + kRoute).good);

  auto next = three.gw.get("/u/1", cookie_of(first));
  EXPECT_NE(next.body, first.body);
  EXPECT_TRUE(next.has("Set-Cookie"));
}

// Upstreams whose health a test decides by their names: "a1" and so on.
struct Checked {
  // The upstreams say 200 to everything until they are told to be ill; then checks begin.
  explicit Checked(const std::string& yaml, std::set<std::string> names, std::set<std::string> sick)
      : ill(std::move(sick)), gw("routes: [{name: u, match: {path: /**}, respond: 200}]") {
    for (const auto& name : names)
      gw.upstream(name).answers_by([this, name](const Request& r) -> Answer {
        bool fails = r.target == "/healthz" && ill.contains(name);
        return {"HTTP/1.1 "s + (fails ? "500 No" : "200 OK") +
                    "\r\nContent-Length: " + std::to_string(name.size()) + "\r\n\r\n" + name,
                false};
      });
    EXPECT_TRUE(gw.reload(yaml).good);
  }
  // Which of them answer, of so many requests.
  std::map<std::string, int> answers(int n) {
    std::map<std::string, int> out;
    for (int i = 0; i < n; ++i) ++out[gw.get("/x").body];
    return out;
  }
  const std::set<std::string> ill;
  Gateway gw;
};

std::string checked(const std::string& name, const std::string& targets, const std::string& more = "") {
  return "  " + name + ": {targets: [" + targets +
         "], balance: round_robin, health: {path: /healthz, interval: 1h}" + more + "}\n";
}
constexpr const char* kToNear = "routes: [{name: u, match: {path: /**}, to: near}]\n";

TEST(Panic, SendsRequestsToAllTargetsAndRaisesTheAlarm) {
  std::string three = "\"<a>\", \"<b>\", \"<c>\"";
  Checked all("upstreams:\n" + checked("near", three) + kToNear, {"a", "b", "c"}, {"a", "b"});
  Metrics metrics(all.gw);
  ASSERT_TRUE(metrics.becomes(2, kTargets, {{"upstream", "near"}, {"state", "unhealthy"}}));

  EXPECT_EQ(all.answers(9), (std::map<std::string, int>{{"a", 3}, {"b", 3}, {"c", 3}}));
  EXPECT_TRUE(metrics.becomes(1, "sluice_upstream_panic", {{"upstream", "near"}}));

  ASSERT_TRUE(all.gw.reload("upstreams:\n" + checked("near", three, ", panic_threshold: 0%") + kToNear).good);
  EXPECT_EQ(all.answers(9), (std::map<std::string, int>{{"c", 9}}));
  EXPECT_TRUE(metrics.becomes(0, "sluice_upstream_panic", {{"upstream", "near"}}));
}

TEST(Failover, LetsAnotherUpstreamServeWhereNothingIsHealthy) {
  Checked all("upstreams:\n" + checked("near", "\"<a>\", \"<b>\"", ", failover: [far]") +
                  checked("far", "\"<c>\"", ", host: upstream") + kToNear,
              {"a", "b", "c"}, {"a", "b"});
  ASSERT_TRUE(Metrics(all.gw).becomes(2, kTargets, {{"upstream", "near"}, {"state", "unhealthy"}}));
  Metrics metrics(all.gw);

  EXPECT_EQ(all.answers(6), (std::map<std::string, int>{{"c", 6}}));

  EXPECT_EQ(json_value(all.gw.log_line(), "upstream"), "far");
  EXPECT_EQ(metrics.growth("sluice_upstream_requests_total", {{"upstream", "far"}}), 6);
  EXPECT_EQ(metrics.growth("sluice_upstream_requests_total", {{"upstream", "near"}}), 0);
  auto seen = all.gw.upstream("c").requests();
  EXPECT_THAT(seen.back(), HasField("Host", "127.0.0.1:" + std::to_string(all.gw.upstream("c").port())))
      << "as the settings of that upstream say";
}

TEST(Failover, ShareOutTheRequestsWhereTooFewAreHealthy) {
  Checked all("upstreams:\n" + checked("near", "\"<a>\", \"<b>\"", ", failover: far") +
                  checked("far", "\"<c>\"") + kToNear,
              {"a", "b", "c"}, {"a"});
  ASSERT_TRUE(Metrics(all.gw).becomes(1, kTargets, {{"upstream", "near"}, {"state", "unhealthy"}}));

  auto answers = all.answers(200);

  EXPECT_EQ(answers["a"], 0);
  EXPECT_NEAR(answers["b"], 140, 45) << "half of the targets bear 0.7 of the requests";
  EXPECT_NEAR(answers["c"], 60, 45);
}

TEST(Failover, ServesAnExchangeThatNoTargetOfTheFirstWouldTake) {
  Gateway gw("upstreams: {near: {url: \"<a>\", failover: far}, far: {url: \"<b>\"}}\n"s + kToNear);
  gw.upstream("b").answers(200, "b");
  gw.upstream("a").stop_listening();

  EXPECT_EQ(gw.get("/x").body, "b");
}

TEST(Failover, ServesWhereTheCircuitIsOpen) {
  Gateway gw(
      "upstreams: {near: {url: \"<a>\", failover: far, retry: none, circuit_breaker: {min_requests: 4, open: "
      "1h}}, "
      "far: {url: \"<b>\"}}\n"s +
      kToNear);
  gw.upstream("a").answers(503, "busy");
  gw.upstream("b").answers(200, "b");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(gw.get("/x").body, "busy");

  for (int i = 0; i < 4; ++i) EXPECT_EQ(gw.get("/x").body, "b");

  EXPECT_EQ(gw.upstream("a").request_count(), 4u);
}

TEST(Failover, GoesByTheKeyOfTheUpstreamThatServes) {
  Checked all(
      "upstreams:\n" + checked("near", "\"<a>\"", ", failover: far") +
          "  far: {targets: [\"<b>\", \"<c>\", \"<d>\"], balance: consistent_hash, hash_by: header.X-User}\n"
          "routes: [{name: far, match: {path: /far}, to: far}, {name: u, match: {path: /**}, to: near}]\n",
      {"a", "b", "c", "d"}, {"a"});
  ASSERT_TRUE(Metrics(all.gw).becomes(1, kTargets, {{"upstream", "near"}, {"state", "unhealthy"}}));

  std::set<std::string> met;
  for (int n = 0; n < 60; ++n) {
    auto user = "X-User: " + std::to_string(n) + "\r\n";
    auto served = all.gw.get("/x", user).body;
    EXPECT_EQ(served, all.gw.get("/far", user).body) << n;
    met.insert(served);
  }

  EXPECT_EQ(met.size(), 3u);
}

TEST(Failover, LeavesACookieAloneUntilItsTargetIsBack) {
  std::string near =
      checked("near", "\"<a>\"", ", failover: far, " + sticky().substr(sticky().find("sticky")));
  Checked all("upstreams:\n" + near + checked("far", "\"<b>\"") + kToNear, {"a", "b"}, {"a"});
  ASSERT_TRUE(Metrics(all.gw).becomes(1, kTargets, {{"upstream", "near"}, {"state", "unhealthy"}}));

  auto answer = all.gw.get("/x");

  EXPECT_EQ(answer.body, "b");
  EXPECT_THAT(answer, HasNoField("Set-Cookie"));
}

}  // namespace
}  // namespace sluice::test::balancing_test

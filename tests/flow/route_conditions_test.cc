// SPDX-License-Identifier: Apache-2.0
// Routes that look at more than host, path and method.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::route_conditions_test {
namespace {

// Upstreams that say who they are.
std::unique_ptr<Gateway> gateway(std::string_view yaml, std::vector<std::string> upstreams) {
  auto gw = std::make_unique<Gateway>(yaml);
  for (const auto& name : upstreams) gw->upstream(name).answers(200, name);
  return gw;
}

TEST(RouteConditions, ChooseByHeaderCookieAndQuery) {
  auto gw = gateway(R"(
routes:
  - {name: any, match: {path: /a}, to: any}
  - {name: acme, match: {path: /a, header: {X-Tenant: acme}}, to: acme}
  - {name: both, match: {path: /a, header: {X-Tenant: acme}, cookie: {beta: present}}, to: both}
  - {name: versions, match: {path: /a, query: {v: {regex: "[0-9]+"}}}, to: versions}
  - {name: quiet, match: {path: /b, header: {X-Debug: absent}}, to: quiet}
  - {name: others, match: {path: /b, header: {X-Debug: present}}, to: others}
)",
                    {"any", "acme", "both", "versions", "quiet", "others"});

  EXPECT_EQ(gw->get("/a").body, "any");
  EXPECT_EQ(gw->get("/a", "x-tenant: acme\r\n").body, "acme");
  EXPECT_EQ(gw->get("/a", "X-Tenant: globex\r\n").body, "any");
  EXPECT_EQ(gw->get("/a", "X-Tenant: acme\r\nX-Tenant: globex\r\n").body, "any");
  EXPECT_EQ(gw->get("/a", "X-Tenant: acme\r\nCookie: a=b; beta=1\r\n").body, "both");
  EXPECT_EQ(gw->get("/a?v=12").body, "versions");
  EXPECT_EQ(gw->get("/a?v=x").body, "any");
  EXPECT_EQ(gw->get("/a?v=12", "X-Tenant: acme\r\n").body, "acme");
  EXPECT_EQ(gw->get("/b").body, "quiet");
  EXPECT_EQ(gw->get("/b", "X-Debug:\r\n").body, "others");
}

TEST(RouteConditions, AreNotMetByWhatTheGatewayTakesAway) {
  auto gw = gateway(R"(
routes:
  - {name: any, match: {path: /a}, to: any}
  - {name: told, match: {path: /a, header: {X-Consumer: present}}, to: told}
  - name: other
    match: {path: /b}
    use: {headers: {request: {set: {X-Consumer: "${consumer.id}"}}}}
    to: any
)",
                    {"any", "told"});

  EXPECT_EQ(gw->get("/a", "X-Consumer: forged\r\n").body, "any");
}

TEST(RouteConditions, TellUpgradesFromPlainRequests) {
  auto gw = gateway(R"(
routes:
  - {name: plain, match: {path: /a}, to: plain}
  - {name: sockets, match: {path: /a, header: {Upgrade: present}}, respond: 418}
)",
                    {"plain"});

  RawClient client = gw->connect();
  EXPECT_EQ(client.ask("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").body, "plain");
  EXPECT_EQ(
      client.ask("GET /a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n").status,
      418);
}

TEST(RouteConditions, CountAmongWhatFitsBeforeTheMethodIsBlamed) {
  auto gw = gateway(R"(
routes:
  - {name: writes, match: {path: /a, method: POST, header: {X-Tenant: acme}}, to: writes}
)",
                    {"writes"});

  EXPECT_THAT(gw->get("/a"), Refused(404, "no_route"));
  auto refused = gw->get("/a", "X-Tenant: acme\r\n");
  EXPECT_THAT(refused, Refused(405, "method"));
  EXPECT_THAT(refused, HasField("Allow", "POST, OPTIONS"));
}

TEST(RouteConditions, KnowTheListenerAndTheClient) {
  auto gw = gateway(R"(
listeners: {public: "127.0.0.1:0", internal: "127.0.0.1:0"}
routes:
  - {name: any, match: {path: /a}, to: any}
  - {name: inside, match: {path: /a, listener: internal}, priority: 1, to: inside}
  - {name: here, match: {path: /b, client_ip: 127.0.0.0/8}, to: here}
  - {name: there, match: {path: /c, client_ip: {not_in: 127.0.0.0/8}}, to: there}
  - {name: secure, match: {path: /d, scheme: https}, to: there}
  - {name: named, match: {path: /d, scheme: http, listener: public}, to: here}
)",
                    {"any", "inside", "here", "there"});
  auto ask = [&](std::string_view listener, std::string_view target) {
    RawClient client = gw->connect(listener);
    return client.ask(get(target));
  };

  EXPECT_EQ(ask("public", "/a").body, "any");
  EXPECT_EQ(ask("internal", "/a").body, "inside");
  EXPECT_EQ(ask("public", "/b").body, "here");
  EXPECT_THAT(ask("public", "/c"), Refused(404, "no_route"));
  EXPECT_EQ(ask("public", "/d").body, "here");
  EXPECT_THAT(ask("internal", "/d"), Refused(404, "no_route"));
}

}  // namespace
}  // namespace sluice::test::route_conditions_test

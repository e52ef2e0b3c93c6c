// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/unreachable.h"

#include <gmock/gmock.h>

#include "gateway/server/loaded.h"

namespace sluice::server::unreachable_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// What is said of these routes, behind `rest`, the other sections.
std::string said(const std::string& rest, const std::string& routes) {
  auto loaded = load_text(rest + "\nroutes:\n" + routes, "gateway.yaml");
  EXPECT_TRUE(loaded->ok()) << loaded->diagnostics.text();
  warn_of_unreachable(loaded->config, config::Report(loaded->document, loaded->diagnostics));
  return loaded->diagnostics.text();
}

constexpr const char* kPlain = "listeners: {web: ':0'}";

TEST(Unreachable, IsWhatEqualsAMatchOfHigherPriority) {
  EXPECT_THAT(
      said(kPlain,
           "  - {name: a, match: {path: /a, header: {X-T: [b, c]}}, respond: 200}\n"
           "  - {name: b, match: {path: /a, header: {X-T: [b, c]}}, priority: 1, respond: 200}\n"),
      AllOf(HasSubstr("gateway.yaml:3:22: warning: no request reaches this match: that of the route b is "
                      "the same and has a higher `priority`\n"),
            HasSubstr("the other one is at gateway.yaml:4:22\n"), testing::Not(HasSubstr(":4:22: w"))));
}

TEST(Unreachable, IsWhatEqualsAnEarlierMatchWhereTheFirstWins) {
  const std::string routes =
      "  - {name: a, match: {path: /a}, respond: 200}\n"
      "  - {name: b, match: {path: /a}, respond: 200}\n";

  EXPECT_THAT(
      said("listeners: {web: ':0'}\non_tie: first", routes),
      AllOf(HasSubstr("gateway.yaml:5:22: warning: no request reaches this match: that of the route a is "
                      "the same and stands before it\n"),
            HasSubstr("the other one is at gateway.yaml:4:22\n")));
  EXPECT_THAT(said(kPlain, routes), IsEmpty()) << "that is a tie, which is an error of the table";
}

TEST(Unreachable, IsNothingThatDiffersInAnything) {
  for (const char* lower : {"match: {path: /a, client_ip: 10.0.0.0/8}", "match: {path: /a, host: h.example}",
                            "match: {path: /a, header: {X-T: b}}", "match: {path: /a, method: POST}",
                            "match: {path: /a}, trailing_slash: ignore"})
    EXPECT_THAT(said(kPlain,
                     "  - {name: a, match: {path: /a}, priority: 1, respond: 200}\n"
                     "  - {name: b, " +
                         std::string(lower) + ", respond: 200}\n"),
                IsEmpty())
        << lower;
}

TEST(Unreachable, IsWhatEqualsAnotherInConditionsOfEachKind) {
  for (const char* condition :
       {"sni: h.example", "client_ip: [10.0.0.0/8, 192.0.2.7]", "client_ip: {not_in: 10.0.0.0/8}",
        "scheme: http", "client_certificate: {uri: 'spiffe://a/*', dns: b, email: c, cn: d}",
        "query: {q: {not: [a, b]}}", "header: {X-T: {regex: 'v[0-9]+'}}",
        "header: {X-T: {not_regex: 'v[0-9]+'}}", "cookie: {c: present}"}) {
    const std::string match = "match: {path: /a, " + std::string(condition) + "}";
    auto both = [&](const std::string& other) {
      return said(kPlain, "  - {name: a, " + other + ", respond: 200}\n  - {name: b, " + match +
                              ", priority: 1, respond: 200}\n");
    };
    EXPECT_THAT(both(match),
                HasSubstr("gateway.yaml:3:22: warning: no request reaches this match: that of the "
                          "route b is the same"))
        << condition;
    EXPECT_THAT(both("match: {path: /a}"), IsEmpty()) << condition;
  }
}

TEST(Unreachable, IsNoSecondMatchOfTheSameRoute) {
  EXPECT_THAT(said(kPlain, "  - {name: a, match: [{path: /a}, {path: /a}], respond: 200}\n"), IsEmpty());
}

TEST(Unreachable, IsWhatOnlyListenersThatRedirectAccept) {
  const std::string listeners = "listeners: {web: {bind: ':0', redirect: https}, open: ':0'}";
  auto route = [](const std::string& match) {
    return "  - {name: a, match: {" + match + "}, respond: 200}\n";
  };

  EXPECT_THAT(
      said(listeners, route("listener: web")),
      HasSubstr("gateway.yaml:3:22: warning: no request reaches this match: every listener that it names "
                "sends all to https\n"));
  EXPECT_THAT(said(listeners, route("listener: [web, open]")), IsEmpty());
  EXPECT_THAT(said(listeners, route("path: /.well-known/acme-challenge/**, listener: web")), IsEmpty());
  EXPECT_THAT(said(listeners, route("path: {regex: '/[.]well-known/acme-challenge/.*'}, listener: web")),
              HasSubstr("sends all to https\n"))
      << "an expression does not say where it begins";
  EXPECT_THAT(said(listeners, route("path: /a")), IsEmpty());
}

TEST(Unreachable, IsWhatNoListenerHasTheSchemeOf) {
  const std::string https = "  - {name: a, match: {path: /a, scheme: https}, respond: 200}\n";

  EXPECT_THAT(
      said(kPlain, https),
      HasSubstr("gateway.yaml:3:22: warning: no request reaches this match: every listener is one without "
                "TLS\n"));
  EXPECT_THAT(said("listeners: {web: {bind: ':0', trusted_proxies: 10.0.0.0/8}}", https), IsEmpty());
  EXPECT_THAT(said("listeners: {web: {bind: ':0', proxy_protocol: 10.0.0.0/8}}", https), IsEmpty());
  EXPECT_THAT(said("listeners: {web: {bind: ':0', tls: {certs: [{cert: c, key: k}]}}}", https), IsEmpty());
  EXPECT_THAT(said("listeners: {web: {bind: ':0', tls: {certs: [{cert: c, key: k}]}}}",
                   "  - {name: a, match: {path: /a, scheme: http}, respond: 200}\n"),
              HasSubstr("every listener is one with TLS\n"));
}

}  // namespace
}  // namespace sluice::server::unreachable_test

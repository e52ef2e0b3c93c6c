// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/condition_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"
#include "gateway/routing/match_config.h"

#include "tests/unit/routing/request.h"

namespace sluice::routing::condition_config_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Bound {
  explicit Bound(const std::string& yaml) {
    auto document = config::parse(yaml, diagnostics);
    config::Names names;
    names.define("listener", "internal");
    names.define("listener", "public");
    match = config::bind<MatchConfig>(document, diagnostics, names);
    problems = diagnostics.text();
  }
  config::Diagnostics diagnostics;
  MatchConfig match;
  std::string problems;
};

std::vector<std::string> conditions(const std::string& yaml) {
  Bound bound(yaml);
  EXPECT_THAT(bound.problems, IsEmpty()) << yaml;
  std::vector<std::string> out;
  for (const auto& c : bound.match.match().conditions) out.push_back(c->text());
  return out;
}
std::string complaint(const std::string& yaml) { return Bound(yaml).problems; }

TEST(ConditionsConfig, TakesValuesInAllForms) {
  EXPECT_THAT(
      conditions("header: {X-A: acme, X-B: [a, b], X-C: present, X-D: absent, X-E: {regex: 'v[0-9]'}}"),
      ElementsAre("header X-A: acme", "header X-B: one of a, b", "header X-C: present", "header X-D: absent",
                  "header X-E: ~ v[0-9]"));
  EXPECT_THAT(
      conditions("query: {a: {not: [b, c]}, d: {not_regex: e+}, f: {present: false}, g: {exact: present}}"),
      ElementsAre("query a: not one of b, c", "query d: not ~ e+", "query f: absent", "query g: present"));
  EXPECT_THAT(conditions("{cookie: {side: b}, query: {v: 2}, header: {X: 'y'}}"),
              ElementsAre("header X: y", "cookie side: b", "query v: 2"));
}

TEST(ConditionsConfig, TellsTheTextPresentFromTheWord) {
  auto exact = Bound("query: {g: {exact: present}}").match.match().conditions.front();

  EXPECT_TRUE(exact->fits(Request("/").query("g=present").head()));
  EXPECT_FALSE(exact->fits(Request("/").query("g=other").head()));
}

TEST(ConditionsConfig, TakesWhatIsKnownOfTheConnection) {
  EXPECT_THAT(
      conditions("{client_ip: [10.0.0.0/8, 192.0.2.7], listener: internal, scheme: https, sni: '*.a.com'}"),
      ElementsAre("client_ip in one of 10.0.0.0/8, 192.0.2.7", "listener internal", "scheme https",
                  "sni *.a.com"));
  EXPECT_THAT(
      conditions("{client_ip: {in: 10.0.0.0/8, not_in: 10.1.0.0/16}, client_certificate: {dns: A.b, cn: X}}"),
      ElementsAre("client_ip in 10.0.0.0/8 not in 10.1.0.0/16", "client_certificate one of dns a.b, cn X"));
}

TEST(ConditionsConfig, AreEqualByWhatIsWritten) {
  EXPECT_EQ(Bound("header: {A: b}").match, Bound("{header: {A: [b]}}").match);
  EXPECT_FALSE(Bound("header: {A: b}").match == Bound("header: {A: c}").match);
  EXPECT_FALSE(Bound("header: {A: {regex: b}}").match == Bound("header: {A: {regex: c}}").match);
}

TEST(ConditionsConfig, RefuseWhatIsNoValue) {
  EXPECT_THAT(complaint("header: {A: {}}"),
              HasSubstr("one of exact, regex, not, not_regex, present is missing"));
  EXPECT_THAT(complaint("header: {A: {exact: b, not: c}}"), HasSubstr("exact, not stand together"));
  EXPECT_THAT(complaint("header: {A: []}"), HasSubstr("must not be empty"));
  EXPECT_THAT(complaint("header: {A: {regex: 'a(b'}}"), HasSubstr("no RE2 expression: missing )"));
  EXPECT_THAT(complaint("header: {A: {regexp: a}}"), HasSubstr("did you mean \"regex\""));
  EXPECT_THAT(complaint("client_ip: {}"), HasSubstr("at least one of in, not_in is missing"));
  EXPECT_THAT(complaint("client_ip: 10.0.0.0/33"), HasSubstr(":1:12: error"));
  EXPECT_THAT(complaint("client_certificate: {}"), HasSubstr("is missing"));
  EXPECT_THAT(complaint("listener: publik"), HasSubstr("did you mean \"public\""));
  EXPECT_THAT(complaint("scheme: htps"), HasSubstr("https"));
}

TEST(ConditionsConfig, RefuseHeadersThatNoRouteSees) {
  EXPECT_THAT(complaint("header: {Host: a.com}"), HasSubstr("use `host`"));
  EXPECT_THAT(complaint("header: {cookie: a=b}"), HasSubstr("use `cookie`"));
  EXPECT_THAT(complaint("header: {X-Forwarded-For: 10.0.0.1}"), HasSubstr("use `client_ip`"));
  EXPECT_THAT(complaint("header: {Client-Cert: present}"), HasSubstr("use `client_certificate`"));
  EXPECT_THAT(complaint("header: {TE: trailers}"), HasSubstr("is removed from every request"));
  EXPECT_THAT(complaint("header: {'a b': c}"), HasSubstr("is no name of a header"));
  EXPECT_THAT(complaint("cookie: {'a b': c}"), HasSubstr("is no name of a cookie"));
  EXPECT_THAT(complaint("header: {X-A: b, x-a: c}"), HasSubstr("`X-A` and `x-a` are one header"));
  EXPECT_THAT(conditions("header: {X-Forwarded-Prefix: /a}"), ElementsAre("header X-Forwarded-Prefix: /a"))
      << "as a proxy that is believed says it";
  EXPECT_THAT(conditions("header: {Upgrade: websocket}"), ElementsAre("header Upgrade: websocket"));
}

}  // namespace
}  // namespace sluice::routing::condition_config_test

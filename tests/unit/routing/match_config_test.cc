// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/match_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

#include "tests/unit/routing/request.h"

namespace sluice::routing::match_config_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// What is bound from a whole document, and what is said about it.
struct Bound {
  explicit Bound(const std::string& yaml) {
    auto document = config::parse(yaml, diagnostics);
    config::Names names;
    match = config::bind<MatchConfig>(document, diagnostics, names);
  }
  config::Diagnostics diagnostics;
  MatchConfig match;
};

MatchConfig bound(const std::string& yaml) {
  Bound b(yaml);
  EXPECT_THAT(b.diagnostics.text(), IsEmpty()) << yaml;
  return b.match;
}
std::string complaint(const std::string& yaml) { return Bound(yaml).diagnostics.text(); }

TEST(MatchConfig, TakesOneOrSeveralOfEach) {
  Match one = bound("{host: api.example.com, path: /a/**, method: GET}").match();
  EXPECT_THAT(one.hosts, SizeIs(1));
  EXPECT_THAT(one.paths, SizeIs(1));
  EXPECT_EQ(one.methods, std::vector<std::string>{"GET"});

  Match two = bound("{host: [a.com, '*.a.com'], path: [/a, '/b/{id}'], method: [GET, POST]}").match();
  EXPECT_THAT(two.hosts, SizeIs(2));
  EXPECT_THAT(two.paths, SizeIs(2));
  EXPECT_EQ(two.methods, (std::vector<std::string>{"GET", "POST"}));
}

TEST(MatchConfig, MatchesEverythingWhenEmpty) {
  Match all = bound("{}").match();

  EXPECT_THAT(all.hosts, IsEmpty());
  EXPECT_THAT(all.paths, IsEmpty());
  EXPECT_THAT(all.methods, IsEmpty());
}

TEST(MatchConfig, TakesExpressionsInBothForms) {
  Match m = bound("{path: ['~ /a/[0-9]+', {regex: '^/b/[0-9]+$'}, {pattern: /c}]}").match();

  ASSERT_THAT(m.paths, SizeIs(3));
  EXPECT_TRUE(m.paths[0].regex);
  EXPECT_TRUE(m.paths[1].regex);
  EXPECT_EQ(m.paths[1].text, "~ ^/b/[0-9]+$");
  EXPECT_FALSE(m.paths[2].regex);
}

TEST(MatchConfig, TakesAnExpressionAlone) {
  Match m = bound("{path: {regex: /a.*}}").match();

  ASSERT_THAT(m.paths, SizeIs(1));
  EXPECT_TRUE(m.paths[0].regex);
}

TEST(MatchConfig, IsEqualByWhatIsWritten) {
  EXPECT_EQ(bound("{path: {regex: /a.*}}"), bound("path: {regex: \"/a.*\"}"));
  EXPECT_FALSE(bound("{path: /a}") == bound("{path: /b}"));
  EXPECT_FALSE(bound("{host: a.com}") == bound("{host: b.com}"));
}

TEST(MatchConfig, ShowsAFaultAtItsCharacter) {
  EXPECT_THAT(complaint("path: /a/*"), HasSubstr(":1:10: error: expected a path pattern"));
  EXPECT_THAT(complaint("path: '/a/*'"), HasSubstr(":1:11: error"));
  EXPECT_THAT(complaint("{path: [/b, \"/a/**/c\"]}"), HasSubstr(":1:17: error"));
  EXPECT_THAT(complaint("path: {regex: /a(b}"), HasSubstr(":1:17: error"));
  EXPECT_THAT(complaint("path: ~ /a(b"), HasSubstr(":1:11: error"));
  EXPECT_THAT(complaint("host: api.example.com:80"), HasSubstr(":1:22: error"));
}

TEST(MatchConfig, ShowsAFaultAtTheStartOfATextWithEscapes) {
  EXPECT_THAT(complaint("path: {regex: \"/a\\\\d(b\"}"), HasSubstr(":1:15: error"));
}

TEST(MatchConfig, ProposesTheMethodInCapitals) {
  EXPECT_THAT(complaint("method: get"), HasSubstr("did you mean \"GET\""));
  EXPECT_THAT(complaint("method: [GET, Post]"), HasSubstr(":1:15: error"));
  EXPECT_THAT(complaint("method: propfind"), HasSubstr("did you mean \"PROPFIND\""));
}

TEST(MatchConfig, RefusesAMethodThatReachesNoRoute) {
  EXPECT_THAT(complaint("method: [GET, CONNECT]"), HasSubstr(":1:15: error"));
  EXPECT_THAT(complaint("method: CONNECT"), HasSubstr("a CONNECT reaches no route"));
}

TEST(MatchConfig, WarnsOfAMethodThatIsPerhapsASlip) {
  Bound b("method: [GET, PSOT]");

  EXPECT_FALSE(b.diagnostics.has_errors());
  EXPECT_THAT(b.diagnostics.text(), HasSubstr(":1:15: warning: PSOT is no method"));
  EXPECT_THAT(b.diagnostics.text(), HasSubstr("did you mean \"POST\""));
}

TEST(MatchConfig, TakesExtensionMethods) {
  EXPECT_THAT(bound("method: [PURGE, PROPFIND, LOCK, BREW, M-SEARCH]").match().methods, SizeIs(5));
}

TEST(MatchConfig, RefusesWhatIsNoMethod) {
  EXPECT_THAT(complaint("method: '*'"), HasSubstr("leave `method` out"));
  EXPECT_THAT(complaint("method: any"), HasSubstr("leave `method` out"));
  EXPECT_THAT(complaint("method: GET POST"), HasSubstr(":1:12: error"));
  EXPECT_THAT(complaint("method: 'GET,POST'"), HasSubstr("several are a list"));
  EXPECT_THAT(complaint("method: ''"), HasSubstr("a method such as GET"));
}

TEST(MatchConfig, RefusesEmptyListsAndDoubles) {
  EXPECT_THAT(complaint("host: []"), HasSubstr("must not be empty"));
  EXPECT_THAT(complaint("path: []"), HasSubstr("must not be empty"));
  EXPECT_THAT(complaint("method: []"), HasSubstr("must not be empty"));
  EXPECT_THAT(complaint("method: [GET, GET]"), HasSubstr("twice"));
  EXPECT_THAT(complaint("host: [a.com, a.com]"), HasSubstr("twice"));
}

TEST(MatchConfig, RefusesAPathThatIsBothOrNeither) {
  EXPECT_THAT(complaint("path: {}"), HasSubstr("pattern"));
  EXPECT_THAT(complaint("path: {pattern: /a, regex: /a}"), HasSubstr("regex"));
}

TEST(MatchConfig, ProposesTheKeyThatWasMeant) {
  EXPECT_THAT(complaint("{hosts: a.com}"), HasSubstr("host"));
  EXPECT_THAT(complaint("{methods: GET}"), HasSubstr("method"));
}

}  // namespace
}  // namespace sluice::routing::match_config_test

// SPDX-License-Identifier: Apache-2.0
// Origins and overlays: where an effective value was written, and how one struct goes on top of another.
#include "gateway/config/walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_environment.h"
#include "tests/unit/config/sample.h"

namespace sluice::config::walk_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class OriginTest : public testing::Test {
 protected:
  // "line:column", "default", with "secret" behind it.
  std::string where(const std::string& path) {
    Origin from = origin<sample::Root>(document_, path);
    std::string out =
        from ? std::to_string(from.place.line) + ':' + std::to_string(from.place.column) : "default";
    return out + (from.secret ? " secret" : "");
  }
  test::FakeEnvironment environment_ = [] {
    test::FakeEnvironment e;
    e.variables["X"] = "10.0.0.1:80";
    return e;
  }();
  Diagnostics diagnostics_;
  Document document_ = parse(
      "version: 1\n"
      "upstreams:\n"
      "  a: {targets: b:1, health: /h, password: p, pin: 1}\n"
      "  b: {targets: [\"${env:X}\"], timeouts: {connect: 1s}}\n"
      "policies: {p: {jwt: {issuer: i}}}\n"
      "routes:\n"
      "  - {name: r, use: [p, {rate_limit: {limit: 1/s}}], to: a, retry: safe, json: {k: v}}\n",
      diagnostics_, "g.yaml", environment_);
};

TEST_F(OriginTest, IsThePlaceOfWhatWasWritten) {
  EXPECT_EQ(where("version"), "1:10");
  EXPECT_EQ(where("upstreams.b.timeouts.connect"), "4:50");
  EXPECT_EQ(where("policies.p.jwt.issuer"), "5:30");
  EXPECT_EQ(where("routes[0].use[1].rate_limit.limit"), "7:45");
  EXPECT_EQ(where("routes[0]"), "7:5");
  EXPECT_EQ(where(""), "1:1");
}

TEST_F(OriginTest, IsNowhereForADefault) {
  EXPECT_EQ(where("debug"), "default");
  EXPECT_EQ(where("defaults.connect"), "default");
  EXPECT_EQ(where("upstreams.b.timeouts.total"), "default");
  EXPECT_EQ(where("upstreams.b.health.interval"), "default");
  EXPECT_EQ(where("policies.p.jwt.strict"), "default");
}

TEST_F(OriginTest, IsTheShorthandForWhatItSays) {
  EXPECT_EQ(where("upstreams.a.health.path"), "3:29");
  EXPECT_EQ(where("upstreams.a.health.interval"), "default");
  EXPECT_EQ(where("upstreams.a.targets[0]"), "3:16");
  EXPECT_EQ(where("routes[0].use[0].policy"), "7:21");
  EXPECT_EQ(where("routes[0].retry.attempts"), "7:67");
}

TEST_F(OriginTest, SaysWhatIsSecret) {
  EXPECT_EQ(where("upstreams.a.password"), "3:43 secret");
  EXPECT_EQ(where("upstreams.a.pin"), "3:51 secret");
  EXPECT_EQ(where("upstreams.b.targets[0]"), "4:17 secret");
}

TEST_F(OriginTest, IsNowhereForPathsThatMakeNoSense) {
  for (auto path : {"nope", "version.more", "routes[7].name", "routes.name", "upstreams.zzz", "upstreams[0]",
                    "routes[0].json.k.x", "policies.p.cors.x", "routes[0"})
    EXPECT_EQ(where(path), "default") << path;
}

TEST_F(OriginTest, LetsOneStructGoOnTopOfAnother) {
  sample::Timeouts timeouts{.connect = 9s, .total = 30s};

  overlay(document_, "upstreams.b.timeouts", timeouts);
  EXPECT_EQ(timeouts, (sample::Timeouts{.connect = 1s, .total = 30s}));

  overlay(document_, "routes[0].timeouts", timeouts);
  EXPECT_EQ(timeouts, (sample::Timeouts{.connect = 1s, .total = 30s}));
}

TEST(Walk, VisitsEveryStructOnceInTheOrderOfUse) {
  std::vector<std::string> names;
  for (const StructShape* shape : structs_of(shape_of<sample::Root>())) names.push_back(shape->name);

  EXPECT_THAT(names, ElementsAre("gateway", "upstream", "health", "timeouts", "policy", "jwt", "rate_limit",
                                 "route", "use", "retry"));
}

TEST(Walk, PutsRulesIntoSentences) {
  Rules rules;
  rules.at_least = "1ms";
  EXPECT_EQ(rules_text(rules), "At least 1ms.");
  rules.at_most = "1m";
  rules.min_items = 2;
  rules.max_items = 5;
  rules.unique = true;
  rules.pattern_means = "digits";
  rules.reference = "upstream";
  rules.key_reference = "route";
  rules.secret = true;
  rules.each = std::make_shared<Rules>();
  rules.each->min_items = 1;
  EXPECT_EQ(rules_text(rules),
            "1ms to 1m. At least 2 of them. At most 5 of them. Each only once. Only digits. The name of an "
            "upstream. "
            "Each key is the name of a route. Each: Not empty. Secret: never shown.");
}

}  // namespace
}  // namespace sluice::config::walk_test

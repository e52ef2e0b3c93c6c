// SPDX-License-Identifier: Apache-2.0
// gateway/compose/whole.cc
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/compose/plans.h"

namespace sluice::compose::whole_test {
namespace {

using testing::HasSubstr;

TEST(ComposeWhole, RefusesWhatDoesNothingInATemplate) {
  for (auto setting : {"only: x", "drop: x", "rename: {x: y}", "move: {x: y}", "append: {x: y}", "as: x",
                       "zip: b", "on_conflict: deep", "join: {on: x, with: b.y}"})
    EXPECT_THAT(
        made("{json: {}, calls: {a: {get: 'u:/', " + std::string(setting) + "}, b: {get: 'u:/'}}}").problems,
        HasSubstr("has no effect with `json`"))
        << setting;
  EXPECT_EQ(
      made(R"({json: {}, data: {always: {x: 1}}, errors: e, drop: y, calls: {a: {get: "u:/", hide: true}}})")
          .problems,
      "");
  EXPECT_THAT(made(R"({json: ["${a}"], errors: e, calls: {a: {get: "u:/"}}})").problems,
              HasSubstr("errors: has no place in a template that is no object"));
  EXPECT_THAT(made(R"({json: "${a}", data: {always: {}}, calls: {a: {get: "u:/"}}})").problems,
              HasSubstr("data: has no place in a template that is no object"));
}

TEST(ComposeWhole, RefusesWhatDoesNothingToARawAnswer) {
  for (auto setting :
       {"data: {always: {}}", "errors: e", "only: x", "drop: x", "append: {x: y}", "on_conflict: deep"})
    EXPECT_THAT(made("{raw: a, " + std::string(setting) + ", calls: {a: {get: 'u:/'}}}").problems,
                HasSubstr("has no effect with `raw`"))
        << setting;
  EXPECT_THAT(made(R"({raw: a, calls: {a: {get: "u:/", fallback: 1}}})").problems,
              HasSubstr("calls.a.fallback: the answer is passed through as it is"));
  EXPECT_THAT(made(R"({raw: a, calls: {a: {get: "u:/", as: x}}})").problems,
              HasSubstr("calls.a.as: has no effect"));
}

TEST(ComposeWhole, RefusesWhatIsAboutReadingARawAnswerThatNobodyReads) {
  for (std::string setting : {"pick: x", "expect: object", "format: xml, xml_lists: x"}) {
    EXPECT_THAT(made("{raw: a, calls: {a: {get: 'u:/', " + setting + "}}}").problems,
                HasSubstr("has no effect: the answer is passed through untouched, and no call refers to it"))
        << setting;
    EXPECT_EQ(made("{raw: a, calls: {a: {get: 'u:/', " + setting +
                   "}, b: {post: 'u:/', json: {a: '${a}'}, hide: true}}}")
                  .problems,
              "")
        << setting;
  }
  // It says what is asked for.
  EXPECT_EQ(made(R"({raw: a, calls: {a: {get: "u:/", format: xml}}})").problems, "");
}

TEST(ComposeWhole, RefusesWhatIsAddedToAList) {
  EXPECT_THAT(made(R"({errors: e, calls: {a: {get: "u:/", expect: array}}})").problems,
              HasSubstr("errors: has no place beside `a`, which is a list; write `as` for `a`"));
  EXPECT_THAT(made(R"({data: {always: {}}, calls: {a: {get: "u:/", pick: "x[].y"}}})").problems,
              HasSubstr("data: has no place beside `a`"));
  EXPECT_THAT(made(R"({data: {always: 1}, calls: {a: {get: "u:/"}}})").problems,
              HasSubstr("data.always: must be an object"));
  EXPECT_THAT(made(R"({errors: e, calls: {a: {get: "u:/"}}})").problems,
              HasSubstr("warning: errors: has no place if"));
  EXPECT_EQ(made(R"({errors: e, calls: {a: {get: "u:/", expect: object}}})").problems, "");
  EXPECT_EQ(made(R"({errors: e, calls: {a: {get: "u:/"}, b: {get: "u:/", as: b}}})").problems, "");
  EXPECT_EQ(made(R"({data: {always: [1]}, calls: {a: {get: "u:/", expect: array}}})").problems, "");
}

TEST(ComposeWhole, RefusesATextAmongMembers) {
  constexpr const char* kWhy = "calls.a.format: a text has no place beside other values; write `as` for `a`";
  EXPECT_THAT(problems(R"(a: {get: "u:/", format: text}, b: {get: "u:/", as: b})"), HasSubstr(kWhy));
  EXPECT_THAT(made(R"({data: {always: {x: 1}}, calls: {a: {get: "u:/", format: text}}})").problems,
              HasSubstr(kWhy));
  EXPECT_EQ(problems(R"(a: {get: "u:/", format: text}, b: {get: "u:/", hide: true})"), "");
  EXPECT_EQ(problems(R"(a: {get: "u:/", format: text, as: a}, b: {get: "u:/", as: b})"), "");
  EXPECT_EQ(made(R"({json: ["${a}"], calls: {a: {get: "u:/", format: text}, b: {get: "u:/"}}})").problems,
            "");
}

TEST(ComposeWhole, RefusesWhatAStreamCannotSay) {
  EXPECT_THAT(made(R"({stream: true, json: {}, calls: {a: {get: "u:/"}}})").problems,
              HasSubstr("json: makes no sense"));
  EXPECT_THAT(made(R"({stream: true, data: {always: {x: 1}}, calls: {a: {get: "u:/"}}})").problems,
              HasSubstr("data: makes no sense"));
  EXPECT_THAT(made(R"({stream: true, calls: {a: {get: "u:/", response_headers: ETag}}})").problems,
              HasSubstr("the head waits for required calls alone"));
  EXPECT_THAT(made(R"({stream: true, errors: e, calls: {a: {get: "u:/"}}})").problems,
              HasSubstr("errors: makes no sense with `stream`: the last line tells of them"));
  EXPECT_THAT(made(R"({stream: true, on_conflict: last, calls: {a: {get: "u:/"}}})").problems,
              HasSubstr("on_conflict: makes no sense"));
  EXPECT_THAT(made(R"({stream: true, calls: {a: {get: "u:/", as: x}}})").problems,
              HasSubstr("calls.a.as: makes no sense with `stream`"));
  EXPECT_THAT(made(R"({stream: true, calls: {a: {get: "u:/", on_conflict: deep}}})").problems,
              HasSubstr("calls.a.on_conflict: makes no sense with `stream`"));
  EXPECT_THAT(made(R"({error_bodies: true, calls: {a: {get: "u:/"}}})").problems,
              HasSubstr("there is no `errors`"));
  EXPECT_EQ(made(R"({stream: true, calls: {a: {get: "u:/"}, b: {get: "u:/"}}})").problems, "");
}

TEST(ComposeWhole, KnowsWhetherTheAnswerDependsOnWhoCalls) {
  auto personal = [](std::string_view yaml) { return made(yaml).plan->personal; };
  EXPECT_FALSE(personal(
      R"yaml({json: {a: "${a}", id: "${path.id}"}, calls: {a: {get: "u:/?x=${query.x}", when: "has(query.x)"}}})yaml"));
  EXPECT_TRUE(personal(R"({json: {a: "${claim.name}"}, calls: {a: {get: "u:/"}}})"));
  EXPECT_TRUE(personal(R"({calls: {a: {get: "u:/", when: "consumer.id == 'x'"}}})"));
  EXPECT_TRUE(personal(R"({calls: {a: {post: "u:/", forward: {body: true}}}})"));
}

// The time for all calls, on a route with that limit.
base::Duration limit(std::string_view yaml, std::optional<config::Duration> route) {
  config::Diagnostics diagnostics;
  auto document = config::parse(std::string(yaml), diagnostics);
  auto config = config::bind<ComposeConfig>(document, diagnostics);
  EXPECT_EQ(diagnostics.text(), "");
  test::FakeBuilder builder;
  builder.limits.total = route;
  return Plan(config, builder).timeout;
}

TEST(ComposeWhole, TakesItsTimeFromTheRouteIfItSaysNone) {
  using std::chrono::seconds;
  constexpr const char* kCalls = "calls: {a: {get: 'u:/', timeout: 5s}, b: {get: 'u:/', timeout: 3s, as: b}}";
  EXPECT_EQ(limit(kCalls, seconds(2)), seconds(2));
  EXPECT_EQ(limit(std::string("timeout: 1s\n") + kCalls, seconds(2)), seconds(1));
  EXPECT_EQ(limit(kCalls, std::nullopt), seconds(5)) << "the longest of a call";
  EXPECT_EQ(limit("calls: {a: {get: 'u:/', timeout: 5s}, b: {get: 'u:/', as: b}}", std::nullopt),
            base::Duration());
}

TEST(ComposeWhole, WarnsOfCallsWhoseMembersMayCollide) {
  EXPECT_THAT(problems(R"(a: {get: "u:/"}, b: {get: "u:/"})"),
              HasSubstr("warning: calls.b: `a` and `b` have no `as`"));
  EXPECT_EQ(problems(R"(a: {get: "u:/"}, b: {get: "u:/", hide: true})"), "");
  // Not where it is written which one stays, were it the one that stays anyway.
  EXPECT_EQ(problems(R"(a: {get: "u:/"}, b: {get: "u:/", on_conflict: first})"), "");
  EXPECT_EQ(problems(R"(a: {get: "u:/"}, b: {get: "u:/", on_conflict: last})"), "");
  EXPECT_EQ(made(R"({on_conflict: last, calls: {a: {get: "u:/"}, b: {get: "u:/"}}})").problems, "");
  // That of the call that comes counts.
  EXPECT_THAT(problems(R"(a: {get: "u:/", on_conflict: first}, b: {get: "u:/"})"),
              HasSubstr("warning: calls.b: `a` and `b` have no `as`"));
  EXPECT_THAT(problems(R"(a: {get: "u:/"}, b: {get: "u:/", on_conflict: deep}, c: {get: "u:/"})"),
              HasSubstr("warning: calls.c: `a` and `c` have no `as`"));
}

}  // namespace
}  // namespace sluice::compose::whole_test
